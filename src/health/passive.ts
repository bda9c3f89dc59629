import { LatencyAverage } from './latency-average.ts';
import type { HealthRules } from './rules.ts';

/** Length of the window that error rates look at, in ms. */
export const passiveWindowMs = 60_000;
const bucketMs = 5000;
const bucketCount = passiveWindowMs / bucketMs;

/** What the deliveries of the last minute show. */
export interface PassiveReading {
  readonly calls: number;
  readonly failures: number;
  /** Average time of those that succeeded, recent ones weighing more; undefined when none did. */
  readonly latencyMs: number | undefined;
}

/** Why deliveries colour a status: too many fail, or they take too long. */
export type PassiveColour = 'errors' | 'slow';

/**
 * Deliveries of one interface over a sliding minute: a ring of twelve buckets of 5 s with running totals, so that
 * reading and writing cost the same however many calls there are. The window is exact to one bucket.
 */
export class PassiveWindow {
  readonly #calls = new Uint32Array(bucketCount);
  readonly #failures = new Uint32Array(bucketCount);
  #callsTotal = 0;
  #failuresTotal = 0;
  /** Number of the newest bucket since the clock's start. */
  #bucket: number | undefined;
  #latency = new LatencyAverage();

  /** Counts one delivery that says something about the target. `nowMs` is monotonic. */
  add(outcome: { readonly ok: boolean; readonly latencyMs: number }, nowMs: number): void {
    const index = this.#advance(nowMs);
    this.#calls[index] = (this.#calls[index] ?? 0) + 1;
    this.#callsTotal += 1;
    if (outcome.ok) {
      this.#latency.add(outcome.latencyMs, nowMs);
    } else {
      this.#failures[index] = (this.#failures[index] ?? 0) + 1;
      this.#failuresTotal += 1;
    }
  }

  read(nowMs: number): PassiveReading {
    this.#advance(nowMs);
    return { calls: this.#callsTotal, failures: this.#failuresTotal, latencyMs: this.#latency.ms };
  }

  /** Empties the buckets that fell out of the window and returns the index of the current one. */
  #advance(nowMs: number): number {
    const bucket = Math.floor(nowMs / bucketMs);
    const last = this.#bucket ?? bucket;
    for (let step = 1; step <= Math.min(bucket - last, bucketCount); step += 1) {
      const index = (last + step) % bucketCount;
      this.#callsTotal -= this.#calls[index] ?? 0;
      this.#failuresTotal -= this.#failures[index] ?? 0;
      this.#calls[index] = 0;
      this.#failures[index] = 0;
    }
    this.#bucket = Math.max(last, bucket);
    // Nothing within the last minute: an old average says nothing about now.
    if (this.#callsTotal === 0) this.#latency = new LatencyAverage();
    return this.#bucket % bucketCount;
  }
}

/** Share of calls that failed, 0 to 1; 0 without calls. */
export function errorRateOf(reading: Pick<PassiveReading, 'calls' | 'failures'>): number {
  return reading.calls === 0 ? 0 : reading.failures / reading.calls;
}

/**
 * The colour that deliveries give. It comes when a limit is exceeded and goes when the value is back at
 * `calmShare` of it, or too few deliveries are left to say anything.
 */
export function passiveColour(
  reading: PassiveReading,
  before: PassiveColour | undefined,
  rules: HealthRules,
): PassiveColour | undefined {
  if (reading.calls < rules.deliveriesMin) return undefined;
  const limit = (colour: PassiveColour, max: number): number =>
    before === colour ? max * rules.calmShare : max;
  const failing = reading.failures >= rules.failedDeliveriesMin;
  if (failing && errorRateOf(reading) > limit('errors', rules.errorRateMax)) return 'errors';
  if ((reading.latencyMs ?? 0) > limit('slow', rules.slowDeliveryMs)) return 'slow';
  return undefined;
}
