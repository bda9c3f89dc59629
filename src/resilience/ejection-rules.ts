import type { EjectionConfig } from './policy.ts';

/** What one system did in an interval. */
export interface SuccessRate {
  readonly systemId: string;
  /** Share of its calls that succeeded, 0..1. */
  readonly rate: number;
}

/** Systems that do worse than the others. */
export interface Outliers {
  readonly mean: number;
  /** Below this rate a system is an outlier. */
  readonly threshold: number;
  /** Those below, the worst first. */
  readonly worst: readonly SuccessRate[];
}

/**
 * Compares systems by their success rates, as Envoy's success rate ejection does
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#success-rate): an outlier's rate is
 * below mean − deviations × standard deviation (of the population). Of `n` systems the one furthest out is at most
 * √(n−1) deviations below the mean, so that 1.9 of them cannot be reached by fewer than five systems.
 */
export function successRateOutliers(rates: readonly SuccessRate[], deviations: number): Outliers {
  let sum = 0;
  for (const { rate } of rates) sum += rate;
  const mean = rates.length === 0 ? 0 : sum / rates.length;
  let squares = 0;
  for (const { rate } of rates) squares += (rate - mean) ** 2;
  const threshold = mean - deviations * Math.sqrt(rates.length === 0 ? 0 : squares / rates.length);
  // Rates that are equal but for rounding are equal.
  const worst = rates.filter(({ rate }) => rate < threshold && mean - rate > 1e-9);
  return { mean, threshold, worst: worst.sort((a, b) => a.rate - b.rate) };
}

/**
 * How many of `systems` may be out at the same time: the share of them, but one at least and never the last; none when
 * the share is 0.
 */
export function ejectionsAllowed(maxShare: number, systems: number): number {
  if (maxShare === 0) return 0;
  let allowed = Math.floor(maxShare * systems);
  // 0.29 × 100 is a little less than 29.
  if ((allowed + 1) / systems <= maxShare) allowed += 1;
  return Math.max(0, Math.min(Math.max(1, allowed), systems - 1));
}

/** How long a system stays out when it goes for the `times`-th time, in ms. */
export function ejectionTimeMs(
  { baseTimeMs, maxTimeMs }: Pick<EjectionConfig, 'baseTimeMs' | 'maxTimeMs'>,
  times: number,
): number {
  return Math.min(baseTimeMs * times, maxTimeMs);
}
