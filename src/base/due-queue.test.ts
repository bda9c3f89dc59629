import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DueQueue } from './due-queue.ts';

describe('a due queue', () => {
  test('hands out keys in order of their time, whatever was added, moved and deleted before', () => {
    const key = fc.constantFrom(...Array.from('abcdefghij'));
    const action = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, dueMs: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const queue = new DueQueue();
        const model = new Map<string, number>();
        for (const each of actions) {
          if (each.kind === 'set') {
            queue.set(each.key, each.dueMs);
            model.set(each.key, each.dueMs);
          } else {
            queue.delete(each.key);
            model.delete(each.key);
          }
          expect(queue.dueOf(each.key)).toBe(model.get(each.key));
        }
        const taken: [string, number][] = [];
        for (let first = queue.first; first !== undefined; first = queue.first) {
          taken.push([first.key, first.dueMs]);
          queue.delete(first.key);
        }
        expect(taken.map(([, dueMs]) => dueMs)).toEqual([...model.values()].sort((a, b) => a - b));
        expect(new Map(taken)).toEqual(model);
      }),
    );
  });
});
