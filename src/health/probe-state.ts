import type { HealthStatus } from '../base/health-status.ts';
import type { ProbeResult } from '../base/transport.ts';
import type { HealthRules } from './rules.ts';

/** The statuses that probes alone can give. */
export type ProbedStatus = Extract<HealthStatus, 'UNKNOWN' | 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY'>;

/** What the probes of one interface have shown so far. */
export interface ProbeState {
  readonly status: ProbedStatus;
  /** Failed probes in a row; 0 once one succeeds. */
  readonly failuresInRow: number;
  /** Successful probes in a row; 0 once one fails, so that at most one of the two is above 0. */
  readonly successesInRow: number;
  /** Successes in a row that were neither slow nor degraded; never more than `successesInRow`. */
  readonly goodInRow: number;
  /** The last result and when it came, epoch ms; undefined: never probed. */
  readonly last: { readonly result: ProbeResult; readonly timeMs: number } | undefined;
}

/** Before the first probe. */
export const notProbed: ProbeState = {
  status: 'UNKNOWN',
  failuresInRow: 0,
  successesInRow: 0,
  goodInRow: 0,
  last: undefined,
};

/** The state after one more probe. */
export function afterProbe(
  state: ProbeState,
  result: ProbeResult,
  nowMs: number,
  rules: HealthRules,
): ProbeState {
  const last = { result, timeMs: nowMs };
  if (!result.alive) {
    const failuresInRow = state.failuresInRow + 1;
    const status = failuresInRow >= rules.failuresToUnhealthy ? 'UNHEALTHY' : state.status;
    return { status, failuresInRow, successesInRow: 0, goodInRow: 0, last };
  }
  const impaired = isImpaired(result, rules);
  const successesInRow = state.successesInRow + 1;
  const goodInRow = impaired ? 0 : state.goodInRow + 1;
  const found = impaired ? 'DEGRADED' : 'HEALTHY';
  const status = statusAfterSuccess(state.status, found, { successesInRow, goodInRow }, rules);
  return { status, failuresInRow: 0, successesInRow, goodInRow, last };
}

/** Whether an answer came late, or says itself that the target works but not well. */
export function isImpaired(result: ProbeResult, rules: HealthRules): boolean {
  return result.degraded === true || result.latencyMs > rules.slowProbeMs;
}

function statusAfterSuccess(
  before: ProbedStatus,
  found: 'HEALTHY' | 'DEGRADED',
  rows: { successesInRow: number; goodInRow: number },
  rules: HealthRules,
): ProbedStatus {
  switch (before) {
    case 'UNKNOWN':
    case 'HEALTHY':
      return found;
    case 'DEGRADED':
      return rows.goodInRow >= rules.successesToHealthy ? 'HEALTHY' : 'DEGRADED';
    case 'UNHEALTHY':
      return rows.successesInRow >= rules.successesToHealthy ? found : 'UNHEALTHY';
  }
}
