import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueHeap } from './due-heap.ts';

test('always has the key that falls due first on top, whatever was set, moved and removed', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  const step = fc.oneof(
    fc.record({ key, dueMs: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ key, dueMs: fc.constant(undefined) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new DueHeap();
      const model = new Map<string, number>();
      for (const { key: name, dueMs } of steps) {
        if (dueMs === undefined) {
          heap.delete(name);
          model.delete(name);
        } else {
          heap.set(name, dueMs);
          model.set(name, dueMs);
        }
        expect(heap.size).toBe(model.size);
        expect(heap.peek()?.dueMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
      const drained: number[] = [];
      for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
        expect(model.get(top.key)).toBe(top.dueMs);
        drained.push(top.dueMs);
        heap.delete(top.key);
      }
      expect(drained).toEqual([...model.values()].sort((a, b) => a - b));
    }),
  );
});
