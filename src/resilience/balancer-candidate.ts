import type { EndpointKey } from './endpoint-map.ts';

/** What the balancer must know about a candidate. */
export interface BalancerCandidate extends EndpointKey {
  /** What its system declares: share of the traffic, relative to the other candidates. */
  readonly weight: number;
  /**
   * The share now, which is less during a slow start. Equal weights share evenly. 0: only when all with a weight have
   * been tried.
   */
  readonly effectiveWeight: number;
}
