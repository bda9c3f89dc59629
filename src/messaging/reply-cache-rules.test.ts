import { describe, expect, test } from 'vitest';
import { minute, reply } from './reply-cache.fixture.ts';
import { replyUse } from './reply-cache-rules.ts';

const shared = { ...minute, shared: true };

describe('a reply that says nothing', () => {
  test('is good for as long as the policy says, and the last good one after that', () => {
    expect(replyUse(reply('x'), minute)).toEqual({ freshForMs: 60_000, mayBeStale: true });
  });
});

describe('Cache-Control', () => {
  test.each([
    ['no-store', minute, 0, false],
    ['No-Store', minute, 0, false],
    ['no-cache', minute, 0, false],
    ['max-age=600, no-store', minute, 0, false],
    ['private', minute, 60_000, true],
    ['private', shared, 0, false],
    ['max-age=10', minute, 10_000, true],
    ['max-age="10"', minute, 10_000, true],
    ['public, max-age = 10', minute, 10_000, true],
    ['max-age=10, max-age=20', minute, 10_000, true],
    ['max-age=0', minute, 0, true],
    ['max-age=soon', minute, 0, true],
    ['max-age', minute, 0, true],
    ['max-age=600', minute, 60_000, true],
    ['s-maxage=5, max-age=10', minute, 10_000, true],
    ['s-maxage=5, max-age=10', shared, 5000, true],
    ['must-revalidate, max-age=10', minute, 10_000, false],
    ['proxy-revalidate', minute, 60_000, true],
    ['proxy-revalidate', shared, 60_000, false],
    ['extension="no-store"', minute, 60_000, true],
  ])('%s', (control, config, freshForMs, mayBeStale) => {
    expect(replyUse(reply('x', { 'cache-control': control }), config)).toEqual({ freshForMs, mayBeStale });
  });

  test('counts the time that the reply was kept elsewhere', () => {
    const headers = { 'cache-control': 'max-age=10', age: '4' };
    expect(replyUse(reply('x', headers), minute).freshForMs).toBe(6000);
    expect(replyUse(reply('x', { ...headers, age: '11' }), minute).freshForMs).toBe(0);
  });
});

describe('a reply that differs from caller to caller', () => {
  test.each([
    ['*', [], false],
    ['accept-language', [], false],
    ['Accept-Language', ['accept-language'], true],
    ['accept-language, x-tenant', ['accept-language'], false],
    ['accept-encoding, Origin', [], true],
  ])('vary: %s, of which the policy names %j', (vary, named, kept) => {
    expect(replyUse(reply('x', { vary }), { ...minute, vary: named }).freshForMs > 0).toBe(kept);
  });

  test('is not shared when it sets a cookie', () => {
    expect(replyUse(reply('x', { 'set-cookie': 'a=b' }), shared).freshForMs).toBe(0);
    expect(replyUse(reply('x', { 'set-cookie': 'a=b' }), minute).freshForMs).toBe(60_000);
  });
});
