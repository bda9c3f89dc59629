import type { Clock } from '../base/clock.ts';
import { type EndpointKey, EndpointMap } from './endpoint-map.ts';

/** How an attempt ended, as far as its latency goes. `failed` raises the average or keeps it from decaying. */
export type LoadOutcome = 'answered' | 'failed';

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
   * further times do nothing.
   */
  begin(key: EndpointKey): (outcome: LoadOutcome) => void {
    const startMs = this.#clock.monotonic();
    let load = this.#loads.get(key);
    if (load === undefined) {
      load = { inFlight: 0, latencyMs: 0, atMs: startMs };
      this.#loads.set(key, load);
    }
    load.inFlight += 1;
    let open: Load | undefined = load;
    return (outcome) => {
      if (open === undefined) return;
      open.inFlight -= 1;
      this.#observe(open, startMs, outcome);
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

  /** Forgets an endpoint that is no longer registered. Calls in flight to it end without effect. */
  forget(key: EndpointKey): void {
    this.#loads.delete(key);
  }

  /** Forgets all endpoints but these. Calls in flight to the others end without effect. */
  retain(keys: Iterable<EndpointKey>): void {
    this.#loads.retain(keys);
  }

  get size(): number {
    return this.#loads.size;
  }

  #observe(load: Load, startMs: number, outcome: LoadOutcome): void {
    const nowMs = this.#clock.monotonic();
    const latencyMs = nowMs - startMs;
    if (outcome === 'failed') {
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
