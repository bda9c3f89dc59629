import { expect, test } from 'vitest';
import { cutPage, pageBytesMax, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';

test.each([
  [0, 100],
  [-1, 100],
  [1, 1],
  [1000, 1000],
  [5000, 1000],
])('a wish for %i items a page gives %i', (wished, given) => {
  expect(pageSizeOf(wished)).toBe(given);
});

test('a token leads to the item after which it was made, within its own request only', () => {
  const scope = pageScope('ListSystems', { types: ['a'] });
  const token = pageTokenTo(scope, 'ledger-1');
  expect(pageTokenFrom(scope, token)).toBe('ledger-1');
  expect(pageTokenFrom(scope, '')).toBeUndefined();
  for (const other of [
    pageScope('ListSystems', { types: ['b'] }),
    pageScope('ListHealth', { types: ['a'] }),
  ]) {
    expect(() => pageTokenFrom(other, token)).toThrow(/not one of this request/);
  }
});

test.each([
  'x',
  'eyJhIjoxfQ',
  Buffer.from('["s"]').toString('base64url'),
  Buffer.from('[1,2]').toString('base64url'),
])('what is no token of ours (%s) is BAD_CURSOR', (token) => {
  expect(() => pageTokenFrom('s', token)).toThrow(expect.objectContaining({ reason: 'BAD_CURSOR' }) as Error);
});

test('a page ends at its size, or at 3 MiB, but holds at least one item', () => {
  const bytesOf = (bytes: number): number => bytes;
  expect(cutPage([1, 2, 3], { size: 2, bytesOf })).toEqual({ page: [1, 2], more: true });
  expect(cutPage([1, 2], { size: 2, bytesOf })).toEqual({ page: [1, 2], more: false });
  expect(cutPage([pageBytesMax, 1], { size: 9, bytesOf })).toEqual({ page: [pageBytesMax], more: true });
  expect(cutPage([pageBytesMax + 1, 1], { size: 9, bytesOf })).toEqual({
    page: [pageBytesMax + 1],
    more: true,
  });
  expect(cutPage([], { size: 9, bytesOf })).toEqual({ page: [], more: false });
});
