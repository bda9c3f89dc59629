import type { Message } from '../base/message.ts';
import { traceIdOf } from '../base/trace-context.ts';
import type { Attempt, Delivery, DeliveryState, SendOptions } from './delivery.ts';
import { payloadMark } from './payload-mark.ts';

/**
 * A delivery as it goes, and as the log keeps it: small, without the payload, and turned into a {@link Delivery} only when
 * somebody asks. It ends once; what is said of it after that (the end of an attempt that was overtaken) changes its
 * attempts, never its outcome.
 */
export class DeliveryRecord {
  readonly id: string;
  readonly #acceptTimeMs: number;
  readonly #traceparent: string;
  readonly #messageType: string;
  readonly #kind: Message['kind'];
  readonly #source: string;
  readonly #target: Message['target'];
  readonly #priority: Message['priority'];
  readonly #sender: string;
  readonly #maxAttempts: number | undefined;
  readonly #ttlMs: number | undefined;
  readonly #correlationId: string;
  readonly #payloadMark: number;
  readonly #repeatSafety: SendOptions['repeatSafety'];
  readonly #callerDeadlineMs: number;
  readonly #timeoutMs: number | undefined;
  readonly #policies: readonly string[];
  /** Those that are not under way any more, by number, from 1 at place 0. */
  #attempts: (Attempt | undefined)[] = none;
  #begun = 0;
  #state: DeliveryState = 'DELIVERING';
  #systemId = '';
  #reason = '';
  #endTimeMs: number | undefined;
  #nextAttemptTimeMs: number | undefined;
  #panic = false;
  #fallbackUsed = '';
  #cached = false;
  #replyAgeMs: number | undefined;
  #stale = false;

  constructor(message: Message, options: SendOptions, policies: readonly string[]) {
    this.id = message.id;
    this.#acceptTimeMs = message.acceptTimeMs;
    this.#traceparent = message.traceparent;
    this.#messageType = message.type;
    this.#kind = message.kind;
    this.#source = message.source;
    this.#target = message.target;
    this.#priority = message.priority;
    this.#sender = message.sender;
    this.#maxAttempts = message.maxAttempts;
    this.#ttlMs = message.ttlMs;
    this.#correlationId = message.correlationId;
    this.#payloadMark = payloadMark(message.data);
    this.#repeatSafety = options.repeatSafety;
    this.#callerDeadlineMs = options.callerDeadlineMs;
    this.#timeoutMs = options.timeoutMs;
    this.#policies = policies;
  }

  get acceptTimeMs(): number {
    return this.#acceptTimeMs;
  }

  /** An attempt begins; its number, from 1. */
  beginAttempt(panic: boolean): number {
    this.#panic ||= panic;
    this.#nextAttemptTimeMs = undefined;
    this.#state = 'DELIVERING';
    this.#begun += 1;
    return this.#begun;
  }

  /** How an attempt stands now: it ended, or it was given up and nobody waits for its end. */
  attemptEnded(attempt: Attempt): void {
    // Nearly every delivery has one attempt, and an array of one takes less room than one that grew.
    if (this.#attempts === none && attempt.number === 1) this.#attempts = [attempt];
    else {
      if (this.#attempts === none) this.#attempts = [];
      this.#attempts[attempt.number - 1] = attempt;
    }
    if (this.#endTimeMs === undefined) this.#systemId = attempt.systemId;
  }

  /** Waits before the next attempt. */
  waitUntil(nextAttemptTimeMs: number): void {
    this.#state = 'RETRYING';
    this.#nextAttemptTimeMs = nextAttemptTimeMs;
  }

  /** The target replied, or a fallback that is named. */
  delivered(endTimeMs: number, systemId: string, fallback: string): void {
    this.#end('DELIVERED', '', endTimeMs);
    this.#systemId = systemId;
    this.#fallbackUsed = fallback;
  }

  /** The fallback `name` answers with the last good reply. */
  deliveredStale(endTimeMs: number, name: string, ageMs: number): void {
    this.#end('DELIVERED', '', endTimeMs);
    this.#fallbackUsed = name;
    this.#replyAgeMs = ageMs;
    this.#stale = true;
  }

  /** The reply cache answers with a reply that was kept, or with that of another call, whose delivery is `shared`. */
  deliveredFromCache(endTimeMs: number, ageMs: number | undefined, shared: Delivery | undefined): void {
    this.#end(shared?.state ?? 'DELIVERED', shared?.reason ?? '', endTimeMs);
    this.#cached = true;
    this.#replyAgeMs = ageMs;
    this.#systemId = shared?.systemId ?? '';
    this.#fallbackUsed = shared?.fallbackUsed ?? '';
    this.#stale = shared?.stale ?? false;
  }

  /** It ended without a reply; `reason` is an ErrorReason. */
  failed(endTimeMs: number, reason: string): void {
    this.#end(
      reason === 'CANCELLED' ? 'CANCELLED' : reason === 'MESSAGE_EXPIRED' ? 'EXPIRED' : 'FAILED',
      reason,
      endTimeMs,
    );
  }

  get ended(): boolean {
    return this.#endTimeMs !== undefined;
  }

  /** The delivery as it is now. */
  snapshot(): Delivery {
    const acceptTimeMs = this.#acceptTimeMs;
    return {
      id: this.id,
      messageId: this.id,
      state: this.#state,
      systemId: this.#systemId,
      attempts: this.#attempts.filter((attempt) => attempt !== undefined),
      acceptTimeMs,
      latencyMs: this.#endTimeMs === undefined ? undefined : this.#endTimeMs - acceptTimeMs,
      traceId: traceIdOf(this.#traceparent),
      panic: this.#panic,
      reason: this.#reason,
      nextAttemptTimeMs: this.#nextAttemptTimeMs,
      policies: this.#policies,
      subject: {
        messageType: this.#messageType,
        kind: this.#kind,
        source: this.#source,
        target: this.#target,
        priority: this.#priority,
        sender: this.#sender,
        repeatSafety: this.#repeatSafety,
        callerTimeMs: this.#callerDeadlineMs - acceptTimeMs,
        timeoutMs: this.#timeoutMs,
        ttlMs: this.#ttlMs,
        correlationId: this.#correlationId,
        payloadMark: this.#payloadMark,
        maxAttempts: this.#maxAttempts,
      },
      fallbackUsed: this.#fallbackUsed,
      cached: this.#cached,
      replyAgeMs: this.#replyAgeMs,
      stale: this.#stale,
    };
  }

  #end(state: DeliveryState, reason: string, endTimeMs: number): void {
    if (this.#endTimeMs !== undefined) {
      throw new Error(`delivery ${this.id} ended ${this.#state} already, and again as ${state}`);
    }
    this.#state = state;
    this.#reason = reason;
    this.#endTimeMs = endTimeMs;
    this.#nextAttemptTimeMs = undefined;
  }
}

const none: (Attempt | undefined)[] = [];
