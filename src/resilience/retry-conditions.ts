import type { AttemptReason, AttemptResult } from '../base/transport.ts';

/** Reasons of attempts that can be repeated at all, if the repeat safety allows it. */
export const retryableReasons = [
  'name_not_resolved',
  'connect_refused',
  'connect_failed',
  'connect_timeout',
  'tls_failed',
  'refused_stream',
  'goaway',
  'not_executed',
  'rate_limited',
  'timeout',
  'reset',
  'target_error',
  'unavailable',
  'garbage',
] as const satisfies readonly AttemptReason[];

/** Several reasons by one name; `5xx` goes by the status instead, and two groups (`reset`, `timeout`) are reasons themselves. */
const groups: ReadonlyMap<string, readonly AttemptReason[]> = new Map<string, readonly AttemptReason[]>([
  [
    'connect-failure',
    ['name_not_resolved', 'connect_refused', 'connect_failed', 'connect_timeout', 'tls_failed'],
  ],
  ['refused', ['refused_stream', 'goaway', 'not_executed']],
  ['reset', ['reset']],
  ['unavailable', ['unavailable']],
  ['5xx', []],
  ['429', ['rate_limited']],
  ['timeout', ['timeout']],
]);

/**
 * gRPC codes (https://grpc.io/docs/guides/status-codes/) of answers that can be repeated. The others are `OK`, or a
 * definite no.
 */
const retryableCodes = [
  'CANCELLED',
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
] as const;

const refusedCodes: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
]);

/** What `retry.on` may name, HTTP statuses aside: groups, reasons of attempts, gRPC codes. */
export const retryConditionNames: readonly string[] = [
  ...new Set<string>([...groups.keys(), ...retryableReasons, ...retryableCodes]),
];

/** HTTP statuses that `retry.on` may name: those whose answers can be repeated. */
export const retryStatusPattern = /^(?:408|425|429|5[0-9]{2})$/;

const names: ReadonlySet<string> = new Set(retryConditionNames);

/** Reasons that `retry.on` may not name, and why. */
const neverRetried: ReadonlyMap<string, string> = new Map<AttemptReason, string>([
  ['ok', 'that is a reply'],
  ['rejected', 'a definite no is never retried'],
  ['cancelled', 'when the caller went away nothing is retried'],
  ['bad_reply', 'the target acted and answered'],
  ['reply_too_large', 'the reply would be too large again'],
  ['mapping_failed', 'the message would not fit the mapping again'],
  ['misconfigured', 'the interface must be corrected first; other systems are tried without it being named'],
  [
    'breaker_open',
    'the hub itself refused, which is no attempt; other systems are tried without it being named',
  ],
  ['concurrency_limited', 'the hub itself refused, which is tried again without being named'],
  ['hub_rate_limited', 'the hub itself refused, which is tried again without being named'],
]);

/**
 * What is wrong with an entry of `retry.on`; undefined: it may be there. An entry that could never come true is
 * refused with the reason.
 */
export function retryConditionFault(name: string): string | undefined {
  if (names.has(name) || retryStatusPattern.test(name)) return undefined;
  const why = neverRetried.get(name) ?? statusFault(name);
  if (why !== undefined) return `${quote(name)} can never be retried: ${why}`;
  return `found ${quote(name)}, allowed are ${retryConditionNames.join(', ')}, and the HTTP statuses 408, 425, 429 and 500 to 599`;
}

/**
 * Whether an attempt that failed meets one of the conditions of `retry.on`; none means all. Repeat safety is another
 * question (retry-decision.ts). A group or reason goes by how the attempt ended, a status or code by what the target
 * answered.
 */
export function isRetryable(
  on: readonly string[],
  { reason, status }: Pick<AttemptResult, 'reason' | 'status'>,
): boolean {
  if (on.length === 0) return true;
  for (const name of on) {
    if (name === reason || name === status) return true;
    if (name === '5xx' ? isServerError(status) : groups.get(name)?.includes(reason) === true) return true;
  }
  return false;
}

function isServerError(status: string): boolean {
  return /^5[0-9]{2}$/.test(status);
}

function statusFault(name: string): string | undefined {
  if (name === 'OK' || /^2[0-9]{2}$/.test(name)) return 'that is a reply';
  if (/^3[0-9]{2}$/.test(name)) return 'redirects are not followed, register the final URI';
  if (refusedCodes.has(name)) return 'that code is a definite no (REJECTED)';
  if (/^4[0-9]{2}$/.test(name)) {
    return 'that status is a definite no (REJECTED); where a route lists it under not_executed, name not_executed';
  }
  return undefined;
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
