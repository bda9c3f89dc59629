import { describe, expect, test } from 'vitest';
import { type Policy, type PolicyMatch } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';
import { policyViolations } from './policy-violations.ts';

const everything: PolicyMatch = {
  messageTypes: [],
  kinds: [],
  sources: [],
  systemIds: [],
  types: [],
  capabilities: [],
};

function policy(fields: Partial<Policy>, match: Partial<PolicyMatch> = {}): Policy {
  return { name: 'p', ...fields, match: { ...everything, ...match } };
}

describe('policyViolations', () => {
  test('the defaults are within their own bounds', () => {
    const { retry, breaker, balance, panic, timeoutMs, repeatScope } = defaultPolicy;
    expect(policyViolations(policy({ retry, breaker, balance, panic, timeoutMs, repeatScope }))).toEqual([]);
  });

  test.each<[string, Policy, string]>([
    ['a name that is no slug', policy({ name: 'No Slug' }), 'name'],
    ['no time at all', policy({ timeoutMs: 0 }), 'timeoutMs'],
    ['over an hour', policy({ attemptTimeoutMs: 3_600_001 }), 'attemptTimeoutMs'],
    ['a number that is none', policy({ timeoutMs: NaN }), 'timeoutMs'],
    ['no attempt', policy({ retry: { attempts: 0 } }), 'retry.attempts'],
    ['too many attempts', policy({ retry: { attempts: 101 } }), 'retry.attempts'],
    ['part of an attempt', policy({ retry: { attempts: 1.5 } }), 'retry.attempts'],
    ['a negative delay', policy({ retry: { initialDelayMs: -1 } }), 'retry.initialDelayMs'],
    ['shrinking delays', policy({ retry: { factor: 0.5 } }), 'retry.factor'],
    [
      'a cap below the start',
      policy({ retry: { initialDelayMs: 500, maxDelayMs: 100 } }),
      'retry.maxDelayMs',
    ],
    ['a reason that is final', policy({ retry: { on: ['timeout', 'rejected'] } }), 'retry.on[1]'],
    ['a rate over 1', policy({ breaker: { failureRate: 1.1 } }), 'breaker.failureRate'],
    ['a window under 1 s', policy({ breaker: { windowMs: 999 } }), 'breaker.windowMs'],
    ['no trial call', policy({ breaker: { halfOpenCalls: 0 } }), 'breaker.halfOpenCalls'],
    ['a star inside a name', policy({}, { types: ['ok', 'a*b'] }), 'match.types[1]'],
    ['a bare star', policy({}, { systemIds: ['*'] }), 'match.systemIds[0]'],
    ['an empty name', policy({}, { sources: [''] }), 'match.sources[0]'],
    ['a prefix of nothing', policy({}, { messageTypes: ['.*'] }), 'match.messageTypes[0]'],
    [
      '101 names',
      policy({}, { capabilities: Array.from({ length: 101 }, (_, i) => `c${i}`) }),
      'match.capabilities',
    ],
    ['breaker by message type', policy({ breaker: {} }, { messageTypes: ['order'] }), 'breaker'],
    ['breaker by kind', policy({ breaker: {} }, { kinds: ['QUERY'], types: ['ledger'] }), 'breaker'],
    ['balance by source', policy({ balance: 'RANDOM' }, { sources: ['shop'] }), 'balance'],
  ])('refuses %s', (_, found, path) => {
    const violations = policyViolations(found);
    expect(violations.map((violation) => violation.path)).toEqual([path]);
    expect(violations[0]?.message).toMatch(/found .*allowed/);
  });

  test('lists everything at once', () => {
    const found = policy({ name: '', timeoutMs: -1, retry: { attempts: 0, factor: 99 } }, { types: ['*'] });
    expect(policyViolations(found)).toHaveLength(5);
  });

  test('allows breaker and balance where the match names targets, or nothing at all', () => {
    const shared = { breaker: { consecutiveFailures: 0 }, balance: 'ROUND_ROBIN' } as const;
    expect(
      policyViolations(policy(shared, { systemIds: ['a.*'], types: ['t'], capabilities: ['c'] })),
    ).toEqual([]);
    expect(policyViolations(policy(shared))).toEqual([]);
  });
});
