import { createFakeClock } from '../base/fake-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Endpoint, HealthCheck, ProbeResult } from '../base/transport.ts';
import { HealthMonitor, type HealthMonitorOptions } from './monitor.ts';
import type { Directory, MonitoredSystem, Prober } from './ports.ts';

export const ok: ProbeResult = { alive: true, latencyMs: 12, detail: 'HTTP 200' };
export const slow: ProbeResult = { alive: true, latencyMs: 1240, detail: 'HTTP 200' };
export const refused: ProbeResult = { alive: false, latencyMs: 1, detail: 'connection refused' };

/** An HTTP interface named `rest_api` on port 8001 unless `parts` say otherwise. */
export function endpointFixture(
  systemId: string,
  parts: Partial<Omit<Endpoint, 'healthCheck'>> & { healthCheck?: Partial<HealthCheck> } = {},
): Endpoint {
  return {
    systemId,
    interface: 'rest_api',
    protocol: 'HTTP',
    uri: 'http://127.0.0.1:8001',
    settings: {},
    routes: [],
    ...parts,
    healthCheck: { kind: 'AUTO', path: '', service: '', ...parts.healthCheck },
  };
}

/** A registered system with one interface unless `parts` say otherwise. */
export function monitoredFixture(systemId: string, parts: Partial<MonitoredSystem> = {}): MonitoredSystem {
  return {
    systemId,
    type: 'echo',
    registrationId: 'r1',
    leaseExpired: false,
    endpoints: [endpointFixture(systemId)],
    ...parts,
  };
}

/** A registry in memory. */
export function createDirectory(...systems: MonitoredSystem[]): Directory & {
  put(system: MonitoredSystem): void;
  remove(systemId: string): void;
  readonly listeners: ReadonlySet<(systemId: string) => void>;
} {
  const byId = new Map(systems.map((system) => [system.systemId, system]));
  const listeners = new Set<(systemId: string) => void>();
  const tell = (systemId: string): void => {
    for (const listener of listeners) listener(systemId);
  };
  return {
    listeners,
    systems: () => byId.values(),
    get: (systemId) => byId.get(systemId),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(system) {
      byId.set(system.systemId, system);
      tell(system.systemId);
    },
    remove(systemId) {
      byId.delete(systemId);
      tell(systemId);
    },
  };
}

/** A prober that answers what was set last for an interface's URI, and counts. */
export function createProber(found: ProbeResult = ok): Prober & {
  /** Sets what probes find from now on, of one URI or of all. */
  find(result: ProbeResult, uri?: string): void;
  readonly probed: readonly string[];
} {
  let everywhere = found;
  const byUri = new Map<string, ProbeResult>();
  const probed: string[] = [];
  const prober: Prober = async (endpoint) => {
    probed.push(endpoint.uri);
    return byUri.get(endpoint.uri) ?? everywhere;
  };
  return Object.assign(prober, {
    probed,
    find: (result: ProbeResult, uri?: string) => {
      if (uri === undefined) everywhere = result;
      else byUri.set(uri, result);
    },
  });
}

/** A monitor over fakes. */
export function setUpMonitor(
  systems: readonly MonitoredSystem[] = [monitoredFixture('echo')],
  options: Partial<HealthMonitorOptions> = {},
) {
  const clock = createFakeClock();
  const directory = createDirectory(...systems);
  const prober = createProber();
  const monitor = new HealthMonitor({ clock, random: seededRandom(1), directory, prober, ...options });
  const deliver = (ok_: boolean, count = 1, latencyMs = 10, systemId = 'echo'): void => {
    for (let at = 0; at < count; at += 1) {
      monitor.observe({ systemId, interface: 'rest_api', ok: ok_, latencyMs, counts: true });
    }
  };
  return { clock, directory, prober, monitor, deliver };
}
