/** Time in which the weight of a measurement falls to 37 %, in ms. */
const decayMs = 10_000;
/** Least weight of one measurement, so that several within one tick of the clock count as well. */
const weightMin = 0.02;

/** An exponentially weighted average of times, older ones fading with time rather than with the number of calls. */
export class LatencyAverage {
  #averageMs: number | undefined;
  #lastMs = 0;

  /** The average in ms; undefined until something was measured. */
  get ms(): number | undefined {
    return this.#averageMs;
  }

  /** Takes a measurement in; `nowMs` is monotonic. */
  add(latencyMs: number, nowMs: number): void {
    if (this.#averageMs === undefined) {
      this.#averageMs = latencyMs;
    } else {
      const weight = Math.max(weightMin, 1 - Math.exp(-Math.max(0, nowMs - this.#lastMs) / decayMs));
      this.#averageMs += (latencyMs - this.#averageMs) * weight;
    }
    this.#lastMs = nowMs;
  }
}
