import { expect, test } from 'vitest';
import { answerMarginMs, earliest } from './deadline.ts';

test('the earliest of several deadlines counts, and none is no deadline', () => {
  expect(earliest(5, undefined, 3, Infinity)).toBe(3);
  expect(earliest(undefined)).toBe(Infinity);
});

test.each([
  [100, 20],
  [400, 20],
  [1000, 50],
  [10_000, 500],
  [60_000, 500],
])('of %i ms the hub keeps %i ms for its answer', (remainingMs, marginMs) => {
  expect(answerMarginMs(remainingMs)).toBe(marginMs);
});
