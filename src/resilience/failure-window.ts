/** Buckets of a window: it covers between 9/10 and all of its length. */
const buckets = 10;

/**
 * Counts calls of the last `windowMs`, and the failed and the slow ones among them, in a ring of 10 buckets: constant
 * memory, and constant time per call whatever the rate. Time must not go back (`Clock.monotonic`); a call older than the
 * newest one counts as now.
 */
export class FailureWindow {
  readonly windowMs: number;
  readonly #bucketMs: number;
  readonly #callsByBucket = new Uint32Array(buckets);
  readonly #failuresByBucket = new Uint32Array(buckets);
  readonly #slowByBucket = new Uint32Array(buckets);
  /** Number of the newest bucket since time 0; its place in the ring is this modulo the ring's size. */
  #newest = 0;
  #calls = 0;
  #failures = 0;
  #slow = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#bucketMs = windowMs / buckets;
  }

  /** Calls in the window as of the last `record` or `advance`. */
  get calls(): number {
    return this.#calls;
  }

  /** Failures among {@link calls}. */
  get failures(): number {
    return this.#failures;
  }

  /** Slow ones among {@link calls}, failed or not. */
  get slow(): number {
    return this.#slow;
  }

  record(failed: boolean, slow: boolean, atMs: number): void {
    this.advance(atMs);
    const place = this.#newest % buckets;
    this.#callsByBucket[place] = (this.#callsByBucket[place] ?? 0) + 1;
    this.#calls += 1;
    if (failed) {
      this.#failuresByBucket[place] = (this.#failuresByBucket[place] ?? 0) + 1;
      this.#failures += 1;
    }
    if (slow) {
      this.#slowByBucket[place] = (this.#slowByBucket[place] ?? 0) + 1;
      this.#slow += 1;
    }
  }

  /** Lets go of what has left the window by `atMs`. */
  advance(atMs: number): void {
    const current = Math.floor(atMs / this.#bucketMs);
    if (current <= this.#newest) return;
    const first = Math.max(this.#newest + 1, current - buckets + 1);
    for (let bucket = first; bucket <= current; bucket += 1) {
      const place = bucket % buckets;
      this.#calls -= this.#callsByBucket[place] ?? 0;
      this.#failures -= this.#failuresByBucket[place] ?? 0;
      this.#slow -= this.#slowByBucket[place] ?? 0;
      this.#callsByBucket[place] = 0;
      this.#failuresByBucket[place] = 0;
      this.#slowByBucket[place] = 0;
    }
    this.#newest = current;
  }
}
