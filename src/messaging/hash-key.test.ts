import { expect, test } from 'vitest';
import { hashKeyOf } from './hash-key.ts';

const message = {
  messageId: 'm-1',
  correlationId: 'order-7',
  source: 'shop',
  headers: { 'X-Tenant': 'acme', empty: '' },
};

test.each([
  ['correlation_id', 'order-7'],
  ['source', 'shop'],
  ['message_id', 'm-1'],
  ['header:x-tenant', 'acme'],
  ['header:X-Tenant', 'acme'],
  ['header:empty', undefined],
  ['header:other', undefined],
  ['header:toString', undefined],
])('%s is %s', (hashOn, key) => {
  expect(hashKeyOf(message, hashOn)).toBe(key);
});

test('a message without it has no key', () => {
  expect(hashKeyOf({ ...message, correlationId: '' }, 'correlation_id')).toBeUndefined();
});
