import type { Random } from '../base/random.ts';
import type { ProbeState } from './probe-state.ts';
import type { HealthRules } from './rules.ts';

/** Time between probes while their results are not decided yet, in ms; the interval when that is shorter. */
export const suspectIntervalMs = 5000;
/** Share by which a time between probes varies to either side, so that probes do not march in step. */
export const jitterShare = 0.1;
/** A new interface is probed at a random moment within this time, in ms, or its interval when that is shorter. */
export const firstProbeSpreadMs = 1000;

/**
 * Time until the next probe of an interface, before jitter, in ms. The interval while things are as they were. After a
 * failure, or while it recovers, 5 s until that is decided, so that a dead system is seen within about 15 s. Once it
 * is UNHEALTHY 5, 10, 20 s and so on up to the interval: a quick restart is seen quickly, a long outage costs little.
 */
export function probeDelayMs(state: ProbeState, intervalMs: number, rules: HealthRules): number {
  if (state.status === 'UNHEALTHY' && state.failuresInRow > 0) {
    const beyond = Math.max(0, state.failuresInRow - rules.failuresToUnhealthy);
    return Math.min(intervalMs, suspectIntervalMs * 2 ** beyond);
  }
  const recovering =
    (state.status === 'UNHEALTHY' && state.successesInRow > 0) ||
    (state.status === 'DEGRADED' && state.goodInRow > 0);
  return state.failuresInRow > 0 || recovering ? Math.min(intervalMs, suspectIntervalMs) : intervalMs;
}

/** `delayMs`, up to {@link jitterShare} shorter or longer. */
export function withJitter(delayMs: number, random: Random): number {
  return delayMs * (1 + jitterShare * (2 * random.next() - 1));
}
