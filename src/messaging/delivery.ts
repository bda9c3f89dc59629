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
}
