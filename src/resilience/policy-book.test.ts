import { expect, test } from 'vitest';
import { PolicyBook, type PutPolicy } from './policy-book.ts';
import { resolvePolicy } from './policy-match.ts';
import type { Policy } from './policy.ts';
import { policyOf } from './policy.fixture.ts';

const policy = (name: string, parts: Partial<Policy> = {}): Policy => policyOf(name, {}, parts);
const subject = {
  systemId: 'a',
  type: 't',
  capabilities: [],
  messageType: 'm',
  kind: 'REQUEST',
  source: '',
} as const;

test('both parts are in force, the configuration last, so that it wins a tie', () => {
  const book = new PolicyBook([policy('a', { timeoutMs: 1 })]);
  book.setCatalogs([{ catalog: 'c', policy: policy('z', { timeoutMs: 2, panic: false }) }]);
  expect(book.policies.map(({ name }) => name)).toEqual(['z', 'a']);
  expect(resolvePolicy(book.policies, subject).policy).toMatchObject({ timeoutMs: 1, panic: false });
  expect(book.list().map(({ policy: { name }, origin }) => `${name} ${origin}`)).toEqual([
    'a configuration',
    'z catalog:c',
  ]);
});

test("a name is the configuration's; the catalog's policy takes its place when the configuration gives it up", () => {
  const book = new PolicyBook([policy('a', { timeoutMs: 1 })]);
  book.setCatalogs([{ catalog: 'c', policy: policy('a', { timeoutMs: 2 }) }]);
  expect(book.require('a')).toMatchObject({ origin: 'configuration', policy: { timeoutMs: 1 } });
  expect(book.policies).toHaveLength(1);
  expect([book.configured.has('a'), book.configured.size]).toEqual([true, 1]);
  book.setConfiguration([]);
  expect(book.require('a')).toMatchObject({ origin: 'catalog:c', policy: { timeoutMs: 2 } });
  expect([book.configured.has('a'), book.configured.size]).toEqual([false, 0]);
  expect(() => book.require('b')).toThrow(expect.objectContaining({ reason: 'POLICY_NOT_FOUND' }) as Error);
});

test('tells breakers of a change of what concerns them, and of nothing else', () => {
  const book = new PolicyBook([]);
  let told = 0;
  const stop = book.onTargetsChange(() => (told += 1));
  book.setCatalogs([{ catalog: 'c', policy: policy('a', { timeoutMs: 2 }) }]);
  expect(told).toBe(0);
  book.setConfiguration([policy('b', { breaker: { consecutiveFailures: 2 } })]);
  expect([told, book.forTargets.map(({ name }) => name)]).toEqual([1, ['b']]);
  book.setConfiguration([policy('b', { breaker: { consecutiveFailures: 2 } })]);
  expect(told).toBe(1);
  book.setConfiguration([]);
  expect(told).toBe(2);
  stop();
  book.setConfiguration([policy('b', { breaker: { consecutiveFailures: 2 } })]);
  expect(told).toBe(2);
});

const put = (name: string, parts: Partial<Policy> = {}): PutPolicy => ({
  policy: policy(name, parts),
  etag: `etag of ${name}`,
  updateTimeMs: 7,
});

test('what was put comes last, the newest behind the others, and shows etag and time', () => {
  const book = new PolicyBook([policy('a', { timeoutMs: 1 })]);
  book.setCatalogs([{ catalog: 'c', policy: policy('b', { timeoutMs: 2 }) }]);
  book.setPuts([put('z', { timeoutMs: 3 }), put('y', { timeoutMs: 4 })]);
  expect(book.policies.map(({ name }) => name)).toEqual(['b', 'a', 'z', 'y']);
  expect(book.resolve(subject)).toMatchObject({ policy: { timeoutMs: 4 }, matched: ['y', 'z', 'a', 'b'] });
  expect(book.require('y')).toEqual({ ...put('y', { timeoutMs: 4 }), origin: 'put' });
  book.setPuts([]);
  expect(book.resolve(subject).policy.timeoutMs).toBe(1);
});

test('one that was put waits while configuration or a catalog has its name', () => {
  const book = new PolicyBook([]);
  book.setPuts([put('a', { timeoutMs: 3 })]);
  book.setCatalogs([{ catalog: 'c', policy: policy('a', { timeoutMs: 2 }) }]);
  expect(book.require('a')).toMatchObject({ origin: 'catalog:c', policy: { timeoutMs: 2 } });
  book.setConfiguration([policy('a', { timeoutMs: 1 })]);
  expect(book.require('a')).toMatchObject({ origin: 'configuration', policy: { timeoutMs: 1 } });
  expect(book.policies).toHaveLength(1);
  book.setConfiguration([]);
  book.setCatalogs([]);
  expect(book.require('a')).toMatchObject({ origin: 'put', etag: 'etag of a', policy: { timeoutMs: 3 } });
});

test('shows the list as it would be without one', () => {
  const book = new PolicyBook([policy('a'), policy('b')]);
  expect(book.without('a')).toEqual([policy('b')]);
  expect(book.policies).toEqual([policy('a'), policy('b')]);
});

test('hears of a limit of a target, and gives it to all messages to it', () => {
  const book = new PolicyBook([]);
  let told = 0;
  book.onTargetsChange(() => (told += 1));
  const target = { systemId: 'a', type: 't', capabilities: [] };
  expect(book.forTarget(target).policy.limits.concurrency.maxCalls).toBe(0);
  book.setPuts([put('l', { limits: { concurrency: { maxCalls: 5 } } })]);
  expect([told, book.forTarget(target).policy.limits.concurrency.maxCalls]).toEqual([1, 5]);
  expect(book.forTarget(target)).toBe(book.forTarget({ ...target, capabilities: [] }));
});
