import type { Target } from './target.ts';

export const messageKinds = [
  'REQUEST',
  'RESPONSE',
  'EVENT',
  'COMMAND',
  'QUERY',
  'NOTIFICATION',
  'HEARTBEAT',
  'ERROR',
] as const;
/** What a message is for; it decides the default repeat safety. REQUEST when unset. */
export type MessageKind = (typeof messageKinds)[number];

export const priorities = ['LOW', 'NORMAL', 'HIGH', 'CRITICAL', 'EMERGENCY'] as const;
/** Rank of a message; NORMAL when unset. */
export type Priority = (typeof priorities)[number];

export const repeatSafeties = ['SAFE', 'IDEMPOTENT', 'KEYED', 'UNSAFE'] as const;
/**
 * What happens when a message is delivered twice. SAFE: it is a read. IDEMPOTENT: twice is as once, on the same
 * system. KEYED: the target deduplicates by message id. UNSAFE: it acts twice.
 */
export type RepeatSafety = (typeof repeatSafeties)[number];

/** A message inside the hub. Its payload is bytes and a content type, whatever form it came in. */
export interface Message {
  readonly id: string;
  /** System that sends; empty when the caller did not say. */
  readonly source: string;
  readonly target: Target;
  readonly kind: MessageKind;
  /** The message type, an open name such as `data_request`. */
  readonly type: string;
  readonly priority: Priority;
  /** When the sender made it, epoch milliseconds. */
  readonly createTimeMs: number;
  /** When the hub accepted it, epoch milliseconds. */
  readonly acceptTimeMs: number;
  /** How long after `acceptTimeMs` it is worth delivering; undefined: no bound of its own. */
  readonly ttlMs?: number;
  readonly correlationId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly data: Uint8Array;
  /** Caps the attempts that the policy would make; undefined: the policy's. */
  readonly maxAttempts?: number;
  /** Who sends, as the edge authenticated it. */
  readonly sender: string;
  /** W3C trace context of the caller, or one that the hub began: `00-<trace>-<span>-<flags>`. */
  readonly traceparent: string;
  /** Hubs that this message has passed, this one included; more than 16 is LOOP_DETECTED. */
  readonly hops: number;
}

/** What a target answered. */
export interface Reply {
  /** The target's own status: an HTTP status code in decimal, or a gRPC code name. */
  readonly status: string;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}
