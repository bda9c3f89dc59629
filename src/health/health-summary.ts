import { type HealthStatus, healthStatuses } from '../base/health-status.ts';
import type { SystemHealth } from './system-health.ts';

/** Counts over all systems. */
export interface HealthSummary {
  readonly systems: number;
  /** Worst first; a status that none has is left out. */
  readonly byStatus: readonly { readonly status: HealthStatus; readonly systems: number }[];
  /** Systems that are neither HEALTHY nor UNKNOWN, worst first, then by id; at most {@link notWellMax}. */
  readonly notWell: readonly SystemHealth[];
}

/** Systems that a summary names. */
export const notWellMax = 100;

/** Counts systems by status and names those that are not well. `systemIds` are in order. */
export function summarizeHealth(
  systemIds: readonly string[],
  statusOf: (systemId: string) => HealthStatus,
  healthOf: (systemId: string) => SystemHealth | undefined,
): HealthSummary {
  const idsByStatus = Map.groupBy(systemIds, statusOf);
  const worstFirst = [...healthStatuses].reverse().filter((status) => idsByStatus.has(status));
  const notWell = worstFirst
    .filter((status) => status !== 'HEALTHY' && status !== 'UNKNOWN')
    .flatMap((status) => idsByStatus.get(status) ?? [])
    .slice(0, notWellMax);
  return {
    systems: systemIds.length,
    byStatus: worstFirst.map((status) => ({ status, systems: idsByStatus.get(status)?.length ?? 0 })),
    notWell: notWell.map(healthOf).filter((health) => health !== undefined),
  };
}
