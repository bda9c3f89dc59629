import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FallbackStep, type Policy, type PolicyMatch } from './policy.ts';
import { arbitraryPolicy, policyOf } from './policy.fixture.ts';
import {
  defaultPolicy,
  policyFieldName,
  policyFieldPaths,
  policyFields,
  policyPartsFromFields,
  policyValueAt,
} from './policy-fields.ts';
import { policyViolations } from './policy-violations.ts';

function policy(fields: Partial<Policy>, match: Partial<PolicyMatch> = {}): Policy {
  return policyOf('p', match, fields);
}

/** `path: message` of everything that is wrong. */
function told(found: Policy): string[] {
  return policyViolations(found).map(({ path, message }) => `${path}: ${message}`);
}

const paths = (found: Policy): string[] => policyViolations(found).map(({ path }) => path);

test('the defaults are within their own bounds', () => {
  expect(told(policy(defaultPolicy))).toEqual([]);
});

describe('a value', () => {
  test.each<[string, Policy, string]>([
    ['a name that is no slug', { ...policy({}), name: 'No Slug' }, 'name'],
    ['no time at all', policy({ timeoutMs: 0 }), 'timeout'],
    ['over an hour', policy({ attemptTimeoutMs: 3_600_001 }), 'attempt_timeout'],
    ['a number that is none', policy({ timeoutMs: NaN }), 'timeout'],
    [
      'an infinite one',
      policy({ limits: { callerRate: { perSecond: Infinity } } }),
      'limits.caller_rate.per_second',
    ],
    ['one that overflows', policy({ timeoutMs: 2 ** 63 }), 'timeout'],
    ['a negative time', policy({ hedge: { delayMs: -1000 } }), 'hedge.delay'],
    ['no attempt', policy({ retry: { attempts: 0 } }), 'retry.attempts'],
    ['too many attempts', policy({ retry: { attempts: 101 } }), 'retry.attempts'],
    ['part of an attempt', policy({ retry: { attempts: 1.5 } }), 'retry.attempts'],
    ['a negative delay', policy({ retry: { initialDelayMs: -1 } }), 'retry.initial_delay'],
    ['shrinking delays', policy({ retry: { factor: 0.5 } }), 'retry.factor'],
    ['a rate over 1', policy({ breaker: { failureRate: 1.1 } }), 'breaker.failure_rate'],
    ['a window under 1 s', policy({ breaker: { windowMs: 999 } }), 'breaker.window'],
    ['no trial call', policy({ breaker: { halfOpenCalls: 0 } }), 'breaker.half_open_calls'],
    ['a choice that is none', policy({ balance: '6' as never }), 'balance'],
    ['a flag that is none', policy({ panic: 1 as never }), 'panic'],
    [
      'a long text',
      policy({ balanceOptions: { hashOn: `header:${'x'.repeat(128)}` } }),
      'balance_options.hash_on',
    ],
    [
      'more headers than allowed',
      policy({ replyCache: { vary: Array.from({ length: 21 }, (_, i) => `h${i}`) } }),
      'reply_cache.vary',
    ],
    ['a star inside a name', policy({}, { types: ['ok', 'a*b'] }), 'match.types[1]'],
    ['a bare star', policy({}, { systemIds: ['*'] }), 'match.system_ids[0]'],
    ['an empty name', policy({}, { sources: [''] }), 'match.sources[0]'],
    ['a prefix of nothing', policy({}, { messageTypes: ['.*'] }), 'match.message_types[0]'],
    ['a name that nothing can have', policy({}, { types: ['Ledger'] }), 'match.types[0]'],
    [
      'a prefix that leaves no room for a name',
      policy({}, { types: [`${'x'.repeat(127)}.*`] }),
      'match.types[0]',
    ],
    ['a kind that is none', policy({}, { kinds: ['QUERY', '9' as never] }), 'match.kinds[1]'],
    [
      '101 names',
      policy({}, { capabilities: Array.from({ length: 101 }, (_, i) => `c${i}`) }),
      'match.capabilities',
    ],
  ])('%s is refused, with what was found and what is allowed', (_, found, path) => {
    expect(paths(found)).toEqual([path]);
    expect(told(found)[0]).toMatch(/found .*allowed/);
  });

  test('is told in the unit in which people write it', () => {
    expect(told(policy({ timeoutMs: 7_200_000, breaker: { failureRate: -1 } }))).toEqual([
      'timeout: found 2h, allowed is 1ms to 1h',
      'breaker.failure_rate: found -1, allowed is a number from 0 to 1',
    ]);
  });

  test('outside its bounds is refused, whichever field it is', () => {
    const bounded = policyFieldPaths.filter((path) => 'min' in policyFields[path]);
    expect(bounded.length).toBeGreaterThan(30);
    for (const path of bounded) {
      const { min, max } = policyFields[path] as { readonly min: number; readonly max: number };
      for (const value of [min - 1, max + 1, NaN, Infinity, -Infinity]) {
        const parts = policyPartsFromFields((each) => (each === path ? value : undefined));
        expect(paths(policy(parts)), `${path} ${value}`).toContain(policyFieldName(path));
      }
    }
  });
});

describe('a contradiction', () => {
  const steps = (...fallback: FallbackStep[]): Partial<Policy> => ({ fallback });
  const reply = { status: '200', contentType: 'text/plain', dataBase64: '' };

  test.each<[string, Policy, string]>([
    ['attempt above the whole', policy({ timeoutMs: 1000, attemptTimeoutMs: 2000 }), 'attempt_timeout'],
    ['a cap below the start', policy({ retry: { initialDelayMs: 500, maxDelayMs: 100 } }), 'retry.max_delay'],
    ['ejection', policy({ ejection: { baseTimeMs: 2000, maxTimeMs: 1000 } }), 'ejection.max_time'],
    [
      'adaptive bounds',
      policy({ limits: { adaptive: { minCalls: 9, maxCalls: 3 } } }),
      'limits.adaptive.max_calls',
    ],
    ['a burst alone', policy({ limits: { callerRate: { burst: 5 } } }), 'limits.caller_rate.burst'],
    [
      'a burst of no rate',
      policy({ limits: { targetRate: { burst: 5, perSecond: 0 } } }),
      'limits.target_rate.burst',
    ],
    ['a hash of nothing known', policy({ balanceOptions: { hashOn: 'colour' } }), 'balance_options.hash_on'],
    ['a hash of no header', policy({ balanceOptions: { hashOn: 'header:X-A' } }), 'balance_options.hash_on'],
    ['a header in capitals', policy({ replyCache: { vary: ['accept', 'X-A'] } }), 'reply_cache.vary[1]'],
    ['a header twice', policy({ replyCache: { vary: ['accept', 'accept'] } }), 'reply_cache.vary[1]'],
    ['a condition that is none', policy({ retry: { on: ['timeout', 'rain'] } }), 'retry.on[1]'],
    ['hedged UNSAFE', policy({ repeatSafety: 'UNSAFE', hedge: { attempts: 1 } }), 'hedge.attempts'],
    ['hedged KEYED', policy({ repeatSafety: 'KEYED', hedge: { attempts: 1 } }), 'hedge.attempts'],
    ['a hedge without retries', policy({ retry: { attempts: 1 }, hedge: { attempts: 1 } }), 'hedge.attempts'],
    ['cached writes', policy({ repeatSafety: 'IDEMPOTENT', replyCache: { ttlMs: 1 } }), 'reply_cache.ttl'],
    [
      'the last good reply to a write',
      policy({ repeatSafety: 'KEYED', ...steps({ kind: 'last_good' }) }),
      'fallback[0].last_good',
    ],
    [
      'a fallback to the system itself',
      policy(steps({ kind: 'target', target: { by: 'system', systemId: 'a' } }), { systemIds: ['b', 'a'] }),
      'fallback[0].target',
    ],
    [
      'a fallback to the type itself',
      policy(steps({ kind: 'target', target: { by: 'type', type: 't' } }), { types: ['t'] }),
      'fallback[0].target',
    ],
    [
      'a fallback to the capability itself',
      policy(steps({ kind: 'target', target: { by: 'capability', capability: 'c' } }), {
        capabilities: ['c'],
      }),
      'fallback[0].target',
    ],
    [
      'the same answer twice',
      policy(steps({ kind: 'same_type' }, { kind: 'last_good' }, { kind: 'same_type', attempts: 1 })),
      'fallback[2]',
    ],
    [
      'a step behind one that always answers',
      policy(steps({ kind: 'static_reply', reply }, { kind: 'same_type' })),
      'fallback[1]',
    ],
    ['no answer in a step', policy(steps({ kind: 'none' } as never)), 'fallback[0]'],
    [
      'a target without a name',
      policy(steps({ kind: 'target', target: { by: 'type', type: '' } })),
      'fallback[0].target',
    ],
    ['a step without time', policy(steps({ kind: 'same_type', timeoutMs: 0 })), 'fallback[0].timeout'],
    ['a step without attempts', policy(steps({ kind: 'same_type', attempts: 0 })), 'fallback[0].attempts'],
    ['a reply of no age', policy(steps({ kind: 'last_good', maxAgeMs: 1 })), 'fallback[0].last_good.max_age'],
    [
      'a reply of no status',
      policy(steps({ kind: 'static_reply', reply: { ...reply, status: '' } })),
      'fallback[0].static_reply.status',
    ],
    [
      'a reply above 64 KiB',
      policy(
        steps({
          kind: 'static_reply',
          reply: { ...reply, dataBase64: Buffer.alloc(65_537).toString('base64') },
        }),
      ),
      'fallback[0].static_reply',
    ],
    [
      'nine steps',
      policy(steps(...Array<FallbackStep>(9).fill({ kind: 'static_reply', reply }))),
      'fallback',
    ],
  ])('%s', (_, found, path) => {
    expect(paths(found)).toContain(path);
    const first = told(found).find((each) => each.startsWith(`${path}: `));
    expect(first).toMatch(/found .*allowed/);
    if (path !== 'fallback') expect(paths(found)).toHaveLength(1);
  });

  test('is none where the fields go together', () => {
    const fine: Policy[] = [
      policy({ timeoutMs: 1000, attemptTimeoutMs: 1000, retry: { initialDelayMs: 5, maxDelayMs: 5 } }),
      policy({ limits: { callerRate: { burst: 5, perSecond: 0.5 } } }),
      policy({ repeatSafety: 'IDEMPOTENT', hedge: { attempts: 1 }, retry: { attempts: 2 } }),
      policy({ repeatSafety: 'UNSAFE', hedge: { attempts: 0 }, replyCache: { ttlMs: 0 } }),
      // A system's type is more than the system; a prefix is more than one system.
      policy(steps({ kind: 'target', target: { by: 'type', type: 't' } }), {
        systemIds: ['a'],
        types: ['t'],
      }),
      policy(steps({ kind: 'target', target: { by: 'system', systemId: 'a.b' } }), { systemIds: ['a.*'] }),
      policy(steps({ kind: 'same_type' }, { kind: 'static_reply', reply }), { types: ['t'] }),
      policy({ retry: { on: ['503', '5xx', 'UNAVAILABLE', 'connect-failure', 'timeout'] } }),
      policy({}, { kinds: ['QUERY', 'QUERY'] }),
    ];
    for (const each of fine) expect(told(each)).toEqual([]);
  });
});

describe('what all messages to a target share', () => {
  test('stands only where the match names targets alone, and is told once for each group', () => {
    const shared: Partial<Policy> = {
      breaker: { consecutiveFailures: 1, openForMs: 1000 },
      ejection: { maxShare: 0.5, deviations: 2 },
      limits: { callerRate: { perSecond: 1 }, targetRate: { perSecond: 1, burst: 2 } },
      retryBudget: { share: 0.1 },
      balance: 'RANDOM',
    };
    const expected = ['retry_budget', 'breaker', 'ejection', 'limits.target_rate', 'balance'];
    for (const match of [
      { messageTypes: ['order'] },
      { kinds: ['QUERY'], types: ['x'] },
      { sources: ['shop'] },
    ]) {
      expect(paths(policy(shared, match as Partial<PolicyMatch>))).toEqual(expected);
    }
    expect(paths(policy(shared, { systemIds: ['a.*'], types: ['t'], capabilities: ['c'] }))).toEqual([]);
    expect(paths(policy(shared))).toEqual([]);
  });
});

test('lists everything at once', () => {
  const found = policy(
    { timeoutMs: -1, retry: { attempts: 0, factor: 99, on: ['rain'] }, balance: 'RANDOM' },
    { types: ['*'], messageTypes: ['a'] },
  );
  expect(paths({ ...found, name: '' })).toEqual([
    'name',
    'match.types[0]',
    'timeout',
    'retry.attempts',
    'retry.factor',
    'retry.on[0]',
    'balance',
  ]);
});

test('a policy without violations has none of its parts alone either, its contradictions aside', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), fc.constantFrom(...policyFieldPaths), (whole, path) => {
      const parts = policyPartsFromFields((each) => (each === path ? undefined : policyValueAt(whole, each)));
      const left = told({ name: whole.name, match: whole.match, ...parts });
      // Only what a field made allowed may be missed: the rate of a burst.
      expect(left.filter((each) => !each.includes('without a rate'))).toEqual([]);
    }),
  );
});
