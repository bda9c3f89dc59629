import type { Clock, Timer } from '../../../src/base/clock.ts';
import { HubError } from '../../../src/base/error.ts';
import {
  type Message,
  type MessageKind,
  priorities,
  repeatSafeties,
  type RepeatSafety,
} from '../../../src/base/message.ts';
import { type Target, targetToString } from '../../../src/base/target.ts';
import type { SendOptions } from '../../../src/messaging/delivery.ts';
import type { RouteQuestion } from '../../../src/messaging/route.ts';
import type { Draws } from '../draws.ts';
import { type Ledger, type MessageRecord, messageText, type Outcome } from '../ledger.ts';
import type { HubProcess } from './hub-process.ts';
import { randomTarget } from './random-policy.ts';
import type { Topology } from './topology.ts';

export interface CallersOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly topology: Topology;
  readonly ledger: Ledger;
  /** The hub, if it takes calls now. */
  readonly hub: () => HubProcess | undefined;
  readonly observer: { sent(record: MessageRecord): void; concluded(record: MessageRecord): void };
  readonly log: (text: string) => void;
}

/** A message as its caller wants it. */
export interface Wish {
  readonly type: string;
  readonly kind: MessageKind;
  readonly target: Target;
  /** A text that stands for the payload. */
  readonly question: string;
  readonly sender: string;
  readonly repeatSafety?: RepeatSafety;
  /** Time that the caller gives, in ms. */
  readonly callerMs?: number;
  readonly timeoutMs?: number;
  readonly ttlMs?: number;
  readonly maxAttempts?: number;
  /** The caller goes away after this, in ms. */
  readonly abortMs?: number;
}

const kindOf: Readonly<Record<string, MessageKind>> = { read: 'QUERY', put: 'COMMAND', post: 'REQUEST' };

/** Whoever sends messages: one by one, and in bursts. */
export class Callers {
  readonly #options: CallersOptions;
  #next: Timer | undefined;
  readonly #direct: Timer[] = [];
  #sent = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** Sends messages from now on, one every `everyMs` on average; some of them in bursts. */
  begin(everyMs: number): void {
    this.stop();
    const { clock, draws } = this.#options;
    const again = (): void => {
      this.#next = clock.after(draws.exponential(everyMs), () => {
        const count = draws.chance(0.05) ? draws.int(5, 30) : 1;
        const wish = this.randomWish();
        for (let index = 0; index < count; index += 1) {
          this.send(index === 0 || draws.chance(0.7) ? wish : this.randomWish());
        }
        again();
      });
    };
    again();
  }

  stop(): void {
    this.#next?.cancel();
    for (const timer of this.#direct.splice(0)) timer.cancel();
  }

  /** Sends to each system itself now and then, so that one that works cannot be without traffic. */
  beginDirect(everyMs: number): void {
    const { clock, topology } = this.#options;
    for (const { id, type } of topology.systems) {
      const wish: Wish = {
        type: `${type}.post`,
        kind: 'REQUEST',
        target: { by: 'system', systemId: id },
        question: 'are you there?',
        // A caller of its own, whose rate nobody else uses up.
        sender: `friend of ${id}`,
        callerMs: 10_000,
      };
      this.#direct.push(clock.every(everyMs, () => this.send(wish)));
    }
  }

  randomWish(): Wish {
    const { draws, topology } = this.#options;
    const type = draws.pick(topology.types);
    const messageType = draws.pick(type.messageTypes);
    const target = draws.chance(0.7) ? this.#targetOf(type.name) : randomTarget(draws, topology);
    const kind = kindOf[messageType.slice(messageType.lastIndexOf('.') + 1)] ?? 'REQUEST';
    return {
      type: messageType,
      kind,
      target,
      question: `question ${draws.int(1, 3)}`,
      sender: draws.pick(['ann', 'bob', 'cleo']),
      ...(kind === 'COMMAND' || draws.chance(0.2) ? { repeatSafety: draws.pick(repeatSafeties) } : {}),
      ...(draws.chance(0.6) ? { callerMs: draws.pick([150, 1000, 5000, 20_000]) } : {}),
      ...(draws.chance(0.2) ? { timeoutMs: draws.pick([300, 2000, 15_000]) } : {}),
      ...(draws.chance(0.1) ? { ttlMs: draws.pick([500, 5000]) } : {}),
      ...(draws.chance(0.1) ? { maxAttempts: draws.int(1, 5) } : {}),
      ...(draws.chance(0.04) ? { abortMs: draws.exponential(300) } : {}),
    };
  }

  /** Sends a message; nothing happens while no hub takes calls. */
  send(wish: Wish): MessageRecord | undefined {
    const { clock, ledger, observer, log } = this.#options;
    const hub = this.#options.hub();
    if (hub === undefined) return undefined;
    const abort = new AbortController();
    const message = this.#messageOf(wish);
    const options: SendOptions = {
      callerDeadlineMs: wish.callerMs === undefined ? Infinity : clock.now() + wish.callerMs,
      timeoutMs: wish.timeoutMs,
      repeatSafety: wish.repeatSafety,
      returnRejections: this.#sent % 7 === 0,
      signal: abort.signal,
    };
    const record = this.#recordOf(hub, message, options);
    log(`send ${messageText(record)} to ${targetToString(message.target)} from ${message.sender}`);
    ledger.sent(record);
    observer.sent(record);
    if (wish.abortMs !== undefined) {
      const gone = clock.after(wish.abortMs, () => {
        if (record.outcome !== undefined || !hub.alive) return;
        log(`caller of ${message.id} goes away`);
        abort.abort(new HubError({ reason: 'CANCELLED', message: 'The caller went away.' }));
      });
      abort.signal.addEventListener('abort', () => gone.cancel(), { once: true });
    }
    hub.core.dispatcher.send(message, options).then(
      (delivered) => this.#concluded(record, { kind: 'delivered', delivered }),
      (thrown: unknown) =>
        this.#concluded(
          record,
          thrown instanceof HubError ? { kind: 'failed', error: thrown } : { kind: 'defect', thrown },
        ),
    );
    return record;
  }

  /** The hub died: nobody learns any more how its messages ended. */
  lose(hub: number): void {
    for (const record of [...this.#options.ledger.open]) {
      if (record.hub === hub) this.#concluded(record, { kind: 'lost' });
    }
  }

  #concluded(record: MessageRecord, outcome: Outcome): void {
    const { ledger, observer, log } = this.#options;
    log(`outcome ${record.message.id} ${outcomeText(outcome)}`);
    if (record.outcome?.kind === 'lost') return;
    ledger.concluded(record, outcome);
    observer.concluded(record);
  }

  #messageOf(wish: Wish): Message {
    const { clock, draws, topology } = this.#options;
    this.#sent += 1;
    const nowMs = clock.now();
    return {
      id: `m${this.#sent}`,
      source: draws.chance(0.5) ? draws.pick(topology.systems).id : '',
      target: wish.target,
      kind: wish.kind,
      type: wish.type,
      priority: draws.pick(priorities),
      createTimeMs: nowMs,
      acceptTimeMs: nowMs,
      ...(wish.ttlMs === undefined ? {} : { ttlMs: wish.ttlMs }),
      correlationId: draws.pick(['', 'a', 'b', 'c']),
      headers: draws.chance(0.5) ? { 'x-tenant': draws.pick(['red', 'blue']) } : {},
      contentType: 'text/plain',
      data: Buffer.from(wish.question),
      ...(wish.maxAttempts === undefined ? {} : { maxAttempts: wish.maxAttempts }),
      sender: wish.sender,
      traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
      hops: 1,
    };
  }

  #recordOf(hub: HubProcess, message: Message, options: SendOptions): MessageRecord {
    const question: RouteQuestion = {
      target: message.target,
      messageType: message.type,
      kind: message.kind,
      source: message.source,
      messageId: message.id,
      correlationId: message.correlationId,
      headers: message.headers,
      repeatSafety: options.repeatSafety,
      maxAttempts: message.maxAttempts,
      timeoutMs: options.timeoutMs,
    };
    const plan = hub.core.router.plan(question, { dryRun: true });
    return {
      message,
      options,
      hub: hub.number,
      expected: {
        repeatSafety: plan.repeatSafety.repeatSafety,
        policy: plan.policy.policy,
        callerRateFrom: plan.policy.provenance['limits.callerRate.perSecond'],
        deadlineMs: Math.min(
          options.callerDeadlineMs,
          message.acceptTimeMs + plan.timeoutMs,
          message.acceptTimeMs + (message.ttlMs ?? Infinity),
        ),
      },
      attempts: [],
      actions: [],
      outcome: undefined,
    };
  }

  #targetOf(type: string): Target {
    const { draws, topology } = this.#options;
    const systems = topology.systems.filter((system) => system.type === type);
    const system = draws.pick(systems);
    return draws.chance(0.25) && system !== undefined
      ? { by: 'system', systemId: system.id }
      : { by: 'type', type };
  }
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'delivered': {
      const { systemId, attempts, fallbackUsed, cached, stale } = outcome.delivered.delivery;
      const instead = fallbackUsed === '' ? '' : ` by fallback ${fallbackUsed}`;
      return `delivered by ${systemId} in ${attempts.length} attempts${instead}${cached ? ' cached' : ''}${stale ? ' stale' : ''}`;
    }
    case 'failed':
      return `${outcome.error.reason} executed ${outcome.error.executed ?? 'unsaid'}`;
    case 'defect':
      return `defect ${String(outcome.thrown)}`;
    case 'lost':
      return 'lost with its hub';
  }
}
