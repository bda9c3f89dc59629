import { expect, test } from 'vitest';
import type { AttemptReason, Verdict } from '../base/transport.ts';
import { breakerLatencyMs, breakerSignal } from './breaker-signal.ts';

const fair = { cutByCallerDeadline: false };
const cut = { cutByCallerDeadline: true };

test.each<[Verdict, AttemptReason, string]>([
  ['OK', 'ok', 'success'],
  ['REJECTED', 'rejected', 'success'],
  ['NOT_EXECUTED', 'not_executed', 'ignored'],
  ['NOT_EXECUTED', 'rate_limited', 'ignored'],
  ['REJECTED', 'rate_limited', 'ignored'],
  ['NOT_REACHED', 'name_not_resolved', 'failure'],
  ['NOT_REACHED', 'connect_refused', 'failure'],
  ['NOT_REACHED', 'connect_failed', 'failure'],
  ['NOT_REACHED', 'connect_timeout', 'failure'],
  ['NOT_REACHED', 'tls_failed', 'failure'],
  ['NOT_REACHED', 'refused_stream', 'ignored'],
  ['NOT_REACHED', 'goaway', 'ignored'],
  ['NOT_REACHED', 'breaker_open', 'ignored'],
  ['NOT_REACHED', 'concurrency_limited', 'ignored'],
  ['NOT_REACHED', 'cancelled', 'ignored'],
  ['MAY_HAVE_ACTED', 'cancelled', 'ignored'],
  ['MAY_HAVE_ACTED', 'timeout', 'failure'],
  ['MAY_HAVE_ACTED', 'reset', 'failure'],
  ['MAY_HAVE_ACTED', 'target_error', 'failure'],
  ['MAY_HAVE_ACTED', 'unavailable', 'failure'],
  ['MAY_HAVE_ACTED', 'garbage', 'failure'],
  ['MAY_HAVE_ACTED', 'reply_too_large', 'ignored'],
])('%s by %s is a %s', (verdict, reason, expected) => {
  expect(breakerSignal({ verdict, reason }, fair)).toBe(expected);
});

test("a short deadline of the caller excuses the target's timeouts, and nothing else", () => {
  expect(breakerSignal({ verdict: 'MAY_HAVE_ACTED', reason: 'timeout' }, cut)).toBe('ignored');
  expect(breakerSignal({ verdict: 'NOT_REACHED', reason: 'connect_timeout' }, cut)).toBe('ignored');
  expect(breakerSignal({ verdict: 'MAY_HAVE_ACTED', reason: 'target_error' }, cut)).toBe('failure');
  expect(breakerSignal({ verdict: 'NOT_REACHED', reason: 'connect_refused' }, cut)).toBe('failure');
  expect(breakerSignal({ verdict: 'OK', reason: 'ok' }, cut)).toBe('success');
});

test('a call without an answer is slower than any, whatever time it was given', () => {
  expect(breakerLatencyMs({ reason: 'timeout' }, 100)).toBe(Infinity);
  expect(breakerLatencyMs({ reason: 'connect_timeout' }, 100)).toBe(Infinity);
  expect(breakerLatencyMs({ reason: 'reset' }, 100)).toBe(100);
  expect(breakerLatencyMs({ reason: 'ok' }, 100)).toBe(100);
});
