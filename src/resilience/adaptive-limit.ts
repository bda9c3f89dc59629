import type { Priority } from '../base/message.ts';
import type { AttemptReason } from '../base/transport.ts';
import { AdaptiveWindow } from './adaptive-window.ts';
import type { AdaptiveLimitConfig } from './policy.ts';

/** How one attempt ended that the limit counted in flight. */
export interface AdaptiveOutcome {
  /** Undefined: nothing was sent. */
  readonly reason: AttemptReason | undefined;
  readonly latencyMs: number;
  /** What {@link AdaptiveLimit.started} gave. */
  readonly epoch: number;
}

/** The constants of the controller; what a user sets is in {@link AdaptiveLimitConfig}. */
export const adaptiveDefaults = {
  /** Limit to begin with. */
  initialCalls: 20,
  /** Shortest time over which latencies are averaged before the limit moves, in ms; a window also lasts one mean latency. */
  windowMs: 100,
  /** Fewest answers of a window. */
  windowCalls: 20,
  /** Least and greatest factor by which one window moves the limit, before headroom. */
  shrinkMin: 0.5,
  growMax: 2,
  /** Factor of a window in which the target refused or timed out, unless it did so to a greater share of calls. */
  dropFactor: 0.9,
  /** A latency without load below this is taken as this, in ms: there the hub's own jitter is larger than what the target does. */
  baselineMsMin: 2,
  /** Weight of a new window in the latency without load. */
  baselineWeight: 0.5,
  /** Longest latency that counts, in ms: the longest that an attempt may take. */
  latencyMsMax: 3_600_000,
  /** A latency counts at most as this many times `tolerance` × the one without load. */
  outlierFactor: 4,
  /** Time after which the latency without load is measured anew while the limit binds, in ms. */
  probeAfterMs: 30_000,
  /** The same once the limit is less than half or more than twice what it was then. */
  probeSoonAfterMs: 5000,
  /** A probe takes at most this share of the time. */
  probeShare: 0.02,
  /** Longest probe, in ms: when hardly anybody calls. */
  probeMsMax: 10_000,
  /** Fewest answers of a probe. */
  probeCalls: 10,
} as const;

/** Share of the limit that each priority may fill; what is above is kept for those above. */
export const priorityShares: Readonly<Record<Priority, number>> = {
  LOW: 0.8,
  NORMAL: 0.9,
  HIGH: 0.95,
  CRITICAL: 1,
  EMERGENCY: 1,
};

interface Probe {
  readonly startMs: number;
  readonly limit: number;
}

/**
 * Finds by itself how many calls in flight a target can take: the gradient controller of Envoy's adaptive concurrency filter
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter), which goes
 * back to Netflix's concurrency-limits (https://github.com/Netflix/concurrency-limits). For each window of answers
 *
 *     gradient = tolerance × latency without load / mean latency, within 0.5..2
 *     limit    = limit × gradient + √limit, within minCalls..maxCalls
 *
 * so that the target keeps a short queue, never a long one: where latency grows in proportion to what is in flight, the
 * limit rests a little above tolerance × what the target works on at once.
 *
 * The latency without load is measured where there is little: in windows in which few calls were in flight, and, while
 * the limit binds, by letting it down to √limit for a moment every 30 s (Envoy's minRTT). Without that, a target that
 * became slower would be starved, and one under lasting load would pass its queue off as its speed.
 *
 * Where we differ: the limit shrinks only while at least half of it is used, so that a quiet target does not lose its
 * limit; timeouts and refusals of the target (429, REFUSED_STREAM) shrink it by their share, at least by a tenth,
 * whatever the latency; failures count only when they took longer than an answer does; single outliers are cut.
 *
 * It has no timer: windows and probes end with the calls. Times are of the monotonic clock, in ms.
 */
export class AdaptiveLimit {
  #config: AdaptiveLimitConfig;
  #limit: number;
  #window: AdaptiveWindow;
  #baselineMs: number | undefined;
  #baselineAtMs = -Infinity;
  /** The limit at the last probe. */
  #limitAtProbe: number;
  #probe: Probe | undefined;
  #probeTookMs = 0;
  /** Number of the probe under way or of the last one: calls that began before it do not count for it. */
  #epoch = 0;

  /** It begins with a probe: until it knows the latency without load, it lets in few. */
  constructor(config: AdaptiveLimitConfig, nowMs: number) {
    this.#config = config;
    this.#limit = this.#bounded(adaptiveDefaults.initialCalls);
    this.#limitAtProbe = this.#limit;
    this.#window = new AdaptiveWindow(nowMs);
    this.#startProbe(nowMs);
  }

  /** Takes other settings from now on, and keeps what it learnt. */
  configure(config: AdaptiveLimitConfig): void {
    this.#config = config;
    this.#limit = this.#bounded(this.#limit);
  }

  /** Calls in flight that the target gets now; a whole number. */
  get limit(): number {
    return Math.floor(this.#bounded(this.#probe?.limit ?? this.#limit));
  }

  /** Mean latency without load, in ms; undefined: not known yet. */
  get baselineMs(): number | undefined {
    return this.#baselineMs;
  }

  /** Whether it is measuring the latency without load, with less than its limit. */
  get probing(): boolean {
    return this.#probe !== undefined;
  }

  /** Calls in flight below which one of this priority is let in. */
  placesFor(priority: Priority): number {
    return Math.ceil(this.limit * priorityShares[priority]);
  }

  /** A call starts, which makes `inFlight` of them. What it gives belongs to the call's outcome. */
  started(inFlight: number): number {
    this.#window.peak = Math.max(this.#window.peak, inFlight);
    return this.#epoch;
  }

  /** A call ended. True when the limit may have moved. */
  ended(outcome: AdaptiveOutcome, nowMs: number): boolean {
    if (this.#probe === undefined || outcome.epoch === this.#epoch) this.#count(outcome);
    if (this.#probe !== undefined) return this.#endProbe(this.#probe, nowMs);
    return this.#endWindow(nowMs);
  }

  #count({ reason, latencyMs }: AdaptiveOutcome): void {
    if (reason === undefined) return;
    const baselineMs = this.#normalMs() ?? 0;
    switch (reason) {
      case 'ok':
      case 'bad_reply':
        this.#window.add(this.#cut(latencyMs));
        return;
      case 'rate_limited':
      case 'refused_stream':
        this.#window.drops += 1;
        return;
      case 'timeout':
      case 'connect_timeout':
        // A caller with a very short deadline says nothing about the target.
        if (latencyMs > baselineMs * this.#config.tolerance) this.#window.drops += 1;
        return;
      case 'breaker_open':
      case 'concurrency_limited':
      case 'hub_rate_limited':
      case 'mapping_failed':
      case 'misconfigured':
        return;
      default:
        // It failed or was given up: it would have taken at least so long.
        if (latencyMs > baselineMs) this.#window.add(this.#cut(latencyMs));
    }
  }

  #cut(latencyMs: number): number {
    const normalMs = this.#normalMs();
    if (normalMs === undefined) return Math.min(latencyMs, adaptiveDefaults.latencyMsMax);
    return Math.min(latencyMs, adaptiveDefaults.outlierFactor * this.#config.tolerance * normalMs);
  }

  /** The latency without load to compare with. */
  #normalMs(): number | undefined {
    return this.#baselineMs === undefined
      ? undefined
      : Math.max(this.#baselineMs, adaptiveDefaults.baselineMsMin);
  }

  #endWindow(nowMs: number): boolean {
    const window = this.#window;
    if (window.calls < adaptiveDefaults.windowCalls) return false;
    const { meanMs } = window;
    if (nowMs - window.startMs < Math.max(adaptiveDefaults.windowMs, meanMs ?? 0)) return false;
    this.#window = new AdaptiveWindow(nowMs);
    // LOW alone binds at its share already.
    const binds = window.peak >= Math.floor(this.#limit * priorityShares.LOW);
    if (meanMs !== undefined) this.#learn(meanMs, window.peak, nowMs);
    this.#move(window);
    if (binds && this.#isProbeDue(nowMs)) this.#startProbe(nowMs);
    return true;
  }

  /** Follows the latency without load, where a window shows it. */
  #learn(meanMs: number, peak: number, nowMs: number): void {
    const known = this.#baselineMs;
    const quiet = peak <= this.#probeLimit();
    if (quiet) this.#baselineAtMs = nowMs;
    if (known === undefined) this.#baselineMs = meanMs;
    // With load it can only be less than what is seen.
    else if (quiet || meanMs < known) {
      this.#baselineMs = known + adaptiveDefaults.baselineWeight * (meanMs - known);
    }
  }

  #move({ peak, drops, calls, meanMs }: AdaptiveWindow): void {
    const { shrinkMin, growMax, dropFactor } = adaptiveDefaults;
    const limit = this.#limit;
    const used = peak >= limit / 2;
    if (drops > 0) {
      const shrunk = limit * clamp(1 - drops / calls, shrinkMin, dropFactor);
      this.#limit = this.#bounded(used ? shrunk : Math.max(shrunk, Math.min(peak, limit)));
      return;
    }
    const normalMs = this.#normalMs();
    if (!used || meanMs === undefined || normalMs === undefined) return;
    // A mean of 0 makes it infinite, and so the greatest.
    const gradient = clamp((this.#config.tolerance * normalMs) / meanMs, shrinkMin, growMax);
    this.#limit = this.#bounded(limit * gradient + Math.sqrt(limit));
  }

  #isProbeDue(nowMs: number): boolean {
    const { probeAfterMs, probeSoonAfterMs, probeShare } = adaptiveDefaults;
    const ratio = this.#limit / this.#limitAtProbe;
    const pauseMs = ratio < 0.5 || ratio > 2 ? probeSoonAfterMs : probeAfterMs;
    return nowMs - this.#baselineAtMs >= Math.max(pauseMs, this.#probeTookMs / probeShare);
  }

  #startProbe(nowMs: number): void {
    this.#epoch += 1;
    this.#window = new AdaptiveWindow(nowMs);
    this.#probe = { startMs: nowMs, limit: this.#probeLimit() };
  }

  #endProbe({ startMs, limit }: Probe, nowMs: number): boolean {
    const window = this.#window;
    const tookMs = nowMs - startMs;
    const enough = window.calls >= Math.max(adaptiveDefaults.probeCalls, 2 * limit);
    if (!enough && tookMs < adaptiveDefaults.probeMsMax) return false;
    this.#baselineMs = window.meanMs ?? this.#baselineMs;
    this.#baselineAtMs = nowMs;
    this.#limitAtProbe = this.#limit;
    this.#probeTookMs = tookMs;
    this.#probe = undefined;
    this.#window = new AdaptiveWindow(nowMs);
    if (window.drops > 0) this.#move(window);
    return true;
  }

  /** Calls in flight that are hardly a load. */
  #probeLimit(): number {
    return Math.min(this.#limit, Math.max(this.#config.minCalls, Math.floor(Math.sqrt(this.#limit))));
  }

  #bounded(limit: number): number {
    const { minCalls, maxCalls } = this.#config;
    return clamp(limit, minCalls, Math.max(minCalls, maxCalls));
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
