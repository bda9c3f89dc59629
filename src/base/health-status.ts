/**
 * A system's or interface's health, from best to worst.
 * UNKNOWN: not probed yet. DEGRADED: works, slowly or with errors. UNHEALTHY: probes fail. FAILED: reported or
 * recovered-in-vain as lost for good until told otherwise. DISCONNECTED: its lease ran out.
 */
export const healthStatuses = [
  'HEALTHY',
  'UNKNOWN',
  'DEGRADED',
  'UNHEALTHY',
  'FAILED',
  'DISCONNECTED',
] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/** The worse of two statuses, in the order of {@link healthStatuses}. */
export function worseOf(a: HealthStatus, b: HealthStatus): HealthStatus {
  return healthStatuses.indexOf(a) >= healthStatuses.indexOf(b) ? a : b;
}
