import { countBy } from '../base/count-by.ts';
import type { Store } from '../base/table.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { isServing } from '../health/system-health.ts';
import type { Registry } from '../registry/registry.ts';
import type { PutPolicies } from '../resilience/put-policies.ts';
import { createAccessService } from '../rpc/access-service.ts';
import { createEdge, type Edge, type EdgeSettings } from '../rpc/edge.ts';
import { createHealthService } from '../rpc/health-service.ts';
import { createMessagingService } from '../rpc/messaging-service.ts';
import type { CatalogRulePorts } from '../rpc/catalog-rules.ts';
import { createRegistryService } from '../rpc/registry-service.ts';
import { createResilienceService } from '../rpc/resilience-service.ts';
import { type Metrics } from '../telemetry/metrics.ts';
import { readVersion } from './version.ts';
import type { Config } from './config-schema.ts';
import type { HubBase } from './hub-base.ts';
import type { Security } from './open-security.ts';
import type { Delivery } from './open-delivery.ts';
import type { Transports } from './open-transports.ts';
import { messagingDirectory } from './ports.ts';

/** What the port serves. */
export interface Parts {
  readonly metrics: Metrics;
  readonly store: Store;
  readonly catalogs: CatalogRulePorts & { readonly registry: Registry };
  readonly monitor: HealthMonitor;
  readonly delivery: Delivery;
  readonly security: Security;
  readonly putPolicies: PutPolicies;
  readonly transports: Transports;
}

/** Opens messaging on top of everything else, and the port that serves it all. */
export function openEdge(base: HubBase, parts: Parts): Edge {
  const { config, reloader, policies, logger, clock, random } = base;
  const { metrics, store, catalogs, monitor, delivery, transports, security, putPolicies } = parts;
  const { directory } = catalogs.registry;
  const { dispatcher, router, log, breakers, loads, limits, replies } = delivery.core;
  metrics.countSystems(() => countBy(directory.systems(), ({ id }) => monitor.statusOf(id)));

  const { allowedHosts, allowedOrigins, connectionsMax, unaryMax, streamsMax } = edgeSettings(config);
  const edge = createEdge({
    services: [
      createRegistryService(catalogs),
      createMessagingService({
        dispatcher,
        router,
        log,
        breakers,
        loads,
        limits,
        replies,
        directory: delivery.core.directory,
        clock,
        random,
      }),
      createHealthService({ monitor, directory }),
      createResilienceService({
        board: breakers,
        replies,
        feed: delivery.breakerFeed,
        directory,
        policies,
        putPolicies,
        deliveries: delivery.core.log,
        routing: messagingDirectory(directory),
        transports,
        hubZone: () => reloader.current.zone ?? '',
      }),
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
