import type { Reply } from '../../../src/base/message.ts';
import type { AttemptResult, Protocol } from '../../../src/base/transport.ts';
import type { ConnectReason } from '../../../src/transports/connect-fault.ts';

/** What a target says. */
export type Answer =
  | { readonly kind: 'reply'; readonly data: Uint8Array }
  /** It has failed, before or after it acted: the answer does not tell. */
  | { readonly kind: 'error'; readonly unavailable: boolean; readonly retryAfterMs?: number }
  /** It wants to be asked less often, and did nothing. */
  | { readonly kind: 'busy'; readonly retryAfterMs?: number }
  /** It says that it did nothing. */
  | { readonly kind: 'not_executed' }
  /** A definite no. */
  | { readonly kind: 'refusal' };

/** How one attempt ended, as the hub's end of the wire saw it. */
export type Ending =
  /** No byte of the request left. */
  | { readonly kind: 'unsent'; readonly reason: ConnectReason | 'deadline' }
  | { readonly kind: 'refused_stream' }
  | { readonly kind: 'goaway' }
  /** `heard`: the answer had begun. */
  | { readonly kind: 'deadline'; readonly heard: boolean }
  | { readonly kind: 'cancelled'; readonly heard: boolean }
  | { readonly kind: 'reset'; readonly heard: boolean }
  | { readonly kind: 'garbage' }
  /** `twice`: a second answer came behind the first. */
  | { readonly kind: 'answer'; readonly answer: Answer; readonly twice: boolean };

/** One protocol as far as the simulation speaks it: what its real transport concludes from an ending. */
export interface Wire {
  readonly protocol: Protocol;
  /** Whether a target can refuse a single stream, or say that it goes away. */
  readonly hasStreams: boolean;
  resultOf(ending: Ending, context: { readonly shown: string; readonly nowMs: number }): AttemptResult;
}

/** Types of the payloads of simulated targets. */
export const payloadType: Reply['contentType'] = 'application/json';
