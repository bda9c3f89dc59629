import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Draws } from '../draws.ts';
import type { AttemptRecord } from '../ledger.ts';
import type { Answer } from './wire.ts';

/** How a target behaves. Shares are of 1; what remains goes well. */
export interface TargetCondition {
  /** Average time of one call's work, in ms. */
  serviceMs: number;
  /** Takes calls and never answers. */
  hung: boolean;
  /** Fails before it acts. */
  errorBefore: number;
  /** Acts, and fails then. */
  errorAfter: number;
  busy: number;
  notExecuted: number;
  refusal: number;
}

export const wellTarget: TargetCondition = {
  serviceMs: 60,
  hung: false,
  errorBefore: 0.02,
  errorAfter: 0.02,
  busy: 0.015,
  notExecuted: 0.015,
  refusal: 0.01,
};

/** A call as it arrives at a target. */
export interface TargetCall {
  readonly attempt: AttemptRecord;
  readonly answer: (answer: Answer) => void;
  /** The process died, and its system says so. */
  readonly broken: () => void;
}

export interface TargetOptions {
  readonly systemId: string;
  readonly clock: Clock;
  readonly draws: Draws;
  /** Calls that are worked on at once; others wait. */
  readonly slots: number;
  readonly condition: TargetCondition;
  readonly onAct: (attempt: AttemptRecord) => void;
  readonly onFault: (what: string) => void;
}

/** Calls that wait in a target before it turns further ones away. */
const queueMax = 100;

/** One process of a target: it works on some calls at once, queues others, acts, and answers. */
export class TargetProcess {
  readonly #options: TargetOptions;
  readonly #calls = new Map<TargetCall, Timer | undefined>();
  readonly #queue: TargetCall[] = [];
  #working = 0;
  alive = true;
  /** It ended, and its system closed its connections. */
  saidGoodbye = false;

  constructor(options: TargetOptions) {
    this.#options = options;
  }

  get systemId(): string {
    return this.#options.systemId;
  }

  /** Whether a health check finds it well; undefined: it says nothing. */
  get healthy(): boolean | undefined {
    const { hung, errorBefore, errorAfter } = this.#options.condition;
    return hung ? undefined : errorBefore + errorAfter < 0.7;
  }

  receive(call: TargetCall): void {
    const { draws, condition, slots, onFault } = this.#options;
    this.#calls.set(call, undefined);
    if (condition.hung) return;
    const { errorBefore, busy, notExecuted, refusal } = condition;
    const turnedAway =
      this.#queue.length >= queueMax
        ? 'errorBefore'
        : draws.byShare({ errorBefore, busy, notExecuted, refusal }, 'well');
    if (turnedAway !== 'well') {
      onFault(`target ${turnedAway}`);
      const answer = this.#withoutActing(turnedAway);
      this.#later(call, draws.between(0.2, 5), () => this.#answer(call, answer));
    } else if (this.#working >= slots) {
      this.#queue.push(call);
    } else {
      this.#work(call);
    }
  }

  /** Ends the process. `told`: its system resets the connections; else nobody hears anything any more. */
  kill(told: boolean): void {
    this.alive = false;
    this.saidGoodbye = told;
    for (const [call, timer] of this.#calls) {
      timer?.cancel();
      if (told) call.broken();
    }
    this.#calls.clear();
    this.#queue.length = 0;
  }

  #work(call: TargetCall): void {
    const { draws, condition, onAct, onFault } = this.#options;
    this.#working += 1;
    const serviceMs = 1 + draws.exponential(condition.serviceMs);
    this.#later(call, serviceMs * 0.8, () => {
      onAct(call.attempt);
      const fails = draws.chance(condition.errorAfter);
      if (fails) onFault('target errorAfter');
      this.#later(call, serviceMs * 0.2, () => {
        this.#working -= 1;
        this.#answer(call, fails ? this.#error() : replyTo(call.attempt, this.systemId));
        const next = this.#queue.shift();
        if (next !== undefined) this.#work(next);
      });
    });
  }

  #later(call: TargetCall, delayMs: number, then: () => void): void {
    this.#calls.set(call, this.#options.clock.after(delayMs, then));
  }

  #answer(call: TargetCall, answer: Answer): void {
    this.#calls.delete(call);
    call.answer(answer);
  }

  #withoutActing(kind: 'errorBefore' | 'busy' | 'notExecuted' | 'refusal'): Answer {
    switch (kind) {
      case 'errorBefore':
        return this.#error();
      case 'busy':
        return { kind: 'busy', ...this.#retryAfter() };
      case 'notExecuted':
        return { kind: 'not_executed' };
      case 'refusal':
        return { kind: 'refusal' };
    }
  }

  #error(): Answer {
    return { kind: 'error', unavailable: this.#options.draws.chance(0.5), ...this.#retryAfter() };
  }

  #retryAfter(): { retryAfterMs?: number } {
    const { draws } = this.#options;
    return draws.chance(0.3) ? { retryAfterMs: draws.int(1, 8) * 500 } : {};
  }
}

/** What a reply says: whose question it answers, so that an answer to another one shows. */
export interface ReplyText {
  readonly by: string;
  readonly messageId: string;
  readonly type: string;
  readonly kind: string;
  readonly question: string;
  readonly sender: string;
  readonly source: string;
  readonly tenant: string;
}

function replyTo({ message: { message } }: AttemptRecord, systemId: string): Answer {
  const text: ReplyText = {
    by: systemId,
    messageId: message.id,
    type: message.type,
    kind: message.kind,
    question: Buffer.from(message.data).toString(),
    sender: message.sender,
    source: message.source,
    tenant: message.headers['x-tenant'] ?? '',
  };
  return { kind: 'reply', data: Buffer.from(JSON.stringify(text)) };
}
