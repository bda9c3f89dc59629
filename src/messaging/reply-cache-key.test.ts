import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minute, question } from './reply-cache.fixture.ts';
import { replyKey, type ReplyQuestion } from './reply-cache-key.ts';

const shared = { ...minute, shared: true };
const ask = question();

describe('a question', () => {
  test.each<[string, Partial<ReplyQuestion>]>([
    ['target', { target: { by: 'system', systemId: 'ledger' } }],
    ['message type', { type: 'balance' }],
    ['kind', { kind: 'REQUEST' }],
    ['content type', { contentType: 'text/plain' }],
    ['payload', { data: new Uint8Array() }],
    ['user, by authorization', { headers: { authorization: 'Bearer b' } }],
    ['user, by cookie', { headers: { cookie: 'user=b' } }],
  ])('is another with another %s, even where callers share replies', (_, parts) => {
    expect(replyKey({ ...ask, ...parts }, shared)).not.toBe(replyKey(ask, shared));
  });

  test.each<[string, Partial<ReplyQuestion>]>([
    ['sender', { sender: 'bob' }],
    ['source', { source: 'till' }],
    ['sender and source between them', { sender: 'alic', source: 'eshop' }],
  ])('is another of another %s, unless callers share replies', (_, parts) => {
    expect(replyKey({ ...ask, ...parts }, minute)).not.toBe(replyKey(ask, minute));
    expect(replyKey({ ...ask, ...parts }, shared)).toBe(replyKey(ask, shared));
  });

  test('is the same whatever else is in its headers, but for those that the policy names', () => {
    const german = { ...ask, headers: { 'accept-language': 'de', 'x-request': '1' } };
    expect(replyKey(german, minute)).toBe(replyKey(ask, minute));
    const vary = { ...minute, vary: ['accept-language'] };
    expect(replyKey(german, vary)).not.toBe(replyKey(ask, vary));
    expect(replyKey({ ...german, headers: { 'accept-language': 'de' } }, vary)).toBe(replyKey(german, vary));
    const empty = { ...ask, headers: { 'accept-language': '' } };
    expect(replyKey(empty, vary)).not.toBe(replyKey(ask, vary));
  });

  test('names the same headers in any order', () => {
    const asked = { ...ask, headers: { a: '1', b: '2' } };
    expect(replyKey(asked, { ...minute, vary: ['a', 'b'] })).toBe(
      replyKey(asked, { ...minute, vary: ['b', 'a', 'b'] }),
    );
  });

  test('has the key of another exactly when all that counts is equal', () => {
    const text = fc.constantFrom('', 'a', 'b', 'ab', '"', '",["', '\n', 'a\n');
    const parts = fc.record({
      type: text,
      contentType: text,
      sender: text,
      source: text,
      text,
      header: fc.option(text),
    });
    const build = ({ header, ...rest }: { header: string | null; text: string }): ReplyQuestion =>
      question({ ...rest, headers: header === null ? {} : { tenant: header } });
    const config = { ...minute, vary: ['tenant'] };
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(replyKey(build(one), config) === replyKey(build(other), config)).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });
});
