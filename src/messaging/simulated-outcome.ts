import type { ErrorReason } from '../base/error-catalogue.ts';
import type { Delivery } from './delivery.ts';

/** What deliveries came to, as recorded or as simulated. */
export interface DeliveriesOutcome {
  readonly delivered: number;
  readonly failed: number;
  /** Failed ones of which an attempt may have acted. */
  readonly unknown: number;
  readonly attempts: number;
  /** Attempts after the first of a delivery. */
  readonly retries: number;
  /** Deliveries that a limit of the hub refused. */
  readonly refusals: number;
  readonly breakerOpens: number;
  /** Deliveries that a fallback answered. */
  readonly fallbacks: number;
  /** Deliveries that the reply cache answered. */
  readonly cached: number;
  /** From acceptance to the end, of all deliveries; 0 when there were none. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** How many deliveries failed with each ErrorReason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** With which reasons a delivery ends that a limit of the hub refused before anything was sent. */
const refusals: ReadonlySet<string> = new Set<ErrorReason>(['RATE_LIMITED', 'CONCURRENCY_LIMITED']);

/** Adds up deliveries that have ended. */
export class OutcomeTally {
  readonly #latenciesMs: number[] = [];
  readonly #reasons = new Map<string, number>();
  readonly #counts = {
    delivered: 0,
    unknown: 0,
    attempts: 0,
    retries: 0,
    refusals: 0,
    fallbacks: 0,
    cached: 0,
  };

  add({ state, attempts, reason, latencyMs, fallbackUsed, cached }: Delivery): void {
    const counts = this.#counts;
    counts.attempts += attempts.length;
    counts.retries += Math.max(0, attempts.length - 1);
    counts.refusals += attempts.length === 0 && refusals.has(reason) ? 1 : 0;
    counts.fallbacks += fallbackUsed === '' ? 0 : 1;
    counts.cached += cached ? 1 : 0;
    this.#latenciesMs.push(latencyMs ?? 0);
    if (state === 'DELIVERED') {
      counts.delivered += 1;
      return;
    }
    if (attempts.some(({ verdict }) => verdict === 'MAY_HAVE_ACTED')) counts.unknown += 1;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  outcome(breakerOpens: number): DeliveriesOutcome {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    return {
      ...this.#counts,
      failed: sorted.length - this.#counts.delivered,
      breakerOpens,
      latencyMs: { p50: percentile(sorted, 50), p95: percentile(sorted, 95), p99: percentile(sorted, 99) },
      reasons: Object.fromEntries([...this.#reasons].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}

/** The smallest value that so many of 100 do not exceed. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? 0;
}
