import { messageOf } from '../base/error.ts';
import type { AttemptReason } from '../base/transport.ts';

/** The reasons for which no connection came about. All of them prove that no byte of a request left the hub. */
export type ConnectReason = Extract<
  AttemptReason,
  | 'name_not_resolved'
  | 'connect_refused'
  | 'connect_failed'
  | 'connect_timeout'
  | 'tls_failed'
  | 'garbage'
  | 'goaway'
  | 'concurrency_limited'
  | 'timeout'
  | 'cancelled'
>;

/** A connection that could not be opened. The message is one line for people, without the address. */
export class ConnectFault extends Error {
  readonly reason: ConnectReason;
  /** Distinct from undici's own codes: it hands errors of other codes to the waiting request, once, and never retries. */
  readonly code = 'SWITCHYARD_CONNECT';

  constructor(reason: ConnectReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConnectFault';
    this.reason = reason;
  }
}

/** Anything thrown while no byte had left, as a fault. */
export function connectFaultOf(thrown: unknown): ConnectFault {
  return thrown instanceof ConnectFault
    ? thrown
    : new ConnectFault('connect_failed', messageOf(thrown), thrown);
}

/** How far opening a connection had come. */
export type ConnectStage = 'tcp' | 'tls';

/** The fault behind an error that a socket emitted before it was ready. */
export function connectFaultFrom(thrown: unknown, stage: ConnectStage): ConnectFault {
  const code = codeOf(thrown);
  if (stage === 'tls')
    return new ConnectFault('tls_failed', `TLS failed: ${causeText(thrown, code)}`, thrown);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return new ConnectFault('name_not_resolved', `the name does not resolve (${code})`, thrown);
    case 'ECONNREFUSED':
      return new ConnectFault('connect_refused', 'connection refused: nobody listens there', thrown);
    case 'ETIMEDOUT':
      return new ConnectFault('connect_timeout', 'no answer while connecting (ETIMEDOUT)', thrown);
    default:
      return new ConnectFault('connect_failed', `connecting failed: ${causeText(thrown, code)}`, thrown);
  }
}

/** The `code` of anything thrown; empty when it has none. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}

/** Text of an error in one line; OpenSSL's own texts are long, the code says the same. */
function causeText(thrown: unknown, code: string): string {
  const text = (messageOf(thrown).split('\n')[0] ?? '').slice(0, 200);
  if (text === '') return code === '' ? 'unknown cause' : code;
  return code === '' || text.includes(code) ? text : `${text} (${code})`;
}
