import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageKinds } from '../base/message.ts';
import { arbitraryPolicy, policyOf } from './policy.fixture.ts';
import type { Policy } from './policy.ts';
import { PolicyCache } from './policy-cache.ts';
import { type PolicySubject, resolvePolicy, unmatchedPolicy } from './policy-match.ts';

const names = fc.constantFrom('a', 'b.x', 'c.d', 'x_1', 'other');
const subjects: fc.Arbitrary<PolicySubject> = fc.record({
  systemId: fc.option(names, { nil: undefined }),
  type: fc.option(names, { nil: undefined }),
  capabilities: fc.uniqueArray(names, { maxLength: 2 }),
  messageType: names,
  kind: fc.constantFrom(...messageKinds),
  source: fc.constantFrom('', 'a', 'b.x'),
});

test('gives what merging anew gives, whatever was asked before and however little it may remember', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryPolicy(), { maxLength: 5 }),
      fc.array(subjects, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      (policies, asked, entriesMax) => {
        const cache = new PolicyCache(policies, entriesMax);
        for (const subject of asked) expect(cache.resolve(subject)).toEqual(resolvePolicy(policies, subject));
      },
    ),
    { numRuns: 50 },
  );
});

const subject: PolicySubject = {
  systemId: 'a',
  type: 't',
  capabilities: ['c'],
  messageType: 'm',
  kind: 'QUERY',
  source: 's',
};

test('merges once for equal subjects, and for those that differ in what no policy looks at', () => {
  const cache = new PolicyCache([policyOf('p', { types: ['t'] }, { timeoutMs: 5 })]);
  const first = cache.resolve(subject);
  expect(first.policy.timeoutMs).toBe(5);
  expect(cache.resolve({ ...subject, capabilities: ['c'] })).toBe(first);
  expect(cache.resolve({ ...subject, messageType: 'n', kind: 'EVENT', source: 'z' })).toBe(first);
});

test.each<[string, Policy, Partial<PolicySubject>]>([
  ['message type', policyOf('p', { messageTypes: ['m'] }, { timeoutMs: 5 }), { messageType: 'n' }],
  ['kind', policyOf('p', { kinds: ['QUERY'] }, { timeoutMs: 5 }), { kind: 'EVENT' }],
  ['source', policyOf('p', { sources: ['s'] }, { timeoutMs: 5 }), { source: '' }],
  ['system', policyOf('p', { systemIds: ['a'] }, { timeoutMs: 5 }), { systemId: 'b' }],
])('subjects that differ in %s are told apart where a policy looks at it', (_name, policy, other) => {
  const cache = new PolicyCache([policy]);
  const asked = [subject, { ...subject, ...other }, subject];
  expect(asked.map((each) => cache.resolve(each).policy.timeoutMs)).toEqual([5, 60_000, 5]);
});

test('a system that registers again as something else gets its own settings', () => {
  const cache = new PolicyCache([
    policyOf('p', { types: ['t'] }, { timeoutMs: 5 }),
    policyOf('q', { capabilities: ['d'] }, { timeoutMs: 6 }),
  ]);
  expect(cache.resolve(subject).policy.timeoutMs).toBe(5);
  expect(cache.resolve({ ...subject, type: 'u' }).policy.timeoutMs).toBe(60_000);
  expect(cache.resolve({ ...subject, type: 'u', capabilities: ['d'] }).policy.timeoutMs).toBe(6);
});

test('ids, types and capabilities that are spelled alike are told apart', () => {
  const cache = new PolicyCache([policyOf('p', { types: ['a'] }, { timeoutMs: 5 })]);
  const of = (target: Partial<PolicySubject>): number =>
    cache.resolve({ ...subject, systemId: undefined, type: undefined, capabilities: [], ...target }).policy
      .timeoutMs;
  expect([of({ systemId: 'a' }), of({ type: 'a' }), of({ capabilities: ['a'] }), of({ type: 'a' })]).toEqual([
    60_000, 5, 60_000, 5,
  ]);
});

test('types that have a capability in common are remembered side by side', () => {
  const cache = new PolicyCache([policyOf('p', { types: ['t'] }, { timeoutMs: 5 })]);
  const of = (type: string) => cache.resolve({ ...subject, systemId: undefined, type });
  expect(of('u')).not.toBe(of('t'));
  expect(of('t')).toBe(of('t'));
  const [t, u] = [of('t'), of('u')];
  expect([of('t'), of('u')].every((each, place) => each === [t, u][place])).toBe(true);
});

test('without policies there is one answer for all', () => {
  expect(new PolicyCache([]).resolve(subject)).toBe(unmatchedPolicy);
});
