/** Longest wait that is passed on, ms (a day); callers clamp further. */
const retryAfterMsMax = 24 * 60 * 60 * 1000;

/**
 * The wait that an HTTP `Retry-After` asks for, in ms: delay seconds or an HTTP date (RFC 9110 section 10.2.3).
 * Undefined when absent or neither; a date in the past is 0.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^[0-9]{1,10}$/.test(text)) return Math.min(retryAfterMsMax, Number(text) * 1000);
  // Date.parse alone would read "5.5" or "-1" as a date; every HTTP date begins with the name of a day.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const dateMs = Date.parse(text);
  if (Number.isNaN(dateMs)) return undefined;
  return Math.min(retryAfterMsMax, Math.max(0, dateMs - nowMs));
}

/**
 * What gRPC's `grpc-retry-pushback-ms` asks for
 * (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback): a wait in ms, or, when negative or not a
 * number, no further attempt at all. Empty when absent.
 */
export function parsePushback(value: string | undefined): {
  readonly retryAfterMs?: number;
  readonly mayRetry?: false;
} {
  if (value === undefined) return {};
  const text = value.trim();
  return /^[0-9]{1,10}$/.test(text)
    ? { retryAfterMs: Math.min(retryAfterMsMax, Number(text)) }
    : { mayRetry: false };
}
