import type { Message } from '../base/message.ts';
import type { AttemptReason, AttemptResult, Endpoint } from '../base/transport.ts';
import type { AttemptTimeout } from '../resilience/attempt-timeout.ts';
import { breakerLatencyMs, breakerSignal } from '../resilience/breaker-signal.ts';
import type { BreakerPermit } from '../resilience/circuit-breaker.ts';
import type { TargetPermit } from '../resilience/limit-board.ts';
import type { EndCall, LoadOutcome } from '../resilience/load-board.ts';
import type { RetryBudget } from '../resilience/retry-budget.ts';
import { type Attempt, attemptDetailCharsMax } from './delivery.ts';
import type { DeliveryPorts } from './delivery-ports.ts';

/** What an attempt was let in with. */
export interface Admission {
  readonly endpoint: Endpoint;
  readonly room: TargetPermit;
  readonly permit: BreakerPermit;
  readonly timing: AttemptTimeout;
  /** When it was let in, epoch ms: it is sent at once. */
  readonly startTimeMs: number;
}

/** What an attempt is sent with. */
export interface Sending {
  readonly message: Message;
  /** Number of the attempt within its delivery, from 1. */
  readonly number: number;
  /** When the whole delivery must have ended, epoch ms; passed on. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Begun beside another attempt that had not ended. */
  readonly hedge: boolean;
  /** The fallback it belongs to; empty: the target that the message names. */
  readonly fallback: string;
}

/**
 * One attempt, from the moment it was let in: room at the target, the breaker's permit, its place among the calls in
 * flight, and the right to a retry where it took one. All of it goes back together and once, by {@link end} or by
 * {@link giveBack}, whatever becomes of it; whichever comes later does nothing.
 */
export class OpenAttempt {
  readonly endpoint: Endpoint;
  readonly #ports: DeliveryPorts;
  readonly #room: TargetPermit;
  readonly #permit: BreakerPermit;
  readonly #timing: AttemptTimeout;
  readonly #startTimeMs: number;
  #retry: RetryBudget | undefined;
  #endCall: EndCall | undefined;
  #sending: Sending | undefined;
  #startedMs = 0;
  #latencyMs = 0;
  #open = true;

  constructor(ports: DeliveryPorts, { endpoint, room, permit, timing, startTimeMs }: Admission) {
    this.#ports = ports;
    this.endpoint = endpoint;
    this.#room = room;
    this.#permit = permit;
    this.#timing = timing;
    this.#startTimeMs = startTimeMs;
  }

  /** It holds a right to retry, which goes back when it ends. */
  holdRetry(budget: RetryBudget): void {
    this.#retry = budget;
  }

  get hedge(): boolean {
    return this.#sending?.hedge ?? false;
  }

  /** Sends the message. Once. */
  send(sending: Sending): Promise<AttemptResult> {
    const { clock, loads, transports } = this.#ports;
    this.#sending = sending;
    this.#startedMs = clock.monotonic();
    this.#endCall = loads.begin(this.endpoint, this.#startedMs);
    return transports[this.endpoint.protocol].send(this.endpoint, sending.message, {
      attempt: sending.number,
      attemptDeadlineMs: this.#startTimeMs + this.#timing.timeoutMs,
      deadlineMs: sending.deadlineMs,
      signal: sending.signal,
    });
  }

  /** It ended: gives everything back and tells everyone who learns from it. `overtaken`: another one had answered before. */
  end(result: AttemptResult, { overtaken = false }: { readonly overtaken?: boolean } = {}): void {
    if (!this.#open) return;
    const latencyMs = (this.#latencyMs = this.#elapsedMs());
    const signal = breakerSignal(result, this.#timing);
    const outcome = overtaken ? 'overtaken' : signal === 'success' ? 'answered' : 'failed';
    this.#release(outcome, result.reason);
    this.#permit.settle(signal, result.detail, breakerLatencyMs(result, latencyMs));
    const messageType = this.#sending?.message.type ?? '';
    this.#ports.observe({ endpoint: this.endpoint, messageType, result, latencyMs, signal });
  }

  /** Gives everything back without having learnt anything of the target: it was not sent, or a defect ended it. */
  giveBack(cause = ''): void {
    if (!this.#open) return;
    this.#latencyMs = this.#elapsedMs();
    this.#release('failed', undefined);
    this.#permit.settle('ignored', cause);
  }

  /** How the trace shows it, with `result` as what is known of it now. */
  trace(result: AttemptResult, backoffMs: number | undefined): Attempt {
    const sending = this.#sending;
    if (sending === undefined) throw new Error('an attempt that was not sent has no trace');
    return {
      number: sending.number,
      systemId: this.endpoint.systemId,
      interface: this.endpoint.interface,
      startTimeMs: this.#startTimeMs,
      latencyMs: this.#elapsedMs(),
      verdict: result.verdict,
      status: result.status,
      reason: result.reason,
      detail:
        result.detail.length <= attemptDetailCharsMax
          ? result.detail
          : result.detail.slice(0, attemptDetailCharsMax),
      backoffMs,
      retryAfterMs: result.retryAfterMs,
      hedge: sending.hedge,
      queueTimeMs: this.#room.waitedMs,
      fallback: sending.fallback,
    };
  }

  /** From its start until its end, or until now. */
  #elapsedMs(): number {
    if (this.#sending === undefined) return 0;
    return this.#open ? this.#ports.clock.monotonic() - this.#startedMs : this.#latencyMs;
  }

  #release(outcome: LoadOutcome, reason: AttemptReason | undefined): void {
    const latencyMs = this.#latencyMs;
    this.#open = false;
    this.#endCall?.(outcome, this.#startedMs + latencyMs);
    this.#retry?.release();
    this.#room.release({ reason, latencyMs });
  }
}
