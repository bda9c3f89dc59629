import type { AttemptReason } from '../base/transport.ts';

/** Reasons after which an attempt can be repeated at all, if the repeat safety allows it; what `retry.on` may name. */
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
  'reply_too_large',
] as const satisfies readonly AttemptReason[];
