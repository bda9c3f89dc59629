import type { Clock } from '../base/clock.ts';
import { type EndpointKey, EndpointMap } from './endpoint-map.ts';
import { LatencySketch } from './latency-sketch.ts';

/**
 * How an attempt ended, as far as its latency goes. `failed` raises the average or keeps it from decaying. `overtaken`:
 * it was given up because another one answered first, so that it would have taken longer than it did.
 */
export type LoadOutcome = 'answered' | 'failed' | 'overtaken';

/** Calls that must have ended at an endpoint before its percentiles say anything. */
export const percentileCallsMin = 20;

/** Ends a call, once; `endMs` on the monotonic clock, now when nobody says. */
export type EndCall = (outcome: LoadOutcome, endMs?: number) => void;

export interface LoadBoardOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Time after which an old latency weighs 1/e, in ms; default 10,000. */
  readonly tauMs?: number;
}

interface Load {
  inFlight: number;
  latencyMs: number;
  /** When `latencyMs` was last brought up to date. */
  atMs: number;
  /** Of calls that were answered, or overtaken: leaving these out would make the slow ones invisible. */
  readonly latencies: LatencySketch;
}

/**
 * Calls in flight and average latency per endpoint: what the balancer chooses by. The latency is a peak-sensitive
 * exponentially weighted moving average, as in Finagle's peak EWMA
 * (https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala):
 * a slower answer counts at once, faster ones by and by, and it decays while nothing is heard, so that an endpoint
 * that was slow is tried again. Bounded by its owner, through {@link retain}.
 */
export class LoadBoard {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tauMs: number;
  readonly #loads = new EndpointMap<Load>();

  constructor({ clock, tauMs = 10_000 }: LoadBoardOptions) {
    this.#clock = clock;
    this.#tauMs = tauMs;
  }

  /**
   * Counts a call in flight until the function it returns is called, which must happen once, however the call ends;
   * further times do nothing. `startMs` on the monotonic clock, now when nobody says.
   */
  begin(key: EndpointKey, startMs = this.#clock.monotonic()): EndCall {
    let load = this.#loads.get(key);
    if (load === undefined) {
      load = { inFlight: 0, latencyMs: 0, atMs: startMs, latencies: new LatencySketch() };
      this.#loads.set(key, load);
    }
    load.inFlight += 1;
    let open: Load | undefined = load;
    return (outcome, endMs = this.#clock.monotonic()) => {
      if (open === undefined) return;
      open.inFlight -= 1;
      this.#observe(open, outcome, { latencyMs: endMs - startMs, nowMs: endMs });
      open = undefined;
    };
  }

  /** Calls in flight; 0 for an endpoint that was never called. */
  inFlight(key: EndpointKey): number {
    return this.#loads.get(key)?.inFlight ?? 0;
  }

  /** Average latency in ms as of now; 0 for an endpoint that was never called. */
  latencyMs(key: EndpointKey): number {
    const load = this.#loads.get(key);
    return load === undefined ? 0 : load.latencyMs * this.#weight(this.#clock.monotonic() - load.atMs);
  }

  /**
   * The 95th percentile of the latency, in ms, within 10 %; undefined before {@link percentileCallsMin} calls ended. What
   * is long ago counts less.
   */
  p95Ms(key: EndpointKey): number | undefined {
    const latencies = this.#loads.get(key)?.latencies;
    return latencies === undefined || latencies.count < percentileCallsMin
      ? undefined
      : latencies.quantile(0.95);
  }

  /** Forgets an endpoint that is no longer registered. Calls in flight to it end without effect. */
  forget(key: EndpointKey): void {
    this.#loads.delete(key);
  }

  get size(): number {
    return this.#loads.size;
  }

  #observe(
    load: Load,
    outcome: LoadOutcome,
    { latencyMs, nowMs }: { readonly latencyMs: number; readonly nowMs: number },
  ): void {
    if (outcome !== 'failed') load.latencies.add(latencyMs);
    if (outcome !== 'answered') {
      // A target that fails fast must not come to look like a fast target: what was known of it is renewed.
      load.latencyMs = Math.max(load.latencyMs, latencyMs);
      load.atMs = nowMs;
      return;
    }
    const weight = this.#weight(nowMs - load.atMs);
    const decayedMs = load.latencyMs * weight;
    load.latencyMs = latencyMs > decayedMs ? latencyMs : decayedMs + latencyMs * (1 - weight);
    load.atMs = nowMs;
  }

  /** What is left of an old value after `elapsedMs`. */
  #weight(elapsedMs: number): number {
    return Math.exp(-elapsedMs / this.#tauMs);
  }
}
