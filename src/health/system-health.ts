import { type HealthStatus, healthStatuses } from '../base/health-status.ts';

/** How well a system is, and why: what people and programs are shown. */
export interface SystemHealth {
  readonly systemId: string;
  readonly type: string;
  readonly status: HealthStatus;
  /** Since when it has this status, epoch ms. */
  readonly statusTimeMs: number;
  /** When an interface was last probed, epoch ms; undefined: never. */
  readonly lastCheckTimeMs: number | undefined;
  /** Smoothed time that probes and deliveries take; undefined: nothing was measured. */
  readonly latencyMs: number | undefined;
  /** Share of deliveries that failed within the last minute, 0 to 1. */
  readonly errorRate: number;
  /** Why it has this status, for people. */
  readonly cause: string;
  readonly interfaces: readonly InterfaceHealth[];
}

/** How well one interface is. */
export interface InterfaceHealth {
  readonly name: string;
  readonly status: HealthStatus;
  /** Since when it has this status, epoch ms. */
  readonly statusTimeMs: number;
  /** Epoch ms; undefined: never. */
  readonly lastCheckTimeMs: number | undefined;
  /** How long the last probe took; undefined: there was none. */
  readonly latencyMs: number | undefined;
  /** Share of deliveries that failed within the last minute, 0 to 1. */
  readonly errorRate: number;
  readonly cause: string;
  /** Probes that failed in a row. */
  readonly consecutiveFailures: number;
}

/** Whether a system of this status counts as serving in `grpc.health.v1`: it is known to work. */
export function isServing(status: HealthStatus): boolean {
  return status === 'HEALTHY' || status === 'DEGRADED';
}

/** Place of a status in the order from best (0) to worst. */
export function badness(status: HealthStatus): number {
  return healthStatuses.indexOf(status);
}
