/** Latencies below this are told apart no further, in ms. */
const floorMs = 0.1;
/** Each bucket reaches this much further than the one before. */
const growth = 1.2;
/** From {@link floorMs} on they reach beyond an hour, the longest time of an attempt. */
const buckets = 97;
/** When so many are counted, all counts are halved, so that old ones fade. */
const countMax = 1000;

const logGrowth = Math.log(growth);

/**
 * Quantiles of latencies in fixed room, 194 bytes: counts in buckets whose bounds grow by 20 %, as DDSketch (Masson,
 * Rim, Lee, 2019, https://arxiv.org/abs/1908.10693), so that a quantile is off by at most 10 % of itself. Old latencies
 * fade: whenever {@link countMax} are counted, every count is halved.
 */
export class LatencySketch {
  readonly #counts = new Uint16Array(buckets);
  #total = 0;

  add(latencyMs: number): void {
    if (this.#total >= countMax) this.#fade();
    const bucket = latencyMs <= floorMs ? 0 : Math.ceil(Math.log(latencyMs / floorMs) / logGrowth);
    const place = Math.min(bucket, buckets - 1);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  /** Latencies counted, the faded ones less. */
  get count(): number {
    return this.#total;
  }

  /** The latency in ms below which a share of `quantile` lies, 0..1; 0 when none was counted. */
  quantile(quantile: number): number {
    if (this.#total === 0) return 0;
    const rank = quantile * (this.#total - 1);
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      // In the middle of the bucket as a share of its bounds, which bounds the error best.
      if (seen > rank) return floorMs * growth ** bucket * (2 / (1 + growth));
    }
    return floorMs * growth ** (buckets - 1);
  }

  #fade(): void {
    let total = 0;
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const half = (this.#counts[bucket] ?? 0) >> 1;
      this.#counts[bucket] = half;
      total += half;
    }
    this.#total = total;
  }
}
