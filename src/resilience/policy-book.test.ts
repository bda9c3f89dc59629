import { expect, test } from 'vitest';
import { PolicyBook } from './policy-book.ts';
import { resolvePolicy } from './policy-match.ts';
import type { Policy } from './policy.ts';
import { policyFromValue, policyToValue, type PolicyValue } from './policy-value.ts';

const everything = { messageTypes: [], kinds: [], sources: [], systemIds: [], types: [], capabilities: [] };
const policy = (name: string, parts: Partial<Policy> = {}): Policy => ({ name, match: everything, ...parts });
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

test('a policy survives being kept as JSON; what is not one is told', () => {
  const full = policy('a', {
    match: { ...everything, kinds: ['QUERY'], types: ['x.*'] },
    timeoutMs: 1.5,
    attemptTimeoutMs: undefined,
    retry: { attempts: 2, on: ['timeout'] },
    repeatSafety: 'SAFE',
    repeatScope: 'TYPE',
    breaker: { failureRate: 0 },
    balance: 'RANDOM',
    panic: false,
  });
  expect(policyFromValue(JSON.parse(JSON.stringify(policyToValue(full))) as PolicyValue)).toEqual(full);
  expect(policyFromValue({ name: 'a', match: {}, newer: 1 })).toMatchObject({
    problem: expect.stringContaining('newer') as string,
  });
});
