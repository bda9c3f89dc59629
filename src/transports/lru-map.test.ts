import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LruMap } from './lru-map.ts';

describe('a bounded map', () => {
  test('lets the entry go that was not read for the longest time', () => {
    const left: number[] = [];
    const map = new LruMap<number>(2, (value) => left.push(value));
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect(left).toEqual([2]);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  });

  test('tells of every value that leaves, once', () => {
    const left: number[] = [];
    const map = new LruMap<number>(2, (value) => left.push(value));
    map.set('a', 1);
    map.set('a', 2);
    map.delete('a');
    map.delete('a');
    map.set('b', 3);
    map.clear();
    expect(left).toEqual([1, 2, 3]);
    expect(map.size).toBe(0);
  });

  test('behaves as a list of its entries in the order of their use', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ act: fc.constant('get' as const), key }),
      fc.record({ act: fc.constant('set' as const), key }),
      fc.record({ act: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, capacity) => {
        const left: number[] = [];
        const map = new LruMap<number>(capacity, (value) => left.push(value));
        let model: [string, number][] = [];
        let modelLeft = 0;
        for (const [value, { act, key: of }] of steps.entries()) {
          const found = model.find(([name]) => name === of);
          const rest = model.filter(([name]) => name !== of);
          if (act === 'get') {
            expect(map.get(of)).toBe(found?.[1]);
            if (found !== undefined) model = [...rest, found];
          } else {
            if (found !== undefined) modelLeft += 1;
            model = rest;
            if (act === 'delete') {
              map.delete(of);
            } else {
              map.set(of, value);
              model.push([of, value]);
              if (model.length > capacity) {
                model.shift();
                modelLeft += 1;
              }
            }
          }
          expect(map.size).toBe(model.length);
          expect(left).toHaveLength(modelLeft);
        }
      }),
    );
  });
});
