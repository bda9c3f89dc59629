import { describe, expect, test } from 'vitest';
import type { Policy, PolicyMatch } from './policy.ts';
import { policyOf } from './policy.fixture.ts';
import { changesWithout } from './policy-removal.ts';
import { policyWarnings } from './policy-warnings.ts';

const systems = [
  { systemId: 'ledger_1', type: 'ledger', capabilities: ['book'] },
  { systemId: 'ledger_2', type: 'ledger', capabilities: ['book'] },
  { systemId: 'bank_1', type: 'bank', capabilities: [] },
];

/** What is told of a policy beside others and {@link systems}. */
function told(policy: Policy, others: readonly Policy[] = [], replaced?: Policy): readonly string[] {
  return policyWarnings(policy, { policies: [...others, policy], replaced, systems });
}
const ledger = (parts: Partial<Policy>, match: Partial<PolicyMatch> = { types: ['ledger'] }): Policy =>
  policyOf('p', match, parts);

describe('warnings', () => {
  test.each<[string, Policy, string | RegExp]>([
    ['nothing set', ledger({}), 'it sets nothing, so it has no effect'],
    ['nobody there', ledger({ panic: false }, { types: ['shop'] }), 'no registered system matches it now'],
    [
      'attempts that do not fit',
      ledger({ attemptTimeoutMs: 30_000 }),
      /^3 attempts of 30s do not fit into the timeout of 1m/,
    ],
    [
      'what does not go with a default',
      ledger({ retry: { initialDelayMs: 45_000 } }),
      'together with what other policies and the defaults say, retry.max_delay: found 30s, allowed is at least retry.initial_delay (45s)',
    ],
    [
      'retries of what is UNSAFE',
      ledger({ repeatSafety: 'UNSAFE', retry: { attempts: 2 } }),
      /^UNSAFE messages are retried only when/,
    ],
    ['a promise for all', ledger({ repeatSafety: 'SAFE' }), /^it promises that every message .* is SAFE/],
    ['a hedge of who knows what', ledger({ hedge: { attempts: 1 } }), /^hedge acts only on/],
    [
      'a cache of who knows what',
      ledger({ replyCache: { ttlMs: 1 } }),
      /^reply_cache act only on messages that are SAFE/,
    ],
    [
      'a breaker that changes',
      ledger({ breaker: { failureRate: 0.1 } }),
      'breaker change at once for all messages to ledger_1, ledger_2: what they counted so far is weighed by the new settings',
    ],
    [
      'ejection by a capability',
      ledger({ ejection: { deviations: 3 } }, { capabilities: ['book'] }),
      /^ejection has no effect/,
    ],
    [
      'ejection of a system',
      ledger({ ejection: { maxShare: 0 } }, { systemIds: ['ledger_1'] }),
      /^ejection has no effect/,
    ],
    [
      'balancing to a system',
      ledger({ balanceOptions: { zoneFirst: true } }, { systemIds: ['ledger_1'] }),
      /^balance and balance_options have no effect/,
    ],
    [
      'a fallback to nobody',
      ledger({ fallback: [{ kind: 'target', target: { by: 'type', type: 'shop' } }] }),
      'fallback[0]: no registered system is type:shop now',
    ],
    [
      'same_type by type',
      ledger({ fallback: [{ kind: 'same_type' }] }),
      /^fallback\[0\]: same_type acts only on/,
    ],
    ['shared replies', ledger({ replyCache: { shared: true } }), /^reply_cache.shared: a caller gets/],
  ])('%s', (_name, policy, expected) => {
    const found = told(policy);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test('a queue in which a message may spend all of its time', () => {
    expect(told(ledger({ timeoutMs: 1000, limits: { concurrency: { maxCalls: 5 } } }))).toEqual([
      expect.stringMatching(
        /^limits.concurrency.queue_time \(1s\) is not below the timeout \(1s\)/,
      ) as string,
      expect.stringMatching(/^limits.concurrency change at once/) as string,
    ]);
  });

  test('nothing where nothing surprises', () => {
    const quiet = [
      ledger({ timeoutMs: 5000, retry: { attempts: 2 }, panic: false }),
      ledger({ timeoutMs: 90_000, attemptTimeoutMs: 30_000 }),
      policyOf(
        'p',
        { messageTypes: ['read'] },
        { repeatSafety: 'SAFE', replyCache: { ttlMs: 5 }, hedge: { attempts: 1 } },
      ),
      ledger({ fallback: [{ kind: 'target', target: { by: 'system', systemId: 'bank_1' } }] }),
      ledger({ fallback: [{ kind: 'same_type' }] }, { systemIds: ['ledger_1'] }),
      ledger({ balance: 'RANDOM' }),
    ];
    for (const policy of quiet) expect(told(policy)).toEqual([]);
  });

  test('a breaker that is put again as it was changes nothing', () => {
    const same = ledger({ breaker: { failureRate: 0.1 } });
    expect(told(same, [], same)).toEqual([]);
    expect(told(ledger({ breaker: {}, panic: false }), [], same)).toEqual([
      expect.stringMatching(/^breaker change at once/) as string,
    ]);
  });

  test('what hides it: wholly, in a field, for some', () => {
    const one = ledger({ timeoutMs: 5000, panic: false }, { systemIds: ['ledger_1'] });
    const over = (match: Partial<PolicyMatch>, parts: Partial<Policy>): Policy =>
      policyOf('over', match, parts);
    const narrow = { systemIds: ['ledger_1'], types: ['ledger'] };
    expect(told(one, [over(narrow, { timeoutMs: 1, panic: true })])).toEqual([
      'more specific policies (over) decide every field that it sets, wherever it matches now: it has no effect',
    ]);
    expect(told(one, [over(narrow, { timeoutMs: 1 })])).toEqual([
      'the policy "over" is more specific and decides timeout wherever it matches now',
    ]);
    expect(told(ledger({ timeoutMs: 5000 }), [over({ systemIds: ['ledger_2'] }, { timeoutMs: 1 })])).toEqual([
      'the policy "over" is more specific and decides timeout for some that it matches',
    ]);
    expect(told(one, [over({ types: ['ledger'] }, { timeoutMs: 1 })])).toEqual([]);
  });
});

describe('what falls back to what', () => {
  const changes = (policy: Policy, others: readonly Policy[]): string[] =>
    changesWithout(policy, { before: [...others, policy], after: others, systems }).map(
      ({ field, before, after, from }) => `${field}: ${String(before)} -> ${String(after)} from ${from}`,
    );

  test('is told for each field that it decides, from where it then comes', () => {
    const policy = ledger({
      timeoutMs: 5,
      retry: { attempts: 2 },
      repeatSafety: 'SAFE',
      breaker: { openForMs: 1000 },
    });
    expect(changes(policy, [policyOf('all', {}, { timeoutMs: 9, breaker: { openForMs: 7000 } })])).toEqual([
      'timeoutMs: 5 -> 9 from all',
      'retry.attempts: 2 -> 3 from default',
      'repeatSafety: SAFE -> undefined from default',
      'breaker.openForMs: 1000 -> 7000 from all',
    ]);
  });

  test('is told apart where it differs, and not told where another policy decides anyway', () => {
    const policy = ledger({ timeoutMs: 5, panic: false }, { types: ['ledger', 'bank'] });
    const others = [
      policyOf('banks', { types: ['bank'] }, { timeoutMs: 9 }),
      policyOf('first', { systemIds: ['ledger_1'] }, { panic: true }),
    ];
    expect(changes(policy, others)).toEqual([
      'timeoutMs: 5 -> 60000 from default',
      'timeoutMs: 5 -> 9 from banks',
      'panic: false -> true from default',
    ]);
    const hidden = ledger({ timeoutMs: 5 }, { systemIds: ['ledger_1'] });
    const over = policyOf('over', { systemIds: ['ledger_1'], types: ['ledger'] }, { timeoutMs: 1 });
    expect(changes(hidden, [over])).toEqual([]);
  });

  test('goes by what messages the match alone describes: by prefix, kind and source', () => {
    const policy = policyOf(
      'p',
      { messageTypes: ['pay.*'], kinds: ['QUERY'], sources: ['shop.*'] },
      { timeoutMs: 5 },
    );
    const others = [
      policyOf('exact', { messageTypes: ['pay.in'] }, { timeoutMs: 1 }),
      policyOf('short', { messageTypes: ['pay.*'] }, { timeoutMs: 2 }),
    ];
    expect(changes(policy, others)).toEqual(['timeoutMs: 5 -> 2 from short']);
  });
});
