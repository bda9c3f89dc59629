import { createSecureServer, createServer } from 'node:http2';
import type { SecureServerOptions, ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '#gen/standard/google/rpc/error_details_pb.js';
import type { SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import {
  HealthService,
  type WatchHealthResponseSchema,
} from '#gen/switchyard/health/v1/health_service_pb.js';
import { DeliveryState, Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type {
  ExplainRouteRequest,
  SendMessageRequest,
} from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { LeaseRenewal, RegisterSystemRequest } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import {
  ResilienceService,
  type WatchBreakersResponseSchema,
} from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { createFakeCatalogs } from './fake-catalogs.ts';

/** An event of WatchHealth. */
export type HealthEvent = MessageInitShape<typeof WatchHealthResponseSchema>;
type BreakerEvent = MessageInitShape<typeof WatchBreakersResponseSchema>;

/**
 * A hub of the contract's shapes over real sockets, with answers that a test can foresee: it keeps registrations,
 * echoes messages, and sends watchers the events that the test pushes.
 */
export interface FakeHub extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly systems: Map<string, System>;
  readonly registrations: RegisterSystemRequest[];
  readonly sent: SendMessageRequest[];
  readonly explained: ExplainRouteRequest[];
  /** Resume tokens with which WatchHealth was opened. */
  readonly healthTokens: string[];
  readonly renewals: string[];
  /** What `authorization` said in each call of GetRegistrySummary; empty for nothing. */
  readonly authorizations: string[];
  /** Sends an event to every watcher of health. */
  pushHealth(event: HealthEvent): void;
  pushBreakers(event: BreakerEvent): void;
  /** Breaks every connection, as a hub that dies. */
  breakConnections(): void;
}

/** The error that the hub would answer with. */
export function hubFailure(
  reason: string,
  code: Code,
  message: string,
  details: {
    readonly violations?: { field: string; description: string }[];
    readonly retryAfterMs?: number;
  } = {},
): ConnectError {
  return new ConnectError(message, code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: 'switchyard.dev', metadata: { executed: 'no' } } },
    ...(details.violations === undefined
      ? []
      : [{ desc: BadRequestSchema, value: { fieldViolations: details.violations } }]),
    ...(details.retryAfterMs === undefined
      ? []
      : [{ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(details.retryAfterMs) } }]),
  ]);
}

/** One system's health for events and answers. */
export function healthOf(
  systemId: string,
  status: HealthStatus,
  cause = '',
): MessageInitShape<typeof SystemHealthSchema> {
  const statusTime = timestampFromMs(Date.UTC(2026, 0, 2, 3, 4, 5));
  return {
    systemId,
    status,
    cause,
    statusTime,
    latency: durationFromMs(12),
    interfaces: [{ name: 'rest_api', status, cause, statusTime }],
  };
}

/** `tls`: speaks https only. */
export async function startFakeHub(port = 0, tls?: SecureServerOptions): Promise<FakeHub> {
  const health = new Broadcast<HealthEvent>();
  const breakers = new Broadcast<BreakerEvent>();
  const record = {
    systems: new Map<string, System>(),
    registrations: [] as RegisterSystemRequest[],
    sent: [] as SendMessageRequest[],
    explained: [] as ExplainRouteRequest[],
    healthTokens: [] as string[],
    renewals: [] as string[],
    authorizations: [] as string[],
  };
  const incarnations = new Map<string, string>();
  const catalogs = createFakeCatalogs(record.systems, hubFailure);
  const routes = (router: ConnectRouter): void => {
    router.service(RegistryService, {
      ...catalogs.registry,
      registerSystem(request) {
        const system = request.system;
        if (system === undefined || system.type === '' || system.version === '') {
          throw hubFailure(
            'INVALID_FIELD',
            Code.InvalidArgument,
            'system.type: is empty; system.version: is empty',
            {
              violations: [
                { field: 'system.type', description: 'is empty; a slug is required' },
                { field: 'system.version', description: 'is empty; required' },
              ],
            },
          );
        }
        record.registrations.push(request);
        const registrationId = `registration-${record.registrations.length}`;
        if (!request.validateOnly) {
          record.systems.set(system.id, system);
          incarnations.set(system.id, registrationId);
        }
        return { system, registrationId };
      },
      deregisterSystem: ({ systemId }) => {
        const system = known(record.systems, systemId);
        record.systems.delete(systemId);
        return { system };
      },
      getSystem: ({ systemId }) => ({ system: known(record.systems, systemId) }),
      listSystems({ filter, pageToken }) {
        // One system a page, so that a client that forgets the rest is found out.
        const matching = [...record.systems.values()].filter(
          ({ id, type }) =>
            id.startsWith(filter?.idPrefix ?? '') &&
            (filter?.types.length ? filter.types.includes(type) : true),
        );
        const at = Number(pageToken === '' ? 0 : pageToken);
        return {
          systems: matching.slice(at, at + 1),
          nextPageToken: at + 1 < matching.length ? String(at + 1) : '',
        };
      },
      renewLeases({ renewals }) {
        record.renewals.push(...renewals.map(({ registrationId }) => registrationId));
        const isCurrent = ({ systemId, registrationId }: LeaseRenewal): boolean =>
          record.systems.has(systemId) && incarnations.get(systemId) === registrationId;
        return {
          renewed: renewals.filter(isCurrent).map(({ systemId }) => ({ systemId })),
          lost: renewals
            .filter((renewal) => !isCurrent(renewal))
            .map(({ systemId }) => ({ systemId, reason: 'LEASE_LOST' })),
        };
      },
      getRegistrySummary: (_request, { requestHeader }) => {
        const authorization = requestHeader.get('authorization') ?? '';
        record.authorizations.push(authorization);
        if (authorization === 'Bearer expired') {
          throw hubFailure('UNAUTHENTICATED', Code.Unauthenticated, 'this key has been revoked');
        }
        if (authorization === 'Bearer reader') {
          throw hubFailure('PERMISSION_DENIED', Code.PermissionDenied, 'the role readonly may not');
        }
        return {
          summary: {
            systems: record.systems.size,
            byType: { ledger: record.systems.size },
            byProtocol: [{ protocol: Protocol.HTTP, systems: record.systems.size }],
          },
        };
      },
    });
    router.service(MessagingService, {
      sendMessage(request) {
        record.sent.push(request);
        const { message } = request;
        if (message?.type === 'fails' || message?.headers['fail'] === 'yes') {
          throw hubFailure('BREAKER_OPEN', Code.Unavailable, 'every breaker of type ledger is open', {
            retryAfterMs: 12_000,
          });
        }
        return {
          reply: {
            status: '200',
            contentType: message?.contentType ?? '',
            payload: message?.payload ?? { case: undefined },
          },
          delivery: { ...delivery(message?.id ?? ''), state: DeliveryState.DELIVERED },
        };
      },
      getDelivery: ({ deliveryId }) => ({ delivery: delivery(deliveryId) }),
      explainRoute(request) {
        record.explained.push(request);
        return {
          plan: {
            candidates: [
              {
                systemId: 'ledger_1',
                interface: 'rest_api',
                protocol: Protocol.HTTP,
                usable: true,
                reason: 'least loaded',
                status: HealthStatus.HEALTHY,
                breaker: BreakerState.CLOSED,
              },
              {
                systemId: 'ledger_2',
                usable: false,
                reason: 'its lease ran out',
                status: HealthStatus.DISCONNECTED,
              },
            ],
            repeatSafety: RepeatSafety.SAFE,
            repeatSafetyFrom: 'kind',
            attempts: 3,
            timeout: durationFromMs(60_000),
            initialDelay: durationFromMs(200),
            delayFactor: 2,
            maxDelay: durationFromMs(30_000),
            balance: 'LEAST_LOADED',
            policies: ['reads'],
            provenance: { 'retry.attempts': 'reads' },
            policy: {
              timeout: durationFromMs(60_000),
              retry: { attempts: 3, initialDelay: durationFromMs(200), factor: 2 },
            },
          },
        };
      },
    });
    router.service(HealthService, {
      getHealth: ({ systemId }) => ({
        health: healthOf(known(record.systems, systemId).id, HealthStatus.HEALTHY),
      }),
      checkHealth: ({ systemId }) => ({
        health: [healthOf(systemId || 'all', HealthStatus.HEALTHY, 'HTTP 200')],
      }),
      listHealth: () => ({
        health: [
          healthOf('ledger_1', HealthStatus.HEALTHY),
          healthOf('ledger_2', HealthStatus.UNHEALTHY, 'connection refused'),
        ],
      }),
      getHealthSummary: () => ({
        summary: {
          systems: 2,
          byStatus: [
            { status: HealthStatus.UNHEALTHY, systems: 1 },
            { status: HealthStatus.HEALTHY, systems: 1 },
          ],
          notWell: [healthOf('ledger_2', HealthStatus.UNHEALTHY, 'connection refused')],
        },
      }),
      watchHealth({ resumeToken }, { signal }) {
        record.healthTokens.push(resumeToken);
        return health.follow(signal);
      },
    });
    router.service(ResilienceService, {
      ...catalogs.resilience,
      listBreakers: ({ states }) => ({
        breakers: [
          { systemId: 'ledger_1', interface: 'rest_api', state: BreakerState.CLOSED },
          {
            systemId: 'ledger_2',
            interface: 'grpc',
            state: BreakerState.OPEN,
            failures: 5,
            cause: '5 failures',
          },
        ].filter(({ state }) => states.length === 0 || states.includes(state)),
      }),
      watchBreakers: (_request, { signal }) => breakers.follow(signal),
      tripBreaker: ({ systemId, interface: name, messageType, state }) => ({
        breakers: [
          { systemId, interface: name || 'grpc', messageType, state: state || BreakerState.FORCED_OPEN },
        ],
      }),
      listBreakerTransitions: ({ systemId, pageSize, pageToken }) => {
        // Three changes: each page gives as many as it may, numbered from the newest.
        const first = Number(pageToken || '0');
        const numbers = [0, 1, 2].slice(first, first + pageSize);
        return {
          transitions: numbers.map((number) => ({
            systemId: systemId || 'ledger_2',
            interface: 'grpc',
            messageType: number === 2 ? 'pay' : '',
            from: BreakerState.CLOSED,
            to: BreakerState.OPEN,
            time: { seconds: 1_790_000_000n - BigInt(number) },
            cause: `cause ${number}`,
          })),
          nextPageToken: first + pageSize < 3 ? String(first + pageSize) : '',
        };
      },
      simulatePolicy: ({ policy, startTime, seed }) => {
        const outcome = { delivered: 90, failed: 10, attempts: 120, retries: 20 };
        const latencyP50 = { nanos: 1_500_000 };
        return {
          simulation: {
            deliveries: 100,
            matched: 60,
            startTime: startTime ?? { seconds: 1_790_000_000n },
            endTime: { seconds: 1_790_000_060n },
            recorded: { ...outcome, latencyP50, reasons: { TARGET_FAILED: 10 } },
            current: { ...outcome, latencyP50, reasons: { TARGET_FAILED: 10 } },
            proposed: {
              ...outcome,
              delivered: 70,
              failed: 30,
              attempts: 100,
              retries: 0,
              latencyP50: { nanos: 900_000 },
              reasons: { TARGET_FAILED: 28, BREAKER_OPEN: 2 },
            },
            assumptions: [`seed ${seed} is taken`, `${policy?.name} is only proposed`],
          },
        };
      },
      resetBreaker: ({ systemId, interface: name }) => ({
        breakers: [{ systemId, interface: name || 'grpc', state: BreakerState.CLOSED }],
      }),
    });
  };
  const handler = connectNodeAdapter({ routes });
  const server = tls === undefined ? createServer(handler) : createSecureServer(tls, handler);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve());
  });
  const bound = (server.address() as AddressInfo).port;
  const breakConnections = (): void => sessions.forEach((session) => session.destroy());
  return {
    ...record,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${bound}`,
    port: bound,
    pushHealth: (event) => health.push(event),
    pushBreakers: (event) => breakers.push(event),
    breakConnections,
    async [Symbol.asyncDispose]() {
      breakConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function known(systems: ReadonlyMap<string, System>, id: string): System {
  const system = systems.get(id);
  if (system === undefined) {
    throw hubFailure('SYSTEM_NOT_FOUND', Code.NotFound, `No system is registered as "${id}".`);
  }
  return system;
}

function delivery(id: string) {
  return {
    id,
    messageId: id,
    state: DeliveryState.FAILED,
    systemId: 'ledger_1',
    latency: durationFromMs(7),
    attempts: [
      {
        number: 1,
        systemId: 'ledger_2',
        interface: 'grpc',
        verdict: Verdict.NOT_REACHED,
        reason: 'connect_refused',
        latency: durationFromMs(1),
        backoff: durationFromMs(4),
      },
      {
        number: 2,
        systemId: 'ledger_1',
        interface: 'rest_api',
        verdict: Verdict.OK,
        reason: 'ok',
        status: '200',
        latency: durationFromMs(2),
      },
    ],
  };
}

/** Events for every follower, from the moment it follows. */
class Broadcast<Event> {
  readonly #followers = new Set<(event: Event) => void>();

  push(event: Event): void {
    for (const follower of this.#followers) follower(event);
  }

  async *follow(signal: AbortSignal): AsyncGenerator<Event> {
    const queue: Event[] = [];
    let wake = (): void => undefined;
    const follower = (event: Event): void => {
      queue.push(event);
      wake();
    };
    this.#followers.add(follower);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#followers.delete(follower);
    }
  }
}
