import type { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import type { HealthStatus } from '../base/health-status.ts';
import type { Message } from '../base/message.ts';
import { seededRandom } from '../base/random.ts';
import type { Target } from '../base/target.ts';
import {
  type AttemptResult,
  type Endpoint,
  type Protocol,
  protocols,
  type SendOptions as TransportOptions,
} from '../base/transport.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import { LoadBoard } from '../resilience/load-board.ts';
import type { Policy } from '../resilience/policy.ts';
import { defaultPolicy } from '../resilience/policy-fields.ts';
import { resolvePolicy } from '../resilience/policy-match.ts';
import { methodRepeatSafety } from '../resilience/repeat-safety.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { Turns } from '../resilience/turns.ts';
import { DeliveryLog } from './delivery-log.ts';
import type { AttemptOutcome, SendOptions } from './delivery-run.ts';
import type { Provider } from './directory.ts';
import { Dispatcher } from './dispatch.ts';
import { Router } from './route.ts';

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

/** A fleet of systems whose transports do as they are told; everything between is real. */
export function createFleet(
  systems: Record<string, Partial<Provider> & { status?: HealthStatus }>,
  policies: Policy[] = [],
) {
  const clock = createFakeClock();
  const random = seededRandom(7);
  const behaviours = new Map<string, Behaviour>();
  const sent: { system: string; attempt: number; atMs: number; timeoutMs: number }[] = [];
  const observed: AttemptOutcome[] = [];
  const statuses = new Map<string, HealthStatus>();
  const providers = Object.entries(systems).map(([systemId, { status, ...rest }]): Provider => {
    if (status !== undefined) statuses.set(systemId, status);
    return {
      systemId,
      type: 'ledger',
      capabilities: ['book'],
      weight: 1,
      zone: '',
      endpoints: [endpointOf(systemId)],
      ...rest,
    };
  });
  const breakers = new BreakerBoard({
    clock,
    feed: new Feed<BreakerSnapshot>({ clock }),
    forced: { load: async () => [], save: async () => undefined, remove: async () => undefined },
    configOf: () => defaultPolicy.breaker,
    onFault: (error) => {
      throw error;
    },
  });
  for (const { endpoints } of providers) for (const endpoint of endpoints) breakers.ensure(endpoint);
  const loads = new LoadBoard({ clock });
  const router = new Router({
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
    breakers,
    loads,
    turns: new Turns(),
    random,
    routeRepeatSafety: (_protocol, { method }) =>
      typeof method === 'string' ? methodRepeatSafety(method) : undefined,
    policyOf: (subject) => resolvePolicy(policies, subject),
  });
  const transport = {
    async send(endpoint: Endpoint, message: Message, options: TransportOptions): Promise<AttemptResult> {
      sent.push({
        system: endpoint.systemId,
        attempt: options.attempt,
        atMs: clock.now(),
        timeoutMs: options.attemptDeadlineMs - clock.now(),
      });
      return (behaviours.get(endpoint.systemId) ?? (() => ok))(options, message);
    },
  };
  const log = new DeliveryLog(5);
  const budget = new RetryBudget();
  const dispatcher = new Dispatcher({
    router,
    transports: Object.fromEntries(protocols.map((protocol) => [protocol, transport])) as Record<
      Protocol,
      typeof transport
    >,
    breakers,
    loads,
    budget,
    log,
    clock,
    random,
    observe: (outcome) => observed.push(outcome),
  });
  return { clock, behaviours, sent, observed, statuses, breakers, loads, router, log, budget, dispatcher };
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
