import { describe, expect, test } from 'vitest';
import { type AttemptReason, attemptReasons } from '../base/transport.ts';
import {
  isRetryable,
  retryableReasons,
  retryConditionFault,
  retryConditionNames,
} from './retry-conditions.ts';

const ended = (reason: AttemptReason, status = '') => ({ reason, status });

describe('a condition', () => {
  test.each<[string, AttemptReason[]]>([
    [
      'connect-failure',
      ['name_not_resolved', 'connect_refused', 'connect_failed', 'connect_timeout', 'tls_failed'],
    ],
    ['refused', ['refused_stream', 'goaway', 'not_executed']],
    ['reset', ['reset']],
    ['unavailable', ['unavailable']],
    ['429', ['rate_limited']],
    ['timeout', ['timeout']],
    ['garbage', ['garbage']],
    ['UNAVAILABLE', []],
    ['5xx', []],
  ])('%s means the reasons %j', (condition, reasons) => {
    expect(attemptReasons.filter((reason) => isRetryable([condition], ended(reason)))).toEqual(
      attemptReasons.filter((reason) => reasons.includes(reason)),
    );
  });

  test.each<[string, string, boolean]>([
    ['5xx', '500', true],
    ['5xx', '599', true],
    ['5xx', '429', false],
    ['5xx', '5000', false],
    ['5xx', 'UNAVAILABLE', false],
    ['503', '503', true],
    ['503', '502', false],
    ['UNAVAILABLE', 'UNAVAILABLE', true],
    ['UNAVAILABLE', '503', false],
    ['DATA_LOSS', 'DATA_LOSS', true],
  ])('%s holds for an answer with status %s: %s', (condition, status, expected) => {
    expect(isRetryable([condition], ended('target_error', status))).toBe(expected);
  });

  test('is one of several', () => {
    expect(isRetryable(['reset', '503'], ended('unavailable', '503'))).toBe(true);
    expect(isRetryable(['reset', '503'], ended('target_error', '500'))).toBe(false);
    expect(isRetryable(['constructor'], ended('reset'))).toBe(false);
  });
});

test('no condition means every one', () => {
  for (const reason of attemptReasons) expect(isRetryable([], ended(reason))).toBe(true);
});

test.each([...retryConditionNames, '408', '425', '429', '500', '503', '599'])('%s may be named', (name) => {
  expect(retryConditionFault(name)).toBeUndefined();
});

test.each([
  ['404', 'that status is a definite no (REJECTED); where a route lists it under not_executed'],
  ['200', 'that is a reply'],
  ['302', 'redirects are not followed'],
  ['OK', 'that is a reply'],
  ['INVALID_ARGUMENT', 'that code is a definite no (REJECTED)'],
  ['rejected', 'a definite no is never retried'],
  ['reply_too_large', 'the reply would be too large again'],
  ['breaker_open', 'the hub itself refused'],
])('%s is refused, because it could never be retried', (name, why) => {
  expect(retryConditionFault(name)).toContain(`"${name}" can never be retried: ${why}`);
});

test.each(['', 'unavailible', '600', '1xx', 'connect_failure', 'unavailable '])(
  '%j is refused with what is allowed',
  (name) => {
    expect(retryConditionFault(name)).toMatch(
      /^found .*, allowed are connect-failure, .*, and the HTTP statuses 408/,
    );
  },
);

test('every reason may be named, or is refused with why', () => {
  for (const reason of attemptReasons) {
    const known: readonly string[] = retryableReasons;
    expect([reason, retryConditionFault(reason)?.includes('can never be retried') ?? false]).toEqual([
      reason,
      !known.includes(reason),
    ]);
  }
});
