import type { HubError } from '../../src/base/error.ts';
import { createFakeClock, type FakeClock } from '../../src/base/fake-clock.ts';
import { Feed } from '../../src/base/feed.ts';
import type { HealthStatus } from '../../src/base/health-status.ts';
import type { Message } from '../../src/base/message.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { Target } from '../../src/base/target.ts';
import {
  type AttemptResult,
  type Endpoint,
  type Protocol,
  protocols,
  type SendOptions as TransportOptions,
} from '../../src/base/transport.ts';
import { DeliveryCore } from '../../src/messaging/delivery-core.ts';
import type { Delivery, SendOptions } from '../../src/messaging/delivery.ts';
import type { Provider } from '../../src/messaging/directory.ts';
import { endpointOf, messageTo, options } from '../../src/messaging/fleet.fixture.ts';
import type { BreakerSnapshot } from '../../src/resilience/breaker-board.ts';
import type { Policy, PolicyMatch } from '../../src/resilience/policy.ts';
import { PolicyBook } from '../../src/resilience/policy-book.ts';

/** What happens when …: by the first column of the table of docs/resilience.md, what its third column shows. */
export type Scenarios = Readonly<Record<string, () => Promise<string>>>;

/** What a target does with an attempt: the result, at once or after a time; `'never'` answers no more. */
export type Act =
  | AttemptResult
  | { readonly result: AttemptResult; readonly afterMs: number }
  | 'never'
  | (() => { readonly result: AttemptResult; readonly afterMs: number });

export interface Ask extends Partial<
  Pick<Message, 'id' | 'type' | 'kind' | 'priority' | 'source' | 'sender'>
> {
  readonly to?: Target;
  readonly data?: string;
  readonly correlationId?: string;
  readonly options?: Partial<SendOptions>;
}

/** How one message ended. */
export interface Told {
  /** `a timeout, b ok → delivered`: each attempt with its reason, and the end. */
  readonly line: string;
  readonly delivery: Delivery;
  readonly error: HubError | undefined;
}

const anything: PolicyMatch = {
  messageTypes: [],
  kinds: [],
  sources: [],
  systemIds: [],
  types: [],
  capabilities: [],
};

/** A policy for every message unless `match` says otherwise. */
export function policy(
  rest: Partial<Omit<Policy, 'match'>> & { readonly match?: Partial<PolicyMatch> } = {},
): Policy {
  return { name: 'p', ...rest, match: { ...anything, ...rest.match } };
}

/** Real delivery on a clock that is told to move, with targets that do as they are told. All systems are of the type `ledger`. */
export class World {
  readonly clock: FakeClock = createFakeClock();
  readonly core: DeliveryCore;
  readonly book: PolicyBook;
  readonly statuses = new Map<string, HealthStatus>();
  /** Systems in the order in which attempts reached them. */
  readonly asked: string[] = [];
  readonly #acts = new Map<string, Act[]>();
  readonly #providers: Provider[];
  #messages = 0;

  constructor(
    systems: readonly (string | (Partial<Provider> & { readonly systemId: string }))[],
    policies: readonly Policy[] = [],
  ) {
    this.#providers = systems.map((system) => {
      const given = typeof system === 'string' ? { systemId: system } : system;
      return {
        type: 'ledger',
        capabilities: [],
        weight: 1,
        zone: '',
        endpoints: [endpointOf(given.systemId)],
        ...given,
      };
    });
    this.book = new PolicyBook(policies);
    const transport = { send: this.#send.bind(this) };
    this.core = new DeliveryCore({
      clock: this.clock,
      random: seededRandom(7),
      directory: {
        find: (target) => this.#providers.filter((provider) => isProvider(provider, target)),
        zoneOf: (systemId) => this.#provider(systemId)?.zone ?? '',
      },
      vitals: { routingStatus: (systemId) => this.statuses.get(systemId) ?? 'HEALTHY' },
      transports: Object.fromEntries(protocols.map((protocol) => [protocol, transport])) as Record<
        Protocol,
        typeof transport
      >,
      policies: this.book,
      targetOf: (systemId) => {
        const provider = this.#provider(systemId);
        return { systemId, type: provider?.type, capabilities: provider?.capabilities ?? [] };
      },
      forcedBreakers: { load: async () => [], save: async () => undefined, remove: async () => undefined },
      breakerFeed: new Feed<BreakerSnapshot>({ clock: this.clock }),
      deliveriesKept: 10_000,
      observe: () => undefined,
      onFault: (error) => {
        throw error;
      },
    });
    for (const { endpoints } of this.#providers) {
      for (const endpoint of endpoints) this.core.ensure(endpoint);
    }
  }

  /** From now on a system does these one after the other; the last one again and again. */
  does(systemId: string, ...acts: readonly Act[]): void {
    this.#acts.set(systemId, [...acts]);
  }

  /** From now on a system works on so many attempts at a time, each of them as long; more wait for their turn there. */
  serves(systemId: string, capacity: { readonly atOnce: number; readonly eachMs: number }): void {
    const freeMs = Array<number>(capacity.atOnce).fill(0);
    this.does(systemId, () => {
      const nowMs = this.clock.now();
      const place = freeMs.indexOf(Math.min(...freeMs));
      const endMs = Math.max(nowMs, freeMs[place] ?? 0) + capacity.eachMs;
      freeMs[place] = endMs;
      return { result: ok, afterMs: endMs - nowMs };
    });
  }

  /** Begins a delivery. Its outcome comes as the clock moves on. */
  begin(ask: Ask = {}): { readonly told: Promise<Told>; readonly signal: AbortController } {
    const { to = { by: 'type', type: 'ledger' }, data = '', options: given, ...rest } = ask;
    this.#messages += 1;
    const message = messageTo(to, this.clock, {
      id: `m-${this.#messages}`,
      kind: 'QUERY',
      data: new TextEncoder().encode(data),
      ...rest,
    });
    const signal = new AbortController();
    const told = this.core.dispatcher
      .send(message, options({ signal: signal.signal, ...given }))
      .then(
        ({ delivery }) => ({ delivery, error: undefined }),
        (thrown: unknown) => ({ delivery: this.core.log.get(message.id), error: thrown as HubError }),
      )
      .then((ended) => ({ ...ended, line: lineOf(ended.delivery, ended.error) }));
    return { told, signal };
  }

  /** Delivers a message, the clock running until it ended. */
  async send(ask: Ask = {}): Promise<Told> {
    const [told] = await this.sendAll([ask]);
    if (told === undefined) throw new Error('nothing was sent');
    return told;
  }

  /** Begins them all at this instant, and lets the clock run until all have ended. */
  async sendAll(asks: readonly Ask[]): Promise<readonly Told[]> {
    let open = asks.length;
    const all = asks.map((ask) => this.begin(ask).told.finally(() => (open -= 1)));
    for (let turns = 0; open > 0; turns += 1) {
      if (turns > 100_000) throw new Error('a delivery does not end');
      await this.clock.advance(turns === 0 ? 0 : 10);
    }
    return Promise.all(all);
  }

  /** Delivers so many messages, one after the other. */
  async sendTimes(times: number, ask: Ask = {}): Promise<readonly Told[]> {
    const told: Told[] = [];
    while (told.length < times) told.push(await this.send(ask));
    return told;
  }

  breaker(systemId: string, messageType = ''): string {
    return this.core.breakers.get(endpointOf(systemId), messageType)?.state ?? 'none';
  }

  #provider(systemId: string): Provider | undefined {
    return this.#providers.find((provider) => provider.systemId === systemId);
  }

  async #send({ systemId }: Endpoint, _: Message, given: TransportOptions): Promise<AttemptResult> {
    this.asked.push(systemId);
    const acts = this.#acts.get(systemId) ?? [];
    const next = (acts.length > 1 ? acts.shift() : acts[0]) ?? ok;
    const act = typeof next === 'function' ? next() : next;
    if (act !== 'never' && 'verdict' in act) return act;
    const leftMs = given.attemptDeadlineMs - this.clock.now();
    const afterMs = act === 'never' ? Infinity : act.afterMs;
    try {
      await this.clock.sleep(Math.min(leftMs, afterMs), given.signal);
    } catch {
      return { ...timedOut, reason: 'cancelled', detail: 'the caller went away' };
    }
    return act === 'never' || afterMs > leftMs ? timedOut : act.result;
  }
}

export const ok: AttemptResult = {
  verdict: 'OK',
  reason: 'ok',
  status: '200',
  detail: 'HTTP 200',
  reply: { status: '200', contentType: 'text/plain', headers: {}, data: new TextEncoder().encode('pong') },
};
export const refused: AttemptResult = {
  verdict: 'NOT_REACHED',
  reason: 'connect_refused',
  status: '',
  detail: 'connection refused',
};
export const busy: AttemptResult = {
  verdict: 'NOT_EXECUTED',
  reason: 'rate_limited',
  status: '429',
  detail: 'HTTP 429',
};
export const rejected: AttemptResult = {
  verdict: 'REJECTED',
  reason: 'rejected',
  status: '404',
  detail: 'HTTP 404',
};
export const broken: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'target_error',
  status: '503',
  detail: 'HTTP 503',
};
export const reset: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'reset',
  status: '',
  detail: 'the connection broke',
};
export const timedOut: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'timeout',
  status: '',
  detail: 'no answer in time',
};

function isProvider({ systemId, type, capabilities }: Provider, target: Target): boolean {
  switch (target.by) {
    case 'system':
      return systemId === target.systemId;
    case 'type':
      return type === target.type;
    case 'capability':
      return capabilities.includes(target.capability);
  }
}

function lineOf({ attempts, fallbackUsed, cached }: Delivery, error: HubError | undefined): string {
  const tried = attempts.map(({ systemId, reason }) => `${systemId} ${reason}`).join(', ');
  const by = cached ? ' from the cache' : fallbackUsed === '' ? '' : ` by ${fallbackUsed}`;
  const end = error === undefined ? `delivered${by}` : error.reason;
  return tried === '' ? end : `${tried} → ${end}`;
}

/** How a delivery ended, without its attempts. */
export const endOf = ({ line }: Told): string => line.split(' → ').at(-1) ?? '';

/** `3 delivered, 7 BREAKER_OPEN`: how many of each, in the order in which they first came. */
export function counted(ends: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const end of ends) counts.set(end, (counts.get(end) ?? 0) + 1);
  return [...counts].map(([end, count]) => `${count} ${end}`).join(', ');
}
