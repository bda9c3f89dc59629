import { type Clock, systemClock } from '../base/clock.ts';
import { Feed } from '../base/feed.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Store } from '../base/table.ts';
import type { Protocol, Transport } from '../base/transport.ts';
import { HealthMonitor } from '../health/monitor.ts';
import { defaultHealthRules } from '../health/rules.ts';
import { isServing } from '../health/system-health.ts';
import { DeliveryLog } from '../messaging/delivery-log.ts';
import type { AttemptOutcome } from '../messaging/delivery-run.ts';
import { Dispatcher } from '../messaging/dispatch.ts';
import { Router } from '../messaging/route.ts';
import { type Catalog, openCatalog } from '../registry/catalog.ts';
import type { Directory } from '../registry/directory.ts';
import { endpointsOf } from '../registry/endpoint.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import { LoadBoard } from '../resilience/load-board.ts';
import { resolveBreakerConfig } from '../resilience/policy-match.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { Turns } from '../resilience/turns.ts';
import { createEdge, type Edge } from '../rpc/edge.ts';
import { createHealthService } from '../rpc/health-service.ts';
import { createMessagingService } from '../rpc/messaging-service.ts';
import { createRegistryService } from '../rpc/registry-service.ts';
import { createResilienceService } from '../rpc/resilience-service.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createEgress } from '../transports/egress.ts';
import { createGrpcTransport } from '../transports/grpc/grpc-transport.ts';
import { createHttpTransport } from '../transports/http/http-transport.ts';
import { createProbes } from '../transports/probes/prober.ts';
import { logBreakerChanges } from './breaker-log.ts';
import { ClosingStack } from './closing-stack.ts';
import { type Config, listenAddress } from './config-schema.ts';
import { openForcedBreakers } from './forced-breaker-table.ts';
import { policyFromSettings } from './policy-settings.ts';
import { healthDirectory, messagingDirectory } from './ports.ts';
import { readVersion } from './version.ts';

/** A hub that takes calls. */
export interface Hub {
  /** Where it listens: `http://HOST:PORT`. */
  readonly url: string;
  /** Drains it: readiness fails, calls in flight finish within the drain timeout, everything is closed. */
  close(): Promise<void>;
}

/** Opens everything in order, lowest first; when one thing fails, what was opened before is closed again. */
export async function startHub(config: Config, logger: Logger): Promise<Hub> {
  const opened = new ClosingStack();
  const close = (): Promise<void> =>
    opened.close((name, error) => logger.error('closing failed', { what: name, error: String(error) }));
  try {
    const url = await open({ config, logger, opened, clock: systemClock, random: systemRandom });
    logger.info('listening', { url, data_dir: config.data_dir, version: readVersion() });
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What every part of the hub is built from. */
interface Base {
  readonly config: Config;
  readonly logger: Logger;
  readonly opened: ClosingStack;
  readonly clock: Clock;
  readonly random: Random;
}

type Transports = Readonly<Record<Protocol, Transport>>;

async function open(base: Base): Promise<string> {
  const { config, opened, clock } = base;
  const metrics = createMetrics();
  const store = await openSqliteStore({ dataDir: config.data_dir, clock });
  opened.defer('store', () => store.close());
  const transports = openTransports(base);
  const { catalog, monitor } = await openRegistryAndHealth(base, store, transports);
  const breakers = await openBreakers(base, store, catalog.directory);
  const edge = openEdge(base, { metrics, store, transports, catalog, monitor, breakers });

  const { host, port } = listenAddress(config.listen);
  opened.defer('edge', async () => {
    await edge.drain(config.server.drain_timeout);
  });
  const address = await edge.listen(host, port);
  edge.setReady(true);
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function openTransports({ clock, opened }: Base): Transports {
  const egress = createEgress({ clock });
  const probes = createProbes({ clock, egress });
  opened.defer('probes', () => probes.close());
  const transports = {
    HTTP: createHttpTransport({ clock, egress, prober: probes.probe }),
    GRPC: createGrpcTransport({ clock, egress, prober: probes.probe }),
  };
  for (const [name, transport] of Object.entries(transports)) opened.defer(name, () => transport.close());
  return transports;
}

/** Registry and health know each other only through ports: health learns who is there, the registry who is well. */
async function openRegistryAndHealth(
  { config, logger, opened, clock, random }: Base,
  store: Store,
  transports: Transports,
): Promise<{ catalog: Catalog; monitor: HealthMonitor }> {
  // Asked only once systems are watched, when the monitor is there.
  const health: { monitor?: HealthMonitor } = {};
  const catalog = await openCatalog({
    store,
    clock,
    systemsMax: config.registry.max_systems,
    statusOf: (systemId) => health.monitor?.statusOf(systemId) ?? 'UNKNOWN',
    onFault: (error) => logger.error('a lost system could not be removed', { error: String(error) }),
  });
  opened.defer('catalog', () => catalog.close());
  const { directory } = catalog;

  const monitor = new HealthMonitor({
    clock,
    random,
    directory: healthDirectory(directory),
    prober: (endpoint, options) => transports[endpoint.protocol].probe(endpoint, options),
    intervalMs: config.health.interval,
    timeoutMs: config.health.timeout,
    probesInFlightMax: config.health.max_concurrent_probes,
    rules: {
      ...defaultHealthRules,
      failuresToUnhealthy: config.health.failures_to_unhealthy,
      successesToHealthy: config.health.successes_to_healthy,
      slowProbeMs: config.health.degraded_latency,
      slowDeliveryMs: config.health.degraded_latency,
      errorRateMax: config.health.degraded_error_rate,
    },
  });
  health.monitor = monitor;
  opened.defer('health', () => monitor.close());
  monitor.onStatusChange(({ systemId, from, to, health: { cause } }) => {
    directory.touch(systemId);
    const fields = { system_id: systemId, from, to, cause };
    if (to === 'HEALTHY') logger.info('health changed', fields);
    else logger.warn('health changed', fields);
  });
  directory.onChange((change) => {
    if (change.kind === 'added') return;
    const before = endpointsOf(change.kind === 'removed' ? change.system : change.previous);
    const kept = new Set(directory.endpointsOf(change.system.id).map(({ uri }) => uri));
    for (const { protocol, uri } of before) if (!kept.has(uri)) transports[protocol].forget(uri);
  });
  return { catalog, monitor };
}

interface Breakers {
  readonly board: BreakerBoard;
  readonly feed: Feed<BreakerSnapshot>;
  readonly loads: LoadBoard;
}

/** Breakers and loads live exactly as long as their endpoints are registered. */
async function openBreakers(base: Base, store: Store, directory: Directory): Promise<Breakers> {
  const { config, logger, opened, clock } = base;
  const policies = config.policies.map(policyFromSettings);
  const feed = new Feed<BreakerSnapshot>({ clock });
  const loads = new LoadBoard({ clock });
  const board = new BreakerBoard({
    clock,
    feed,
    forced: await openForcedBreakers(store),
    configOf: ({ systemId }) => {
      const system = directory.get(systemId);
      return resolveBreakerConfig(policies, {
        systemId,
        type: system?.type,
        capabilities: system?.capabilities ?? [],
      });
    },
    onFault: (error) => logger.error('a forced breaker state could not be removed', { error: String(error) }),
  });
  opened.defer('breakers', () => board.close());
  await board.load();
  for (const { id } of directory.systems()) for (const key of directory.endpointsOf(id)) board.ensure(key);
  directory.onChange((change) => {
    const { id } = change.system;
    const endpoints = directory.endpointsOf(id);
    for (const key of endpoints) board.ensure(key);
    const before =
      change.kind === 'added'
        ? []
        : change.kind === 'changed'
          ? change.previous.interfaces
          : change.system.interfaces;
    for (const { name } of before) {
      if (endpoints.some((endpoint) => endpoint.interface === name)) continue;
      board.forget({ systemId: id, interface: name });
      loads.forget({ systemId: id, interface: name });
    }
  });
  const logging = new AbortController();
  opened.defer('breaker log', () => logging.abort());
  void logBreakerChanges(feed, logger, logging.signal);
  return { board, feed, loads };
}

interface Parts {
  readonly metrics: Metrics;
  readonly store: Store;
  readonly transports: Transports;
  readonly catalog: Catalog;
  readonly monitor: HealthMonitor;
  readonly breakers: Breakers;
}

function openEdge(base: Base, parts: Parts): Edge {
  const { config, logger, clock, random } = base;
  const { metrics, store, transports, catalog, monitor, breakers } = parts;
  const { directory } = catalog;
  const policies = config.policies.map(policyFromSettings);
  const log = new DeliveryLog(config.deliveries.kept);
  const router = new Router({
    directory: messagingDirectory(directory),
    vitals: { routingStatus: (systemId, name) => monitor.routingStatusOf(systemId, name) },
    breakers: breakers.board,
    loads: breakers.loads,
    turns: new Turns(),
    random,
    policies: () => policies,
  });
  const dispatcher = new Dispatcher({
    router,
    transports,
    breakers: breakers.board,
    loads: breakers.loads,
    budget: new RetryBudget(),
    log,
    clock,
    random,
    observe: (outcome) => observe(outcome, { metrics, monitor }),
  });
  metrics.countSystems(() => countBy(directory.systems(), ({ id }) => monitor.statusOf(id)));
  metrics.countBreakers(() => countBy(breakers.board.list(), ({ state }) => state));

  return createEdge({
    services: [
      createRegistryService({
        catalog,
        checkEndpoint: (protocol, uri, settings) => transports[protocol].checkEndpoint(uri, settings),
      }),
      createMessagingService({
        dispatcher,
        router,
        log,
        breakers: breakers.board,
        loads: breakers.loads,
        clock,
        random,
      }),
      createHealthService({ monitor, directory }),
      createResilienceService({ board: breakers.board, feed: breakers.feed, directory }),
    ],
    clock,
    logger,
    metrics,
    systems: {
      serving: (systemId) =>
        directory.get(systemId) === undefined ? undefined : isServing(monitor.statusOf(systemId)),
      *all() {
        for (const { id } of directory.systems()) yield [id, isServing(monitor.statusOf(id))] as const;
      },
      watch: (systemId, signal) =>
        monitor.feed.watch({
          signal,
          filter: { key: systemId, matches: (health) => health.systemId === systemId },
        }),
    },
    checks: [{ name: 'store', check: () => store.check() }],
    allowedHosts: config.server.allowed_hosts,
    allowedOrigins: config.server.allowed_origins,
    listenerLimits: { connectionsMax: config.server.max_connections },
    callLimits: { unaryMax: config.server.max_concurrent_calls, streamsMax: config.server.max_watches },
    version: readVersion(),
  });
}

/** Everyone who learns from an attempt hears of it here, once. Breaker and load have heard already. */
function observe(
  { endpoint, result, latencyMs, signal }: AttemptOutcome,
  { metrics, monitor }: { readonly metrics: Metrics; readonly monitor: HealthMonitor },
): void {
  metrics.attempt({ protocol: endpoint.protocol, verdict: result.verdict, reason: result.reason, latencyMs });
  monitor.observe({
    systemId: endpoint.systemId,
    interface: endpoint.interface,
    ok: signal === 'success',
    latencyMs,
    counts: signal !== 'ignored',
  });
}

function countBy<T>(items: Iterable<T>, labelOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(labelOf(item), (counts.get(labelOf(item)) ?? 0) + 1);
  return counts;
}
