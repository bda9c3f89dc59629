import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('counts per key', () => {
  const turns = new Turns();
  expect([turns.take('a'), turns.take('b'), turns.take('a'), turns.peek('a'), turns.take('a')]).toEqual([
    0, 0, 1, 2, 2,
  ]);
});

test('counts all anew when there is one key more than it keeps', () => {
  const turns = new Turns(2);
  for (const key of ['a', 'b', 'a', 'c', 'c']) turns.take(key);
  expect(['a', 'b', 'c'].map((key) => turns.peek(key))).toEqual([0, 0, 2]);
});
