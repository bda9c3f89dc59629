import type { Message } from '../src/base/message.ts';
import type { AttemptResult, Endpoint, Protocol, SendOptions } from '../src/base/transport.ts';
import { protocols } from '../src/base/transport.ts';
import { systemClock } from '../src/base/clock.ts';
import { Feed } from '../src/base/feed.ts';
import { systemRandom } from '../src/base/random.ts';
import { HealthMonitor } from '../src/health/monitor.ts';
import { healthDirectory, messagingDirectory } from '../src/hub/ports.ts';
import { DeliveryCore } from '../src/messaging/delivery-core.ts';
import { deliveriesKeptDefault } from '../src/messaging/delivery-log.ts';
import type { AttemptOutcome } from '../src/messaging/delivery-ports.ts';
import { SystemDirectory } from '../src/registry/directory.ts';
import type { BreakerSnapshot } from '../src/resilience/breaker-board.ts';
import type { Policy } from '../src/resilience/policy.ts';
import { PolicyBook } from '../src/resilience/policy-book.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';

/** A transport that answers at once and without a byte on a wire: what is left is what the hub itself costs. */
export const instantTransport = {
  send: (_endpoint: Endpoint, _message: Message, _options: SendOptions): Promise<AttemptResult> =>
    Promise.resolve(answer),
};

const answer: AttemptResult = {
  verdict: 'OK',
  reason: 'ok',
  status: '200',
  detail: 'HTTP 200',
  reply: { status: '200', contentType: 'application/json', headers: {}, data: new Uint8Array(230) },
};

export interface ChainFleet extends AsyncDisposable {
  readonly core: DeliveryCore;
  /** One of the endpoints, for calling the transport directly. */
  readonly endpoint: Endpoint;
}

/**
 * Delivery as the hub puts it together (hub/open-delivery.ts): the registry's own directory, the health monitor's
 * statuses, the default policies and those given. With `observed`, health and metrics learn from every attempt as they
 * do in the hub.
 */
export function createChainFleet(options: {
  readonly systems: number;
  readonly policies: readonly Policy[];
  readonly observed: boolean;
}): ChainFleet {
  const clock = systemClock;
  const directory = new SystemDirectory({ clock });
  for (let index = 0; index < options.systems; index += 1) directory.show(systemOf(index));
  const monitor = new HealthMonitor({
    clock,
    random: systemRandom,
    directory: healthDirectory(directory),
    prober: () => Promise.resolve({ alive: true, latencyMs: 1, detail: 'HTTP 200' }),
  });
  const metrics = createMetrics();
  const core = new DeliveryCore({
    clock,
    random: systemRandom,
    directory: messagingDirectory(directory),
    vitals: { routingStatus: (systemId, name) => monitor.routingStatusOf(systemId, name) },
    transports: Object.fromEntries(protocols.map((protocol) => [protocol, instantTransport])) as Record<
      Protocol,
      typeof instantTransport
    >,
    policies: new PolicyBook(options.policies),
    targetOf: (systemId) => {
      const system = directory.get(systemId);
      return { systemId, type: system?.type, capabilities: system?.capabilities ?? [] };
    },
    forcedBreakers: {
      load: () => Promise.resolve([]),
      save: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    },
    breakerFeed: new Feed<BreakerSnapshot>({ clock }),
    deliveriesKept: deliveriesKeptDefault,
    observe: options.observed ? observe : () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  const endpoints = [...directory.systems()].flatMap(({ id }) => directory.endpointsOf(id));
  for (const endpoint of endpoints) core.ensure(endpoint);
  return {
    core,
    endpoint: endpoints[0]!,
    async [Symbol.asyncDispose]() {
      await core.close();
      monitor.close();
    },
  };

  function observe({ endpoint, result, latencyMs, signal }: AttemptOutcome): void {
    const { verdict, reason } = result;
    metrics.attempt({ protocol: endpoint.protocol, verdict, reason, latencyMs });
    monitor.observe({
      systemId: endpoint.systemId,
      interface: endpoint.interface,
      ok: signal === 'success',
      latencyMs,
      counts: signal !== 'ignored',
    });
  }
}

function systemOf(index: number) {
  return {
    id: `bench.${index}`,
    type: 'bench',
    name: `bench ${index}`,
    version: '1',
    capabilities: ['measure'],
    dependencies: [],
    interfaces: [
      {
        name: 'main',
        protocol: 'HTTP',
        uri: `http://bench-${index}`,
        settings: {},
        healthCheck: { kind: 'NONE', path: '', service: '' },
        routes: [],
      },
    ],
    configuration: {},
    labels: {},
    weight: 1,
    zone: '',
    owner: '',
    etag: '1',
    createTimeMs: 0,
    updateTimeMs: 0,
    registrationId: `r-${index}`,
    lease: undefined,
  } as const;
}
