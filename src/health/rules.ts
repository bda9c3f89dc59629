/** The thresholds by which statuses are judged (architecture.md, "Defaults"). */
export interface HealthRules {
  /** Probes that must fail in a row before an interface is UNHEALTHY; at least 1. More: slower, but calmer. */
  readonly failuresToUnhealthy: number;
  /**
   * Probes that must go well in a row before an UNHEALTHY or DEGRADED interface is better again; at least 1. The first
   * success of an UNKNOWN interface is enough.
   */
  readonly successesToHealthy: number;
  /** A probe that takes longer than this, in ms, makes the interface DEGRADED, for routing too. */
  readonly slowProbeMs: number;
  /** Deliveries that take longer than this on average, in ms, colour the interface DEGRADED for people only. */
  readonly slowDeliveryMs: number;
  /** Share of failed deliveries within the last minute, 0 to 1, above which people see DEGRADED. */
  readonly errorRateMax: number;
  /** Deliveries within the last minute below which they say nothing. */
  readonly deliveriesMin: number;
  /** Failed deliveries within the last minute below which the error rate says nothing: one glitch is not a trend. */
  readonly failedDeliveriesMin: number;
  /**
   * A colour from deliveries goes when the value is back at this share of its limit, 0 to 1, so that a value around
   * the limit does not flicker.
   */
  readonly calmShare: number;
}

export const defaultHealthRules: HealthRules = {
  failuresToUnhealthy: 3,
  successesToHealthy: 2,
  slowProbeMs: 1000,
  slowDeliveryMs: 1000,
  errorRateMax: 0.05,
  deliveriesMin: 5,
  failedDeliveriesMin: 2,
  calmShare: 0.8,
};
