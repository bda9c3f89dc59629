import { formatDuration } from './duration.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** What came of a batch of messages; in bounded memory, however many there are. */
export class BatchReport {
  readonly #startMs: number;
  readonly #latencies = new LatencyHistogram();
  /** Reasons of the catalogue, so that their number is bounded. */
  readonly #failuresByReason = new Map<string, number>();
  #successes = 0;
  #failures = 0;
  #unreached = 0;
  #durationMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  succeeded(latencyMs: number): void {
    this.#successes += 1;
    this.#latencies.add(latencyMs);
  }

  failed(latencyMs: number, reason: string): void {
    this.#failures += 1;
    if (reason === 'HUB_UNREACHABLE' || reason === 'HUB_TLS_FAILED') this.#unreached += 1;
    this.#failuresByReason.set(reason, (this.#failuresByReason.get(reason) ?? 0) + 1);
    this.#latencies.add(latencyMs);
  }

  ended(nowMs: number): void {
    this.#durationMs = nowMs - this.#startMs;
  }

  get sent(): number {
    return this.#successes + this.#failures;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Messages about which the hub said anything. */
  get answered(): number {
    return this.sent - this.#unreached;
  }

  /** For scripts. Times in ms. */
  json() {
    return {
      sent: this.sent,
      ok: this.#successes,
      failed: this.#failures,
      failedByReason: Object.fromEntries(this.#failuresByReason),
      durationMs: this.#durationMs,
      perSecond: this.#perSecond(),
      latencyMs: {
        p50: rounded(this.#latencies.percentileMs(0.5)),
        p90: rounded(this.#latencies.percentileMs(0.9)),
        p99: rounded(this.#latencies.percentileMs(0.99)),
        max: rounded(this.#latencies.maxMs),
      },
    };
  }

  /** For people: `100 sent in 2 s (50/s): 98 ok, 2 failed (2 BREAKER_OPEN); latency p50 3 ms, p90 …`. */
  text(): string {
    const { sent, ok, failed, latencyMs } = this.json();
    const reasons = [...this.#failuresByReason]
      .sort(([, one], [, other]) => other - one)
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', ');
    const failures = failed === 0 ? '0 failed' : `${failed} failed (${reasons})`;
    const times = Object.entries(latencyMs).map(([name, ms]) => `${name} ${formatDuration(ms)}`);
    return `${sent} sent in ${formatDuration(this.#durationMs)} (${this.#perSecond()}/s): ${ok} ok, ${failures}; latency ${times.join(', ')}`;
  }

  #perSecond(): number {
    return this.#durationMs === 0 ? 0 : Number(((this.sent * 1000) / this.#durationMs).toFixed(1));
  }
}

function rounded(ms: number): number {
  return Number(ms.toFixed(2));
}
