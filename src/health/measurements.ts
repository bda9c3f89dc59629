import { LatencyAverage } from './latency-average.ts';
import { type PassiveReading, PassiveWindow } from './passive.ts';

const nothing: PassiveReading = { calls: 0, failures: 0, latencyMs: undefined };

/** What was measured of one system: how long probes and deliveries take, and how deliveries end. Times are monotonic. */
export class Measurements {
  readonly #latency = new LatencyAverage();
  /** By interface; there once something was delivered to it. */
  readonly #windows = new Map<string, PassiveWindow>();

  /** Smoothed time of successful probes and deliveries over all interfaces; undefined: there were none. */
  get latencyMs(): number | undefined {
    return this.#latency.ms;
  }

  /** Takes in how long a probe took that was answered. */
  probed(latencyMs: number, nowMs: number): void {
    this.#latency.add(latencyMs, nowMs);
  }

  /** Takes in a delivery and returns what those of its interface show now. */
  delivered(
    name: string,
    outcome: { readonly ok: boolean; readonly latencyMs: number },
    nowMs: number,
  ): PassiveReading {
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new PassiveWindow();
      this.#windows.set(name, window);
    }
    window.add(outcome, nowMs);
    if (outcome.ok) this.#latency.add(outcome.latencyMs, nowMs);
    return window.read(nowMs);
  }

  /** The deliveries to an interface within the last minute. */
  read(name: string, nowMs: number): PassiveReading {
    return this.#windows.get(name)?.read(nowMs) ?? nothing;
  }

  /** Drops what was delivered to an interface that is gone or moved. */
  forget(name: string): void {
    this.#windows.delete(name);
  }
}
