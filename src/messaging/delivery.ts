import type { Deadline } from '../base/deadline.ts';
import type { MessageKind, Priority, RepeatSafety, Reply } from '../base/message.ts';
import type { Target } from '../base/target.ts';
import type { Verdict } from '../base/transport.ts';

export type DeliveryState = 'DELIVERING' | 'RETRYING' | 'DELIVERED' | 'FAILED' | 'EXPIRED' | 'CANCELLED';

/** One attempt, as the trace shows it. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly systemId: string;
  readonly interface: string;
  /** Epoch ms. */
  readonly startTimeMs: number;
  readonly latencyMs: number;
  readonly verdict: Verdict;
  /** The target's own status; empty when it gave none. */
  readonly status: string;
  /** An AttemptReason. */
  readonly reason: string;
  /** One line for people, at most {@link attemptDetailCharsMax}. */
  readonly detail: string;
  /** Wait after it before the next attempt; undefined: there was none. */
  readonly backoffMs: number | undefined;
  /** When the target wanted to be asked again, in ms; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;
  /** It was begun beside another attempt that had not ended. */
  readonly hedge: boolean;
  /** Wait for a place at the target before it started, in ms; 0: there was none. */
  readonly queueTimeMs: number;
  /** The fallback it belongs to; empty: the target that the message names. */
  readonly fallback: string;
}

/** What a delivery was asked for: enough to ask again, without the payload. */
export interface DeliverySubject {
  readonly messageType: string;
  readonly kind: MessageKind;
  readonly source: string;
  readonly target: Target;
  readonly priority: Priority;
  /** Who sends, as the edge authenticated it. */
  readonly sender: string;
  /** What the request declared; undefined: it left it to policy, route and kind. */
  readonly repeatSafety: RepeatSafety | undefined;
  /** Time that the caller gave, in ms; `Infinity`: it did not say. */
  readonly callerTimeMs: number;
  /** Time that the request asked for, in ms. */
  readonly timeoutMs: number | undefined;
  readonly ttlMs: number | undefined;
  readonly correlationId: string;
  /** Stands for the payload, which is not kept (payload-mark.ts). */
  readonly payloadMark: number;
  readonly maxAttempts: number | undefined;
}

/** Longest detail that a trace keeps, in characters. */
export const attemptDetailCharsMax = 300;

/** The journey of one message to one system; a snapshot that does not change any more. */
export interface Delivery {
  readonly id: string;
  readonly messageId: string;
  readonly state: DeliveryState;
  /** System of the last attempt; empty when none was made. */
  readonly systemId: string;
  readonly attempts: readonly Attempt[];
  /** Epoch ms. */
  readonly acceptTimeMs: number;
  /** From acceptance to the end; undefined while it is under way. */
  readonly latencyMs: number | undefined;
  readonly traceId: string;
  /** Only UNHEALTHY systems were left and one was tried all the same. */
  readonly panic: boolean;
  /** An ErrorReason once it failed; else empty. */
  readonly reason: string;
  /** While RETRYING: when the next attempt starts, epoch ms. */
  readonly nextAttemptTimeMs: number | undefined;
  /** Policies that applied, most specific first. */
  readonly policies: readonly string[];
  readonly subject: DeliverySubject;
  /** What answered instead of the target (`type:ledger`, `static_reply`, `last_good`); empty: no fallback did. */
  readonly fallbackUsed: string;
  /** The reply comes from the reply cache, or is another call's. */
  readonly cached: boolean;
  /** Age of a cached or last good reply, in ms; undefined for one that was just given. */
  readonly replyAgeMs: number | undefined;
  /** The reply is the last good one, which may no longer be right. */
  readonly stale: boolean;
}

/** What came of a delivery that gave a reply. */
export interface Delivered {
  readonly reply: Reply;
  readonly delivery: Delivery;
}

/** What a caller asks for beside the message. */
export interface SendOptions {
  /** When the caller stops waiting, epoch ms; `Infinity` when it did not say. */
  readonly callerDeadlineMs: Deadline;
  /** Time that the request gives, in ms. */
  readonly timeoutMs: number | undefined;
  readonly repeatSafety: RepeatSafety | undefined;
  /** Gives a target's refusal or server error back as a reply. */
  readonly returnRejections: boolean;
  /** Aborts when the caller went away. */
  readonly signal: AbortSignal;
}
