import { countBy } from '../base/count-by.ts';
import { Feed } from '../base/feed.ts';
import type { Store } from '../base/table.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import { DeliveryCore } from '../messaging/delivery-core.ts';
import type { AttemptOutcome } from '../messaging/delivery-ports.ts';
import type { Directory } from '../registry/directory.ts';
import { endpointsOf } from '../registry/endpoint.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { logBreakerChanges } from './breaker-log.ts';
import { openForcedBreakers } from './forced-breaker-table.ts';
import type { HubBase } from './hub-base.ts';
import type { Transports } from './open-transports.ts';
import { messagingDirectory } from './ports.ts';

/** What delivery stands on. */
export interface DeliveryParts {
  readonly store: Store;
  readonly directory: Directory;
  readonly monitor: HealthMonitor;
  readonly transports: Transports;
  readonly metrics: Metrics;
}

export interface Delivery {
  readonly core: DeliveryCore;
  readonly breakerFeed: Feed<BreakerSnapshot>;
}

/** Opens routing, dispatch and what protects callers and targets. What is kept by endpoint lives as long as that is registered. */
export async function openDelivery(base: HubBase, parts: DeliveryParts): Promise<Delivery> {
  const { config, reloader, policies, logger, opened, clock, random } = base;
  const { store, directory, monitor, transports, metrics } = parts;
  const breakerFeed = new Feed<BreakerSnapshot>({ clock });
  const core = new DeliveryCore({
    clock,
    random,
    directory: messagingDirectory(directory),
    vitals: {
      routingStatus: (systemId, name) => monitor.routingStatusOf(systemId, name),
      onStatusChange: (listener) => monitor.onStatusChange(listener),
    },
    transports,
    policies,
    targetOf: (systemId) => {
      const system = directory.get(systemId);
      return { systemId, type: system?.type, capabilities: system?.capabilities ?? [] };
    },
    forcedBreakers: await openForcedBreakers(store),
    breakerFeed,
    deliveriesKept: config.deliveries.kept,
    replyBytesMax: config.replies.cache_bytes,
    observe: (outcome) => observe(outcome, { metrics, monitor }),
    note: (event) => metrics.delivery(event),
    hubZone: () => reloader.current.zone ?? '',
    onEjection: (change, { systemId, type, rule, cause, times, untilMs }) => {
      const fields = { system_id: systemId, type, rule, cause };
      if (change === 'returned') logger.info('system back from ejection', fields);
      else {
        metrics.ejection(rule);
        logger.warn('system ejected', { ...fields, times, until: new Date(untilMs).toISOString() });
      }
    },
    onFault: (error) => logger.error('a forced breaker state could not be removed', { error: String(error) }),
  });
  opened.defer('delivery', () => core.close());
  await core.load();
  followDirectory(core, directory);
  reloader.onChange(({ deliveries, replies }) => {
    core.log.resize(deliveries.kept);
    core.replies.resize(replies.cache_bytes);
  });
  metrics.countEjected(() => countBy(core.ejections.list(), ({ rule }) => rule));
  metrics.countBreakers(() => countBy(core.breakers.list(), ({ state }) => state));
  const logging = new AbortController();
  opened.defer('breaker log', () => logging.abort());
  void logBreakerChanges(breakerFeed, logger, logging.signal);
  return { core, breakerFeed };
}

function followDirectory(core: DeliveryCore, directory: Directory): void {
  for (const { id } of directory.systems()) {
    for (const endpoint of directory.endpointsOf(id)) core.ensure(endpoint);
  }
  directory.onChange((change) => {
    const { id } = change.system;
    const endpoints = directory.endpointsOf(id);
    if (change.kind === 'changed') {
      // An interface that moved is another target: what its old place did says nothing about it.
      for (const old of endpointsOf(change.previous)) {
        const now = endpoints.find((endpoint) => endpoint.interface === old.interface);
        if (now !== undefined && now.uri !== old.uri) core.forget(old);
      }
    }
    for (const endpoint of endpoints) core.ensure(endpoint);
    const isNew =
      change.kind === 'added' ||
      (change.kind === 'changed' && change.previous.registrationId !== change.system.registrationId);
    if (isNew) core.returned(id);
    const before =
      change.kind === 'added'
        ? []
        : change.kind === 'changed'
          ? change.previous.interfaces
          : change.system.interfaces;
    for (const { name } of before) {
      if (endpoints.some((endpoint) => endpoint.interface === name)) continue;
      core.forget({ systemId: id, interface: name });
    }
  });
}

/** Everyone outside delivery who learns from an attempt hears of it here, once. */
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
