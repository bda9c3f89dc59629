import type { Clock } from '../base/clock.ts';
import { type LimitRefusal, type LimitState, nameLimit } from './limit-answer.ts';
import type { RateLimitConfig } from './policy.ts';
import type { ResolvedPolicy } from './policy-match.ts';
import { TokenBucket } from './token-bucket.ts';

/** Callers whose token buckets are kept, over all policies. */
export const callerBucketsMax = 100_000;

/** Time between looks for buckets that can go, in ms: each looks at all of them. */
const sweepPauseMs = 1000;

/** Stands for all callers of a policy that have no bucket of their own. No principal or system has an empty name. */
const everyoneElse = '';

/**
 * The token bucket of each caller, one for each policy that sets a rate. A bucket that is full again knows nothing, so
 * those go first when there are {@link callerBucketsMax}. While none is full, callers that come new share one bucket for
 * each policy: names that somebody makes up must not buy tokens. A rate that is changed holds from the next message on,
 * with a full bucket: what was counted at the old rate says nothing about the new one.
 */
export class CallerLimits {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #bucketsMax: number;
  readonly #byPolicy = new Map<string, Map<string, TokenBucket>>();
  #size = 0;
  #sweptMs = -Infinity;

  constructor(clock: Pick<Clock, 'monotonic'>, bucketsMax = callerBucketsMax) {
    this.#clock = clock;
    this.#bucketsMax = bucketsMax;
  }

  /** Buckets that are kept, without those that callers share. */
  get size(): number {
    return this.#size;
  }

  /** Takes a token for one message of `caller`; gives the refusal when there is none. */
  take(caller: string, { policy, provenance }: ResolvedPolicy): LimitRefusal | undefined {
    const config = policy.limits.callerRate;
    if (config.perSecond === 0) return undefined;
    const nowMs = this.#clock.monotonic();
    const name = provenance['limits.callerRate.perSecond'];
    const key = keyOf(provenance);
    let buckets = this.#byPolicy.get(key);
    if (buckets === undefined) this.#byPolicy.set(key, (buckets = new Map<string, TokenBucket>()));
    let bucket = buckets.get(caller) ?? this.#add(buckets, caller, config, nowMs);
    if (!bucket.isOf(config)) {
      bucket = new TokenBucket(config, nowMs);
      buckets.set(buckets.has(caller) ? caller : everyoneElse, bucket);
    }
    return bucket.tryTake(nowMs) ? undefined : refusal(caller, name, bucket, nowMs);
  }

  /** The limit of `caller` as it is now; undefined when it has none. Takes nothing. */
  state(caller: string, { policy, provenance }: ResolvedPolicy): LimitState | undefined {
    const config = policy.limits.callerRate;
    if (config.perSecond === 0) return undefined;
    const nowMs = this.#clock.monotonic();
    const name = provenance['limits.callerRate.perSecond'];
    const known = this.#byPolicy.get(keyOf(provenance))?.get(caller);
    const bucket = known?.isOf(config) === true ? known : new TokenBucket(config, nowMs);
    const waitMs = bucket.msUntilToken(nowMs);
    return {
      policy: name,
      limit: 'limits.caller_rate',
      subject: caller,
      maximum: bucket.burst,
      current: bucket.burst - bucket.level(nowMs),
      waiting: 0,
      refuses: waitMs > 0,
      retryAfterMs: waitMs > 0 ? waitMs : undefined,
    };
  }

  #add(
    buckets: Map<string, TokenBucket>,
    caller: string,
    config: RateLimitConfig,
    nowMs: number,
  ): TokenBucket {
    if (this.#size >= this.#bucketsMax) this.#sweep(nowMs, buckets);
    const name = this.#size < this.#bucketsMax ? caller : everyoneElse;
    const shared = name === everyoneElse ? buckets.get(everyoneElse) : undefined;
    if (shared !== undefined) return shared;
    const bucket = new TokenBucket(config, nowMs);
    buckets.set(name, bucket);
    if (name !== everyoneElse) this.#size += 1;
    return bucket;
  }

  /** Drops full buckets, and policies without any, except the one that is being asked for. */
  #sweep(nowMs: number, asked: Map<string, TokenBucket>): void {
    if (nowMs - this.#sweptMs < sweepPauseMs) return;
    this.#sweptMs = nowMs;
    this.#size = 0;
    for (const [policy, buckets] of this.#byPolicy) {
      for (const [caller, bucket] of buckets) {
        if (bucket.isFull(nowMs)) buckets.delete(caller);
        else if (caller !== everyoneElse) this.#size += 1;
      }
      if (buckets.size === 0 && buckets !== asked) this.#byPolicy.delete(policy);
    }
  }
}

/** One bucket for each pair of policies that give rate and burst: under one key they change only when a policy does. */
function keyOf(provenance: ResolvedPolicy['provenance']): string {
  const rate = provenance['limits.callerRate.perSecond'];
  const burst = provenance['limits.callerRate.burst'];
  return burst === rate || burst === 'default' ? rate : `${rate} ${burst}`;
}

function refusal(caller: string, policy: string, bucket: TokenBucket, nowMs: number): LimitRefusal {
  const retryAfterMs = bucket.msUntilToken(nowMs);
  const limit = 'limits.caller_rate';
  return {
    admitted: false,
    reason: 'hub_rate_limited',
    policy,
    limit,
    subject: caller,
    maximum: bucket.burst,
    current: bucket.burst - bucket.level(nowMs),
    waiting: 0,
    retryAfterMs,
    detail:
      `Caller "${caller}" sends more than ${bucket.perSecond} messages a second with ${bucket.burst} at once` +
      ` (${nameLimit({ limit, policy })}); the next may come in ${retryAfterMs} ms.`,
  };
}
