import type { Store } from '../base/table.ts';
import { HealthMonitor, type HealthSettings } from '../health/monitor.ts';
import { defaultHealthRules } from '../health/rules.ts';
import { endpointsOf } from '../registry/endpoint.ts';
import { openRegistry, type Registry } from '../registry/registry.ts';
import type { DescriptorShelf } from './descriptor-shelf.ts';
import { policyEntries } from './policy-entries.ts';
import { healthDirectory } from './ports.ts';
import type { Config } from './config-schema.ts';
import type { HubBase } from './hub-base.ts';
import { type Transports } from './open-transports.ts';

/** Registry and health know each other only through ports: health learns who is there, the registry who is well. */
export async function openRegistryAndHealth(
  { config, reloader, policies, logger, opened, clock, random }: HubBase,
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
    ...healthSettings(config),
  });
  reloader.onChange((next) => monitor.configure(healthSettings(next)));
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

/** The section `health` as the monitor takes it. */
function healthSettings({ health }: Config): Required<HealthSettings> {
  return {
    intervalMs: health.interval,
    timeoutMs: health.timeout,
    probesInFlightMax: health.max_concurrent_probes,
    rules: {
      ...defaultHealthRules,
      failuresToUnhealthy: health.failures_to_unhealthy,
      successesToHealthy: health.successes_to_healthy,
      slowProbeMs: health.degraded_latency,
      slowDeliveryMs: health.degraded_latency,
      errorRateMax: health.degraded_error_rate,
    },
  };
}
