import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Policy } from './policy.ts';
import { policyOf as policy } from './policy.fixture.ts';
import { defaultPolicy, policyFieldPaths } from './policy-fields.ts';
import { matchingPolicies, type PolicySubject, resolveTargetPolicy, resolvePolicy } from './policy-match.ts';

const subject: PolicySubject = {
  messageType: 'order.create',
  kind: 'COMMAND',
  source: 'shop.web',
  systemId: 'ledger.eu_1',
  type: 'payments.ledger',
  capabilities: ['book', 'payments.refund'],
};

describe('matching', () => {
  test.each<[string, Partial<Policy['match']>, boolean]>([
    ['nothing listed', {}, true],
    ['an exact name', { systemIds: ['ledger.eu_1'] }, true],
    ['one of several', { systemIds: ['other', 'ledger.eu_1'] }, true],
    ['another name', { systemIds: ['ledger.eu_2'] }, false],
    ['a prefix', { types: ['payments.*'] }, true],
    ['a prefix is whole words', { types: ['pay.*'] }, false],
    ['a prefix is not the name itself', { messageTypes: ['order.create.*'] }, false],
    ['a name is not a prefix', { messageTypes: ['order'] }, false],
    ['any capability of the target', { capabilities: ['payments.refund'] }, true],
    ['a capability that it lacks', { capabilities: ['pay_out'] }, false],
    ['the kind', { kinds: ['QUERY', 'COMMAND'] }, true],
    ['another kind', { kinds: ['QUERY'] }, false],
    ['the source', { sources: ['shop.*'] }, true],
    ['all listed dimensions hold', { sources: ['shop.web'], types: ['payments.ledger'] }, true],
    ['one listed dimension fails', { sources: ['shop.web'], types: ['other'] }, false],
  ])('%s', (_, match, expected) => {
    expect(matchingPolicies([policy('p', match)], subject)).toHaveLength(expected ? 1 : 0);
  });

  test('what is not known of the target matches no list', () => {
    const unknown = { ...subject, systemId: undefined, type: undefined, capabilities: [] };
    const lists = [{ systemIds: ['ledger.*'] }, { types: ['payments.*'] }, { capabilities: ['book'] }];
    for (const match of lists) expect(matchingPolicies([policy('p', match)], unknown)).toEqual([]);
  });
});

describe('specificity', () => {
  /** Each entry is more specific than all after it. */
  const ladder = [
    policy('system', { systemIds: ['ledger.eu_1'] }),
    policy('system-prefix', { systemIds: ['ledger.*'], types: ['payments.ledger'], kinds: ['COMMAND'] }),
    policy('type-and-message', { types: ['payments.ledger'], messageTypes: ['order.create'] }),
    policy('type', { types: ['payments.ledger'] }),
    policy('type-prefix', { types: ['payments.*'], capabilities: ['book'] }),
    policy('capability', { capabilities: ['book'] }),
    policy('capability-prefix', { capabilities: ['payments.*'], messageTypes: ['order.create'] }),
    policy('message-type', { messageTypes: ['order.create'] }),
    policy('message-prefix', { messageTypes: ['order.*'], kinds: ['COMMAND'], sources: ['shop.web'] }),
    policy('kind', { kinds: ['COMMAND'] }),
    policy('source', { sources: ['shop.web'] }),
    policy('all', {}),
  ];

  test('is the documented order, wherever the policies stand in the list', () => {
    const expected = ladder.map(({ name }) => name);
    fc.assert(
      fc.property(fc.shuffledSubarray(ladder, { minLength: ladder.length }), (shuffled) => {
        expect(matchingPolicies(shuffled, subject).map(({ name }) => name)).toEqual(expected);
      }),
    );
  });

  test('a longer prefix beats a shorter one', () => {
    const policies = [
      policy('long', { types: ['payments.eu.*'] }),
      policy('short', { types: ['payments.*'] }),
    ];
    const found = matchingPolicies(policies, { ...subject, type: 'payments.eu.ledger' });
    expect(found.map(({ name }) => name)).toEqual(['long', 'short']);
  });

  test('of equally specific ones the later wins', () => {
    const policies = [policy('first', { types: ['payments.ledger'] }, { timeoutMs: 1 })];
    policies.push(policy('second', { types: ['payments.ledger', 'x'] }, { timeoutMs: 2 }));
    expect(resolvePolicy(policies, subject).policy.timeoutMs).toBe(2);
  });
});

describe('resolvePolicy', () => {
  test('without a match everything is the default', () => {
    const { policy: found, provenance, matched } = resolvePolicy([policy('p', { types: ['x'] })], subject);
    expect(found).toEqual(defaultPolicy);
    expect(new Set(Object.values(provenance))).toEqual(new Set(['default']));
    expect(matched).toEqual([]);
  });

  test('takes each field from the most specific policy that sets it', () => {
    const {
      policy: found,
      provenance,
      matched,
    } = resolvePolicy(
      [
        policy('all', {}, { timeoutMs: 1000, retry: { attempts: 9, factor: 3 }, panic: false }),
        policy('type', { types: ['payments.*'] }, { retry: { attempts: 5 }, repeatScope: 'TYPE' }),
        policy(
          'system',
          { systemIds: ['ledger.eu_1'] },
          { repeatSafety: 'KEYED', retry: { on: ['timeout'] } },
        ),
      ],
      subject,
    );
    expect(found).toEqual({
      ...defaultPolicy,
      timeoutMs: 1000,
      retry: { ...defaultPolicy.retry, attempts: 5, factor: 3, on: ['timeout'] },
      repeatSafety: 'KEYED',
      repeatScope: 'TYPE',
      panic: false,
    });
    expect(provenance).toMatchObject({
      timeoutMs: 'all',
      'retry.attempts': 'type',
      'retry.factor': 'all',
      'retry.on': 'system',
      'retry.maxDelayMs': 'default',
      repeatSafety: 'system',
      repeatScope: 'type',
      panic: 'all',
      balance: 'default',
    });
    expect(matched).toEqual(['system', 'type', 'all']);
  });

  test('names the origin of every field of the result', () => {
    expect(Object.keys(resolvePolicy([], subject).provenance).sort()).toEqual([...policyFieldPaths].sort());
  });

  test('false and zero are settings', () => {
    const zero = policy('zero', {}, { panic: false, retry: { initialDelayMs: 0 } });
    const { policy: found } = resolvePolicy([zero], subject);
    expect([found.panic, found.retry.initialDelayMs]).toEqual([false, 0]);
  });

  test('can start from another base', () => {
    const base = { ...defaultPolicy, retry: { ...defaultPolicy.retry, attempts: 10 } };
    expect(resolvePolicy([], subject, base).policy.retry.attempts).toBe(10);
  });

  test('never takes breaker or balance from a policy that matches by message', () => {
    const byMessage = policy(
      'm',
      { systemIds: ['ledger.eu_1'], messageTypes: ['order.create'] },
      { breaker: { consecutiveFailures: 1 }, balance: 'RANDOM', timeoutMs: 7 },
    );
    const { policy: found } = resolvePolicy([byMessage], subject);
    expect(found).toEqual({ ...defaultPolicy, timeoutMs: 7 });
  });
});

describe('resolveTargetPolicy', () => {
  test('merges the policies for the target by specificity', () => {
    const policies = [
      policy('system', { systemIds: ['ledger.eu_1'] }, { breaker: { openForMs: 1000 } }),
      policy('type', { types: ['payments.ledger'] }, { breaker: { openForMs: 2000, halfOpenCalls: 1 } }),
      policy('by-kind', { kinds: ['REQUEST'] }, { breaker: { failureRate: 0.9 } }),
      policy('all', {}, { breaker: { minimumCalls: 50 } }),
    ];
    expect(resolveTargetPolicy(policies, subject).policy.breaker).toEqual({
      ...defaultPolicy.breaker,
      openForMs: 1000,
      halfOpenCalls: 1,
      minimumCalls: 50,
    });
  });
});
