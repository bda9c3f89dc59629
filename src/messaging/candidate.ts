import type { HealthStatus } from '../base/health-status.ts';
import type { Endpoint } from '../base/transport.ts';
import type { BalancerCandidate } from '../resilience/balancer-candidate.ts';
import type { BreakerRefusal } from '../resilience/circuit-breaker.ts';

/** One way to deliver: an interface of a system. */
export interface Candidate extends BalancerCandidate {
  readonly endpoint: Endpoint;
  /** Where its system stands; empty: it did not say. */
  readonly zone: string;
  /** The status that routing goes by. */
  readonly status: HealthStatus;
  /** What its breaker refuses with; undefined when it lets calls through. */
  readonly refusal: BreakerRefusal | undefined;
  /** Until when its system is ejected, epoch ms; undefined: it is not. */
  readonly ejectedUntilMs: number | undefined;
  /** Whether the interface takes messages of this type: one with routes takes those of its routes only. */
  readonly takesType: boolean;
}

/** Candidates of a better tier go first; within a tier zone and balancer decide. */
export const tiers = { healthy: 0, degraded: 1, unhealthy: 2, out: 3 } as const;

/** How many tiers can be tried: all but the last. */
export const usableTiers = 3;

export const tierOf: Readonly<Record<HealthStatus, number>> = {
  HEALTHY: tiers.healthy,
  UNKNOWN: tiers.healthy,
  DEGRADED: tiers.degraded,
  UNHEALTHY: tiers.unhealthy,
  FAILED: tiers.out,
  DISCONNECTED: tiers.out,
};
