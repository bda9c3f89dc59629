import fc from 'fast-check';
import { needs, systemFixture } from './system.fixture.ts';
import { SystemIndex } from './system-index.ts';
import type { System } from './system.ts';

export function indexOf(...systems: readonly System[]): SystemIndex {
  const index = new SystemIndex();
  for (const system of systems) index.set(system);
  return index;
}

const names = ['a', 'b', 'c'];

/**
 * Up to ten systems s0…s9 that need each other by id, type and capability, some of them in vain; with `acyclic` a
 * system needs only ids below its own.
 */
export function systemsArbitrary(options: { readonly acyclic: boolean }): fc.Arbitrary<readonly System[]> {
  return fc.integer({ min: 1, max: 10 }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, at) => {
        const ids = Array.from({ length: options.acyclic ? at : count + 1 }, (_each, id) => `system:s${id}`);
        const others = options.acyclic
          ? ['type:none']
          : [...names.flatMap((name) => [`type:${name}`, `capability:${name}`]), 'type:none'];
        return fc
          .record({
            type: fc.constantFrom(...names),
            capabilities: fc.uniqueArray(fc.constantFrom(...names)),
            needed: fc.uniqueArray(fc.constantFrom(...ids, ...others), { maxLength: 4 }),
            optional: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
          })
          .map(({ type, capabilities, needed, optional }) =>
            systemFixture(`s${at}`, {
              type,
              capabilities,
              dependencies: needs(
                ...needed.map((text, each) => (optional[each] === true ? `${text}?` : text)),
              ),
            }),
          );
      }),
    ),
  );
}
