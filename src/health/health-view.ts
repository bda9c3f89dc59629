import type { Measurements } from './measurements.ts';
import { errorRateOf } from './passive.ts';
import type { InterfaceState, SystemState } from './status-reducer.ts';
import type { InterfaceHealth, SystemHealth } from './system-health.ts';

/** A system's state with its measurements, as it is shown. `nowMs` is monotonic. */
export function showHealth(state: SystemState, measurements: Measurements, nowMs: number): SystemHealth {
  const { latencyMs } = measurements;
  const { systemId, type, status, statusTimeMs, cause } = state;
  const total = { calls: 0, failures: 0 };
  let lastCheckTimeMs: number | undefined;
  const interfaces: InterfaceHealth[] = [];
  for (const [name, each] of state.interfaces) {
    const reading = measurements.read(name, nowMs);
    total.calls += reading.calls;
    total.failures += reading.failures;
    const checkedMs = each.probe.last?.timeMs;
    if (checkedMs !== undefined) lastCheckTimeMs = Math.max(checkedMs, lastCheckTimeMs ?? checkedMs);
    interfaces.push(showInterface(name, each, errorRateOf(reading)));
  }
  const errorRate = errorRateOf(total);
  return { systemId, type, status, statusTimeMs, lastCheckTimeMs, latencyMs, errorRate, cause, interfaces };
}

function showInterface(name: string, state: InterfaceState, errorRate: number): InterfaceHealth {
  const { probe, status, statusTimeMs, cause } = state;
  return {
    name,
    status,
    statusTimeMs,
    lastCheckTimeMs: probe.last?.timeMs,
    latencyMs: probe.last?.result.latencyMs,
    errorRate,
    cause,
    consecutiveFailures: probe.failuresInRow,
  };
}
