import type { Store } from '../base/table.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { isServing } from '../health/system-health.ts';
import { DeliveryLog } from '../messaging/delivery-log.ts';
import type { AttemptOutcome } from '../messaging/delivery-run.ts';
import { Dispatcher } from '../messaging/dispatch.ts';
import { Router } from '../messaging/route.ts';
import type { Registry } from '../registry/registry.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { Turns } from '../resilience/turns.ts';
import { createAccessService } from '../rpc/access-service.ts';
import { createEdge, type Edge, type EdgeSettings } from '../rpc/edge.ts';
import { createHealthService } from '../rpc/health-service.ts';
import { createMessagingService } from '../rpc/messaging-service.ts';
import type { CatalogRulePorts } from '../rpc/catalog-rules.ts';
import { createRegistryService } from '../rpc/registry-service.ts';
import { createResilienceService } from '../rpc/resilience-service.ts';
import { type Metrics } from '../telemetry/metrics.ts';
import { messagingDirectory } from './ports.ts';
import { readVersion } from './version.ts';
import type { Config } from './config-schema.ts';
import type { HubBase } from './hub-base.ts';
import { type Transports } from './open-transports.ts';
import type { Security } from './open-security.ts';
import { type Breakers } from './open-breakers.ts';

/** What the port serves. */
export interface Parts {
  readonly metrics: Metrics;
  readonly store: Store;
  readonly transports: Transports;
  readonly catalogs: CatalogRulePorts & { readonly registry: Registry };
  readonly monitor: HealthMonitor;
  readonly breakers: Breakers;
  readonly security: Security;
}

/** Opens messaging on top of everything else, and the port that serves it all. */
export function openEdge(base: HubBase, parts: Parts): Edge {
  const { config, reloader, policies, logger, clock, random } = base;
  const { metrics, store, transports, catalogs, monitor, breakers, security } = parts;
  const { directory } = catalogs.registry;
  const log = new DeliveryLog(config.deliveries.kept);
  reloader.onChange(({ deliveries }) => log.resize(deliveries.kept));
  const router = new Router({
    directory: messagingDirectory(directory),
    vitals: { routingStatus: (systemId, name) => monitor.routingStatusOf(systemId, name) },
    breakers: breakers.board,
    loads: breakers.loads,
    turns: new Turns(),
    random,
    policies: () => policies.policies,
    routeRepeatSafety: (protocol, operation) => transports[protocol].routeRepeatSafety?.(operation),
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

  const { allowedHosts, allowedOrigins, connectionsMax, unaryMax, streamsMax } = edgeSettings(config);
  const edge = createEdge({
    services: [
      createRegistryService(catalogs),
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
      createResilienceService({ board: breakers.board, feed: breakers.feed, directory, policies }),
      createAccessService({
        keys: security.keys,
        audit: security.audit,
        authenticationEnabled: security.authentication.enabled,
        clock,
      }),
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
    allowedHosts,
    allowedOrigins,
    listenerLimits: { connectionsMax },
    callLimits: { unaryMax, streamsMax },
    version: readVersion(),
    authentication: security.authentication,
    audit: security.audit,
    tls: security.tls && { context: security.tls.watch.material, clientAuth: security.tls.clientAuth },
  });
  security.tls?.onChange((material) => edge.setTlsContext(material));
  security.keys.onEnded((key) => edge.endStreamsOf(key));
  reloader.onChange((next) => edge.configure(edgeSettings(next)));
  return edge;
}

/** The section `server` as the edge takes it. */
function edgeSettings({ server }: Config): EdgeSettings {
  return {
    allowedHosts: server.allowed_hosts,
    allowedOrigins: server.allowed_origins,
    connectionsMax: server.max_connections,
    unaryMax: server.max_concurrent_calls,
    streamsMax: server.max_watches,
  };
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
