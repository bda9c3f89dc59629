import type { Store } from '../base/table.ts';
import { HealthMonitor } from '../health/monitor.ts';
import { defaultHealthRules } from '../health/rules.ts';
import { endpointsOf } from '../registry/endpoint.ts';
import { openRegistry, type Registry } from '../registry/registry.ts';
import type { DescriptorShelf } from './descriptor-shelf.ts';
import { policyEntries } from './policy-entries.ts';
import { healthDirectory } from './ports.ts';
import type { HubBase } from './hub-base.ts';
import { type Transports } from './open-transports.ts';

/** Registry and health know each other only through ports: health learns who is there, the registry who is well. */
export async function openRegistryAndHealth(
  { config, policies, logger, opened, clock, random }: HubBase,
  store: Store,
  {
    transports,
    descriptorSets,
  }: { readonly transports: Transports; readonly descriptorSets: DescriptorShelf },
): Promise<{ registry: Registry; monitor: HealthMonitor }> {
  // Asked only once systems are watched, when the monitor is there.
  const health: { monitor?: HealthMonitor } = {};
  const registry = await openRegistry({
    store,
    clock,
    systemsMax: config.registry.max_systems,
    statusOf: (systemId) => health.monitor?.statusOf(systemId) ?? 'UNKNOWN',
    configuredPolicies: policies.configured,
    onPolicies: (changed) => policies.setCatalogs(policyEntries(changed)),
    onFault: (error) => logger.error('a lost system could not be removed', { error: String(error) }),
  });
  opened.defer('registry', () => registry.close());
  descriptorSets.connect(registry.descriptorSets);
  policies.setCatalogs(policyEntries(registry.catalogPolicies()));
  const { directory } = registry;

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
  return { registry, monitor };
}
