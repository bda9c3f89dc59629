import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EndpointKey, endpointKeyToString, EndpointMap } from './endpoint-map.ts';

const anyKey: fc.Arbitrary<EndpointKey> = fc.record({
  systemId: fc.constantFrom('a', 'b', 'c'),
  interface: fc.constantFrom('x', 'y'),
});

test('behaves as a map by system and interface', () => {
  const anyAction = fc.record({
    do: fc.constantFrom('set', 'delete'),
    key: anyKey,
  });
  fc.assert(
    fc.property(fc.array(anyAction), (actions) => {
      const map = new EndpointMap<number>();
      const model = new Map<string, number>();
      for (const [index, { do: what, key }] of actions.entries()) {
        const name = endpointKeyToString(key);
        if (what === 'set') {
          map.set(key, index);
          model.set(name, index);
        } else expect(map.delete(key)).toBe(model.delete(name));
        expect(map.get(key)).toBe(model.get(name));
        expect(map.size).toBe(model.size);
        expect([...map.values()].sort()).toEqual([...model.values()].sort());
      }
    }),
  );
});
