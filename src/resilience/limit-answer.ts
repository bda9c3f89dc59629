/** A limit by its path in the contract (RouteLimit.limit). */
export type LimitName =
  'limits.caller_rate' | 'limits.target_rate' | 'limits.concurrency' | 'limits.adaptive';

/** A limit as it is now. */
export interface LimitState {
  /** The policy that set it, or `default`. */
  readonly policy: string;
  readonly limit: LimitName;
  /** Whom it holds for: a caller, or a system by its id. */
  readonly subject: string;
  /** Attempts in flight, or tokens that the bucket holds. */
  readonly maximum: number;
  /** Attempts in flight, or tokens taken from the bucket, now. */
  readonly current: number;
  /** Messages that wait for a place now. */
  readonly waiting: number;
  /** Whether it would refuse a message now. One that may still queue is not refused. */
  readonly refuses: boolean;
  /** When it would let one through, in ms from now; undefined: now. */
  readonly retryAfterMs: number | undefined;
}

/** Why a limit let a message not through. */
export interface LimitRefusal extends Omit<LimitState, 'refuses' | 'retryAfterMs'> {
  readonly admitted: false;
  readonly reason: 'hub_rate_limited' | 'concurrency_limited';
  /** When to come back, in ms from now, at least 1; an estimate for places, exact for tokens. */
  readonly retryAfterMs: number;
  /** One sentence for people. */
  readonly detail: string;
}

/** Longest that a refusal for want of a place tells its caller to wait, in ms. */
export const placeRetryAfterMsMax = 30_000;

/** Where a limit stands in the policies: `limits.target_rate of policy "reads"`. */
export function nameLimit({ limit, policy }: Pick<LimitState, 'limit' | 'policy'>): string {
  return policy === 'default' ? `${limit} by default` : `${limit} of policy "${policy}"`;
}
