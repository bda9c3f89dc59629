/** Each bucket is this much wider than the one before it: percentiles are off by 1 % at most. */
const factor = 1.02;
/** Everything below is in the first bucket, in ms. */
const smallestMs = 0.01;
/** 30 days: the longest duration that the command line takes. More buckets than this cannot come about. */
const bucketsMax = Math.ceil(Math.log((30 * 86_400_000) / smallestMs) / Math.log(factor)) + 1;

/** Latencies of any number of calls in bounded memory. */
export class LatencyHistogram {
  readonly #counts = new Map<number, number>();
  #count = 0;
  #maxMs = 0;

  add(latencyMs: number): void {
    const bucket = Math.ceil(Math.log(Math.max(latencyMs, smallestMs) / smallestMs) / Math.log(factor));
    const index = Math.min(bucket, bucketsMax);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, latencyMs);
  }

  /** The longest, in ms; 0 without any. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** The time in ms that this share (0 to 1) of the calls did not exceed; 0 without any. */
  percentileMs(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const index of [...this.#counts.keys()].sort((one, other) => one - other)) {
      left -= this.#counts.get(index) ?? 0;
      if (left <= 0) return Math.min(this.#maxMs, smallestMs * factor ** index);
    }
    return this.#maxMs;
  }
}
