import type { Clock } from '../base/clock.ts';
import type { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import type { HealthStatus } from '../base/health-status.ts';
import type { Message } from '../base/message.ts';
import { seededRandom } from '../base/random.ts';
import { type Target, targetToString } from '../base/target.ts';
import {
  type AttemptResult,
  type Endpoint,
  type Protocol,
  protocols,
  type SendOptions as TransportOptions,
} from '../base/transport.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { Policy, PolicyMatch } from '../resilience/policy.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import { defaultPolicy } from '../resilience/policy-fields.ts';
import { methodRepeatSafety } from '../resilience/repeat-safety.ts';
import { DeliveryCore } from './delivery-core.ts';
import type { SendOptions } from './delivery.ts';
import type { AttemptOutcome, DeliveryEvent } from './delivery-ports.ts';
import type { Provider } from './directory.ts';

/** What a system's transport does with an attempt. */
export type Behaviour = (
  options: TransportOptions,
  message: Message,
) => Promise<AttemptResult> | AttemptResult;

export const reply = {
  status: '200',
  contentType: 'text/plain',
  headers: {},
  data: new TextEncoder().encode('pong'),
};
export const ok: AttemptResult = { verdict: 'OK', reason: 'ok', status: '200', detail: 'HTTP 200', reply };
export const refused: AttemptResult = {
  verdict: 'NOT_REACHED',
  reason: 'connect_refused',
  status: '',
  detail: 'connection refused',
};
export const busy: AttemptResult = {
  ...refused,
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
  reply: { ...reply, status: '404', data: new TextEncoder().encode('no such thing') },
};
export const broken: AttemptResult = {
  verdict: 'MAY_HAVE_ACTED',
  reason: 'target_error',
  status: '503',
  detail: 'HTTP 503',
  reply: { ...reply, status: '503' },
};
export const timedOut: AttemptResult = {
  ...refused,
  verdict: 'MAY_HAVE_ACTED',
  reason: 'timeout',
  detail: 'no answer in time',
};
export const cancelled: AttemptResult = {
  ...refused,
  verdict: 'MAY_HAVE_ACTED',
  reason: 'cancelled',
  detail: 'cancelled before the answer came',
};

/** A system of a fleet, and how it is. */
export type FleetSystem = Partial<Provider> & { readonly status?: HealthStatus };

/** A fleet of systems whose transports do as they are told; everything between is what a hub has (delivery-core.ts). */
export function createFleet(systems: Record<string, FleetSystem>, policies: readonly Policy[] = []) {
  const clock = createFakeClock();
  const behaviours = new Map<string, Behaviour>();
  const sent: Sent[] = [];
  const observed: AttemptOutcome[] = [];
  const events: DeliveryEvent[] = [];
  const statuses = new Map<string, HealthStatus>();
  const providers: Provider[] = [];
  const book = new PolicyBook(policies);
  const transport = {
    async send(endpoint: Endpoint, message: Message, options: TransportOptions): Promise<AttemptResult> {
      sent.push({
        system: endpoint.systemId,
        interface: endpoint.interface,
        attempt: options.attempt,
        atMs: clock.now(),
        timeoutMs: options.attemptDeadlineMs - clock.now(),
        deadlineMs: options.deadlineMs,
      });
      return (behaviours.get(endpoint.systemId) ?? (() => ok))(options, message);
    },
    routeRepeatSafety: ({ method }: Readonly<Record<string, unknown>>) =>
      typeof method === 'string' ? methodRepeatSafety(method) : undefined,
  };
  const core = new DeliveryCore({
    clock,
    random: seededRandom(7),
    directory: {
      find: (target: Target) =>
        providers.filter(
          (one) =>
            (target.by === 'system' && target.systemId === one.systemId) ||
            (target.by === 'type' && target.type === one.type) ||
            (target.by === 'capability' && one.capabilities.includes(target.capability)),
        ),
      zoneOf: (systemId) => providers.find((one) => one.systemId === systemId)?.zone ?? '',
    },
    vitals: { routingStatus: (systemId) => statuses.get(systemId) ?? 'HEALTHY' },
    transports: Object.fromEntries(protocols.map((protocol) => [protocol, transport])) as Record<
      Protocol,
      typeof transport
    >,
    policies: book,
    targetOf: (systemId) => {
      const system = providers.find((one) => one.systemId === systemId);
      return { systemId, type: system?.type, capabilities: system?.capabilities ?? [] };
    },
    forcedBreakers: { load: async () => [], save: async () => undefined, remove: async () => undefined },
    breakerFeed: new Feed<BreakerSnapshot>({ clock }),
    deliveriesKept: 5,
    observe: (outcome) => observed.push(outcome),
    note: (event) => events.push(event),
    onFault: (error) => {
      throw error;
    },
  });
  const add = (systemId: string, { status, ...rest }: FleetSystem = {}): void => {
    if (status !== undefined) statuses.set(systemId, status);
    const provider: Provider = {
      systemId,
      type: 'ledger',
      capabilities: ['book'],
      weight: 1,
      zone: '',
      endpoints: [endpointOf(systemId)],
      ...rest,
    };
    providers.push(provider);
    for (const endpoint of provider.endpoints) core.ensure(endpoint);
  };
  for (const [systemId, system] of Object.entries(systems)) add(systemId, system);
  const { breakers, loads, router, log, dispatcher } = core;
  return {
    core,
    clock,
    behaviours,
    sent,
    observed,
    events,
    statuses,
    breakers,
    loads,
    router,
    log,
    dispatcher,
    /** Registers another system. */
    add,
    /** Puts these policies in place of those that there are. */
    setPolicies: (now: readonly Policy[]) => book.setConfiguration(now),
    /** The retry budget of a target, with the default settings. */
    budgetOf: (target: Target) => core.budgets.of(targetToString(target), defaultPolicy.retryBudget),
  };
}

/** An attempt that a transport was asked to make. */
export interface Sent {
  readonly system: string;
  readonly interface: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
}

/** A policy for everything, or for what `match` names. */
export function policy(settings: Omit<Partial<Policy>, 'match'>, match: Partial<PolicyMatch> = {}): Policy {
  return {
    name: 'test',
    ...settings,
    match: { messageTypes: [], kinds: [], sources: [], systemIds: [], types: [], capabilities: [], ...match },
  };
}

/** A policy that says how many attempts there are. */
export function retryPolicy(attempts: number): Policy {
  return policy({ retry: { attempts } });
}

/** A target that takes the message and never answers. */
export function hangUntilDeadline({
  clock,
}: {
  readonly clock: { now(): number; sleep(ms: number): Promise<void> };
}): Behaviour {
  return async ({ attemptDeadlineMs }) => {
    await clock.sleep(attemptDeadlineMs - clock.now());
    return timedOut;
  };
}

/** A target that answers so after a time, unless the caller goes away or gives up first. */
export function after(ms: number, result: AttemptResult, clock: Clock): Behaviour {
  return async ({ signal, attemptDeadlineMs }) => {
    const takesMs = Math.min(ms, attemptDeadlineMs - clock.now());
    try {
      await clock.sleep(takesMs, signal);
    } catch {
      return cancelled;
    }
    return takesMs < ms ? timedOut : result;
  };
}

export function endpointOf(systemId: string, name = 'rest'): Endpoint {
  return {
    systemId,
    interface: name,
    protocol: 'HTTP',
    uri: `http://${systemId}`,
    settings: {},
    routes: [],
    healthCheck: { kind: 'AUTO', path: '', service: '' },
  };
}

export function messageTo(target: Target, clock: { now(): number }, rest: Partial<Message> = {}): Message {
  return {
    id: 'm-1',
    source: '',
    target,
    kind: 'REQUEST',
    type: 'book_entry',
    priority: 'NORMAL',
    createTimeMs: clock.now(),
    acceptTimeMs: clock.now(),
    correlationId: '',
    headers: {},
    contentType: 'text/plain',
    data: new Uint8Array(),
    sender: 'anonymous',
    traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    hops: 1,
    ...rest,
  };
}

export const toSystem = (systemId: string): Target => ({ by: 'system', systemId });
export const toType: Target = { by: 'type', type: 'ledger' };

export function options(rest: Partial<SendOptions> = {}): SendOptions {
  return {
    callerDeadlineMs: Infinity,
    timeoutMs: undefined,
    repeatSafety: undefined,
    returnRejections: false,
    signal: new AbortController().signal,
    ...rest,
  };
}

/** Sends, and lets the fake clock run until the answer is there. */
export async function send(
  fleet: ReturnType<typeof createFleet>,
  message: Message,
  rest: Partial<SendOptions> = {},
) {
  const answered = { yet: false };
  const answer = fleet.dispatcher
    .send(message, options(rest))
    .then(
      (delivered) => ({ delivered, error: undefined }),
      (error: unknown) => ({ delivered: undefined, error: error as HubError }),
    )
    .finally(() => (answered.yet = true));
  for (let turn = 0; turn < 1000 && !answered.yet; turn += 1) await fleet.clock.advance(100);
  return answer;
}
