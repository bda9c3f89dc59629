import fc from 'fast-check';
import { expect, test } from 'vitest';
import { needs, systemFixture } from './system.fixture.ts';
import { SystemIndex } from './system-index.ts';
import type { System } from './system.ts';

const names = ['a', 'b', 'c'];
const system = fc
  .record({
    id: fc.constantFrom('s1', 's2', 's3', 's4'),
    type: fc.constantFrom(...names),
    capabilities: fc.uniqueArray(fc.constantFrom(...names)),
    needed: fc.uniqueArray(fc.constantFrom('system:s1', 'type:a', 'capability:b')),
  })
  .map(({ id, type, capabilities, needed }) =>
    systemFixture(id, { type, capabilities, dependencies: needs(...needed) }),
  );

test('answers as a search through all systems would, after any sets and deletes', () => {
  const step = fc.oneof(system, fc.constantFrom('s1', 's2', 's3', 's4'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const index = new SystemIndex();
      const model = new Map<string, System>();
      const idsOf = (systems: Iterable<System>): string[] => [...systems].map(({ id }) => id).sort();
      for (const each of steps) {
        if (typeof each === 'string') {
          index.delete(each);
          model.delete(each);
        } else {
          index.set(each);
          model.set(each.id, each);
        }
        const all = [...model.values()];
        expect(index.size).toBe(all.length);
        for (const name of names) {
          expect(idsOf(index.byType(name))).toEqual(idsOf(all.filter(({ type }) => type === name)));
          expect(idsOf(index.byCapability(name))).toEqual(
            idsOf(all.filter(({ capabilities }) => capabilities.includes(name))),
          );
        }
        for (const found of index.byType('a')) expect(found).toBe(model.get(found.id));
        expect(idsOf(index.dependentsOn({ by: 'type', type: 'a' }))).toEqual(
          idsOf(all.filter(({ dependencies }) => dependencies.some(({ target }) => target.by === 'type'))),
        );
        expect(index.capabilityNames()).toEqual(
          [...new Set(all.flatMap(({ capabilities }) => capabilities))].sort(),
        );
      }
    }),
  );
});

test('keeps the endpoints of a system until its interfaces change', () => {
  const index = new SystemIndex();
  const first = systemFixture('a');
  index.set(first);
  const endpoints = index.endpoints('a');
  expect(endpoints).toHaveLength(1);
  index.set({ ...first, lease: { ttlMs: 1, expireTimeMs: 1, expired: false } });
  expect(index.endpoints('a')).toBe(endpoints);
  index.set({ ...first, interfaces: first.interfaces.map((each) => ({ ...each, uri: 'http://other' })) });
  expect(index.endpoints('a')[0]?.uri).toBe('http://other');
  index.delete('a');
  expect(index.endpoints('a')).toEqual([]);
});
