import type { HubError } from '../../src/base/error.ts';
import type { Message, RepeatSafety } from '../../src/base/message.ts';
import type { AttemptResult, Endpoint } from '../../src/base/transport.ts';
import type { Delivered, SendOptions } from '../../src/messaging/delivery.ts';
import type { EffectivePolicy } from '../../src/resilience/policy.ts';

/** What was promised for a message when it was sent, by the policies in force then. */
export interface Expectation {
  readonly repeatSafety: RepeatSafety;
  readonly policy: EffectivePolicy;
  /** The policy that sets the caller's rate. */
  readonly callerRateFrom: string;
  /** The latest instant at which the message may end, epoch ms. */
  readonly deadlineMs: number;
}

/** One attempt, as the network saw it. */
export interface AttemptRecord {
  readonly message: MessageRecord;
  /** From 1, over the whole run. */
  readonly ordinal: number;
  /** Process number of the hub that made it. */
  readonly hub: number;
  readonly endpoint: Endpoint;
  /** The number that the hub gave it. */
  readonly number: number;
  readonly startMs: number;
  readonly attemptDeadlineMs: number;
  readonly deadlineMs: number;
  /** Undefined while it is under way, or when the hub that made it died. */
  result: AttemptResult | undefined;
  /** False once it ended, or its hub died. */
  underWay: boolean;
}

/** The truth: a target did what a message asks for. */
export interface ActionRecord {
  readonly systemId: string;
  readonly attempt: AttemptRecord;
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly delivered: Delivered }
  | { readonly kind: 'failed'; readonly error: HubError }
  /** Something else than a HubError was thrown: a defect. */
  | { readonly kind: 'defect'; readonly thrown: unknown }
  /** The hub died; nobody can say. */
  | { readonly kind: 'lost' };

/** One message, from the caller's side and from the targets'. */
export interface MessageRecord {
  readonly message: Message;
  readonly options: SendOptions;
  readonly hub: number;
  readonly expected: Expectation;
  readonly attempts: AttemptRecord[];
  readonly actions: ActionRecord[];
  outcome: Outcome | undefined;
}

/** Attempts that may have reached a target's logic, as far as the hub can know: under way, or ended so. */
export function mayHaveActed({ result }: AttemptRecord): boolean {
  return result === undefined || result.verdict === 'MAY_HAVE_ACTED' || result.verdict === 'OK';
}

/** A message in one line. */
export function messageText({ message, expected }: MessageRecord): string {
  return `${message.id} (${message.type}, ${expected.repeatSafety})`;
}

/** An attempt in one line. */
export function attemptText({ message, number, endpoint }: AttemptRecord): string {
  return `${message.message.id}#${number} at ${endpoint.systemId}/${endpoint.interface}`;
}

/** Everything that callers sent, the hub attempted and targets did. */
export class Ledger {
  readonly #messages = new Map<string, MessageRecord>();
  /** Attempts under way. */
  readonly underWay = new Set<AttemptRecord>();
  /** Messages whose outcome is not known yet. */
  readonly open = new Set<MessageRecord>();
  attempts = 0;
  actions = 0;

  get messages(): IterableIterator<MessageRecord> {
    return this.#messages.values();
  }

  get size(): number {
    return this.#messages.size;
  }

  get(id: string): MessageRecord {
    const record = this.#messages.get(id);
    if (record === undefined) throw new Error(`the hub sends a message that nobody gave it: ${id}`);
    return record;
  }

  sent(record: MessageRecord): void {
    this.#messages.set(record.message.id, record);
    this.open.add(record);
  }

  started(attempt: AttemptRecord): void {
    attempt.message.attempts.push(attempt);
    this.underWay.add(attempt);
    this.attempts += 1;
  }

  ended(attempt: AttemptRecord, result: AttemptResult | undefined): void {
    attempt.result = result;
    attempt.underWay = false;
    this.underWay.delete(attempt);
  }

  acted(action: ActionRecord): void {
    action.attempt.message.actions.push(action);
    this.actions += 1;
  }

  concluded(record: MessageRecord, outcome: Outcome): void {
    record.outcome = outcome;
    this.open.delete(record);
  }
}
