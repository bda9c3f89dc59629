import { actsAtMostOnce } from './acts-at-most-once.ts';
import { attemptsAllowed } from './attempts-allowed.ts';
import { breakers } from './breakers.ts';
import { callerRate } from './caller-rate.ts';
import { deadlines } from './deadlines.ts';
import { ejections } from './ejections.ts';
import { executedIsTrue } from './executed-is-true.ts';
import type { Invariant, Observed } from './invariant.ts';
import { nothingLeft } from './nothing-left.ts';
import { oneOutcome } from './one-outcome.ts';
import { recovers } from './recovers.ts';
import { repliesFit } from './replies-fit.ts';
import { retryBudget } from './retry-budget.ts';
import { staysOnSystem } from './stays-on-system.ts';
import { targetLimits } from './target-limits.ts';

/** Everything that must hold, for one run. */
export function createInvariants(observed: Observed): readonly Invariant[] {
  return [
    actsAtMostOnce(),
    staysOnSystem(),
    deadlines(observed),
    attemptsAllowed(),
    breakers(observed),
    retryBudget(observed),
    targetLimits(observed),
    callerRate(observed),
    ejections(observed),
    recovers(observed),
    oneOutcome(observed),
    executedIsTrue(observed),
    repliesFit(),
    nothingLeft(observed),
  ];
}
