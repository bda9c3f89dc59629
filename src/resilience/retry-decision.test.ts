import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatSafeties, type RepeatSafety } from '../base/message.ts';
import { type AttemptReason, attemptReasons, type Verdict } from '../base/transport.ts';
import { repeatScopes } from './policy.ts';
import { isRetryable, retryConditionNames } from './retry-conditions.ts';
import { decideRetry, type RetryDecision, type RetryQuestion } from './retry-decision.ts';

const question: RetryQuestion = {
  result: { verdict: 'MAY_HAVE_ACTED', reason: 'timeout', status: '' },
  mayHaveActedBefore: false,
  repeatSafety: 'SAFE',
  repeatScope: 'SYSTEM',
  attemptsMade: 1,
  attemptsAllowed: 3,
  retryOn: [],
  remainingMs: 10_000,
  delayMs: 100,
};

function show(decision: RetryDecision): string {
  if (decision.next === 'retry') return decision.where;
  return decision.next === 'done' ? 'done' : `${decision.why}, executed ${decision.executed}`;
}

const reasonOf = {
  NOT_REACHED: 'connect_refused',
  NOT_EXECUTED: 'rate_limited',
  REJECTED: 'rejected',
  MAY_HAVE_ACTED: 'reset',
  OK: 'ok',
} as const;

describe('after the first attempt', () => {
  const anywhere = { SAFE: 'ANY', IDEMPOTENT: 'ANY', KEYED: 'ANY', UNSAFE: 'ANY' };
  const rejected = 'rejected, executed no';
  test.each<[Verdict, 'SYSTEM' | 'TYPE', Record<RepeatSafety, string>]>([
    ['NOT_REACHED', 'SYSTEM', anywhere],
    ['NOT_REACHED', 'TYPE', anywhere],
    ['NOT_EXECUTED', 'SYSTEM', anywhere],
    ['NOT_EXECUTED', 'TYPE', anywhere],
    ['REJECTED', 'SYSTEM', { SAFE: rejected, IDEMPOTENT: rejected, KEYED: rejected, UNSAFE: rejected }],
    [
      'MAY_HAVE_ACTED',
      'SYSTEM',
      { SAFE: 'ANY', IDEMPOTENT: 'SAME_SYSTEM', KEYED: 'SAME_SYSTEM', UNSAFE: 'unsafe, executed unknown' },
    ],
    [
      'MAY_HAVE_ACTED',
      'TYPE',
      { SAFE: 'ANY', IDEMPOTENT: 'ANY', KEYED: 'ANY', UNSAFE: 'unsafe, executed unknown' },
    ],
    ['OK', 'SYSTEM', { SAFE: 'done', IDEMPOTENT: 'done', KEYED: 'done', UNSAFE: 'done' }],
  ])('%s with repeat scope %s', (verdict, repeatScope, expected) => {
    for (const repeatSafety of repeatSafeties) {
      const result = { verdict, reason: reasonOf[verdict], status: '' };
      expect(show(decideRetry({ ...question, result, repeatScope, repeatSafety }))).toBe(
        expected[repeatSafety],
      );
    }
  });
});

describe('stops', () => {
  test.each<[string, Partial<RetryQuestion>, string]>([
    ['when attempts are used up', { attemptsMade: 3 }, 'attempts, executed unknown'],
    ['when the wait reaches the deadline', { remainingMs: 100 }, 'deadline, executed unknown'],
    ['not when the wait ends before it', { remainingMs: 101 }, 'ANY'],
    ['not without a deadline', { remainingMs: Infinity }, 'ANY'],
    ['when the policy does not retry the reason', { retryOn: ['reset'] }, 'reason, executed unknown'],
    ['not when the policy does', { retryOn: ['reset', 'timeout'] }, 'ANY'],
    [
      'not for a refusal of the hub itself, which is no attempt',
      { retryOn: ['reset'], result: { verdict: 'NOT_REACHED', reason: 'breaker_open', status: '' } },
      'ANY',
    ],
    ['when the policy does not retry the status', { retryOn: ['503', '5xx'] }, 'reason, executed unknown'],
    [
      'not when the policy retries the status',
      {
        retryOn: ['503'],
        result: { verdict: 'MAY_HAVE_ACTED', reason: 'unavailable', status: '503' },
      },
      'ANY',
    ],
    [
      'when the target asks not to be asked again',
      {
        result: { verdict: 'NOT_EXECUTED', reason: 'not_executed', status: 'UNAVAILABLE', mayRetry: false },
      },
      'pushback, executed no',
    ],
    [
      'when the caller went away',
      { result: { verdict: 'NOT_REACHED', reason: 'cancelled', status: '' } },
      'cancelled, executed no',
    ],
    [
      'as unsafe before all that ran out',
      { repeatSafety: 'UNSAFE', attemptsMade: 3, remainingMs: 0, retryOn: ['reset'] },
      'unsafe, executed unknown',
    ],
    [
      'with an unknown outcome when only an earlier attempt may have acted',
      {
        mayHaveActedBefore: true,
        attemptsMade: 3,
        result: { verdict: 'NOT_REACHED', reason: 'connect_refused', status: '' },
      },
      'attempts, executed unknown',
    ],
    [
      'with an unknown outcome when rejected after an attempt that may have acted',
      { mayHaveActedBefore: true, result: { verdict: 'REJECTED', reason: 'rejected', status: '403' } },
      'rejected, executed unknown',
    ],
  ])('%s', (_, change, expected) => {
    expect(show(decideRetry({ ...question, ...change }))).toBe(expected);
  });
});

test('an attempt that may have acted binds the message to its system for good', () => {
  const result = { verdict: 'NOT_REACHED', reason: 'connect_refused', status: '' } as const;
  const later = {
    ...question,
    result,
    mayHaveActedBefore: true,
    repeatSafety: 'KEYED',
    attemptsMade: 2,
  } as const;
  expect(show(decideRetry(later))).toBe('SAME_SYSTEM');
});

describe('over any sequence of attempts', () => {
  const systems = ['a', 'b', 'c'];
  const hubRefusals: readonly string[] = ['breaker_open', 'concurrency_limited', 'hub_rate_limited'];
  const anyRun = fc.record({
    repeatSafety: fc.constantFrom(...repeatSafeties),
    repeatScope: fc.constantFrom(...repeatScopes),
    attemptsAllowed: fc.integer({ min: 1, max: 8 }),
    retryOn: fc.subarray([...retryConditionNames, '503'], { maxLength: 5 }),
    timeMs: fc.integer({ min: 0, max: 5000 }),
    steps: fc.array(
      fc.record({
        verdict: fc.constantFrom<Verdict>('NOT_REACHED', 'NOT_EXECUTED', 'REJECTED', 'MAY_HAVE_ACTED', 'OK'),
        reason: fc.constantFrom(...attemptReasons),
        status: fc.constantFrom('', '429', '503', 'UNAVAILABLE', 'INTERNAL'),
        pushedBack: fc.boolean(),
        system: fc.nat(2),
        delayMs: fc.integer({ min: 0, max: 500 }),
      }),
      { minLength: 12, maxLength: 12 },
    ),
  });

  interface Sent {
    readonly system: string;
    readonly verdict: Verdict;
    readonly reason: AttemptReason;
    readonly status: string;
    readonly pushedBack: boolean;
  }

  /** A dispatcher as simple as can be: what was sent to whom, and how it ended. */
  function run({ steps, timeMs, ...rest }: typeof anyRun extends fc.Arbitrary<infer T> ? T : never): {
    sent: Sent[];
    end: RetryDecision;
  } {
    const sent: Sent[] = [];
    let decision: RetryDecision = { next: 'retry', where: 'ANY' };
    let remainingMs = timeMs;
    for (const { verdict, reason, status, pushedBack, system, delayMs } of steps) {
      const last = sent.at(-1);
      const chosen = decision.where === 'SAME_SYSTEM' && last ? last.system : systems[system]!;
      const mayHaveActedBefore = sent.some((attempt) => attempt.verdict === 'MAY_HAVE_ACTED');
      sent.push({ system: chosen, verdict, reason, status, pushedBack });
      const next = decideRetry({
        ...rest,
        result: { verdict, reason, status, ...(pushedBack ? { mayRetry: false } : {}) },
        mayHaveActedBefore,
        attemptsMade: sent.length,
        remainingMs,
        delayMs,
      });
      if (next.next !== 'retry') return { sent, end: next };
      decision = next;
      remainingMs -= delayMs;
    }
    throw new Error('never ended');
  }

  test('repeat safety holds', () => {
    fc.assert(
      fc.property(anyRun, (input) => {
        const { sent, end } = run(input);
        expect(sent.length).toBeLessThanOrEqual(input.attemptsAllowed);
        const acted = sent.findIndex(({ verdict }) => verdict === 'MAY_HAVE_ACTED');
        const after = acted === -1 ? [] : sent.slice(acted + 1);
        // UNSAFE is never sent again once it may have acted; it acts at most once.
        if (input.repeatSafety === 'UNSAFE') expect(after).toEqual([]);
        // IDEMPOTENT and KEYED stay on the system that may have acted.
        if (input.repeatScope === 'SYSTEM' && input.repeatSafety !== 'SAFE') {
          for (const { system } of after) expect(system).toBe(sent[acted]?.system);
        }
        // A definite answer is the last thing that happens.
        for (const { verdict } of sent.slice(0, -1)) expect(['OK', 'REJECTED']).not.toContain(verdict);
        for (const attempt of sent.slice(0, -1)) {
          // Conditions only narrow, and nobody is asked again who asked not to be.
          expect(attempt.pushedBack).toBe(false);
          expect(attempt.reason).not.toBe('cancelled');
          if (!hubRefusals.includes(attempt.reason)) expect(isRetryable(input.retryOn, attempt)).toBe(true);
        }
        // No end says "not executed" while an attempt may have acted, and none says "unknown" without one.
        if (end.next === 'stop') expect(end.executed).toBe(acted === -1 ? 'no' : 'unknown');
        else expect(sent.at(-1)?.verdict).toBe('OK');
      }),
      { numRuns: 2000 },
    );
  });
});
