/** Breaks the hub on purpose, in one place at a time, and sees that the simulation finds it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type * as attemptTimeouts from '../../src/resilience/attempt-timeout.ts';
import type * as bulkheads from '../../src/resilience/bulkhead.ts';
import type * as ejectionRules from '../../src/resilience/ejection-rules.ts';
import type * as tokenBuckets from '../../src/resilience/token-bucket.ts';
import type * as outcomes from '../../src/messaging/outcome.ts';
import type * as replyKeys from '../../src/messaging/reply-cache-key.ts';
import type * as breakerStates from '../../src/resilience/breaker-state.ts';
import type * as retryBudgets from '../../src/resilience/retry-budget.ts';
import type * as retryDecisions from '../../src/resilience/retry-decision.ts';
import { failureText } from './report.ts';
import type { SimulationResult } from './simulation.ts';

/** Seeds that are tried until one fails. */
const seedsMax = 12;

const broken = new Set<string>();

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  for (const path of broken) vi.doUnmock(path);
  broken.clear();
});

/** Replaces exports of a module of src/ by what `change` makes of them, for simulations that are loaded from now on. */
function breakModule<M extends object>(path: string, change: (real: M) => Partial<M>): void {
  broken.add(path);
  vi.doMock(path, async (original) => {
    const real = await original<M>();
    return { ...real, ...change(real) };
  });
}

/** The first run that fails. */
async function firstFailure(): Promise<SimulationResult> {
  const { runSimulation } = await import('./simulation.ts');
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const result = await runSimulation({ seed });
    if (result.violation !== undefined) return result;
  }
  throw new Error(`none of ${seedsMax} seeds finds it`);
}

const retryDecision = '../../src/resilience/retry-decision.ts';
const breakerState = '../../src/resilience/breaker-state.ts';

describe('a hub that', () => {
  const bugs: readonly (readonly [what: string, breakIt: () => void, invariant: RegExp])[] = [
    [
      'repeats what must not be repeated',
      () =>
        breakModule<typeof retryDecisions>(retryDecision, ({ decideRetry }) => ({
          decideRetry: (question: retryDecisions.RetryQuestion) =>
            decideRetry({ ...question, repeatSafety: 'SAFE' }),
        })),
      /acts at most once|stays on its system/,
    ],
    [
      'repeats elsewhere what is harmless only where it began',
      () =>
        breakModule<typeof retryDecisions>(retryDecision, ({ decideRetry }) => ({
          decideRetry: (question: retryDecisions.RetryQuestion) =>
            decideRetry({ ...question, repeatScope: 'TYPE' }),
        })),
      /stays on its system/,
    ],
    [
      'lets attempts run beyond the deadline',
      () =>
        breakModule<typeof attemptTimeouts>(
          '../../src/resilience/attempt-timeout.ts',
          ({ attemptTimeout }) => ({
            attemptTimeout: (question: attemptTimeouts.AttemptTimeoutQuestion) => {
              const timeout = attemptTimeout(question);
              return { ...timeout, timeoutMs: timeout.timeoutMs + 50 };
            },
          }),
        ),
      /after its deadline/,
    ],
    [
      'admits one trial too many to a half-open breaker',
      () =>
        breakModule<typeof breakerStates>(breakerState, ({ admission }) => ({
          admission: (state, atMs, config) =>
            admission(state, atMs, { ...config, halfOpenCalls: config.halfOpenCalls + 1 }),
        })),
      /no more trials than allowed/,
    ],
    [
      'never lets an open breaker try again',
      () =>
        breakModule<typeof breakerStates>(breakerState, ({ admission, transition }) => ({
          admission: (state, atMs, config) =>
            state.kind === 'OPEN' ? { admits: false, retryAfterMs: 1000 } : admission(state, atMs, config),
          transition: (state, event, config) =>
            state.kind === 'OPEN' && event.type === 'time' ? state : transition(state, event, config),
          nextChangeMs: () => Infinity,
        })),
      /gets traffic again/,
    ],
    [
      'has no end to its retry budget',
      () =>
        breakModule<typeof retryBudgets>('../../src/resilience/retry-budget.ts', ({ RetryBudget }) => ({
          RetryBudget: class extends RetryBudget {
            override tryTake(): boolean {
              super.tryTake();
              return true;
            }
          },
        })),
      /within the budget/,
    ],
    [
      'lets more calls run at once than it should',
      () => {
        breakModule<typeof bulkheads>('../../src/resilience/bulkhead.ts', ({ Bulkhead }) => ({
          Bulkhead: class extends Bulkhead {
            override hasPlace(): boolean {
              return true;
            }
          },
        }));
      },
      /than its limits allow/,
    ],
    [
      'never gives a place back',
      () => {
        breakModule<typeof bulkheads>('../../src/resilience/bulkhead.ts', ({ Bulkhead }) => ({
          Bulkhead: class extends Bulkhead {
            override leave(): void {
              super.enter();
              super.leave();
            }
          },
        }));
      },
      /nothing is left|gets traffic again/,
    ],
    [
      'gives tokens away that it does not have',
      () => {
        breakModule<typeof tokenBuckets>('../../src/resilience/token-bucket.ts', ({ TokenBucket }) => ({
          TokenBucket: class extends TokenBucket {
            override msUntilToken(): number {
              return 0;
            }
            override tryTake(nowMs: number): boolean {
              super.tryTake(nowMs);
              return true;
            }
          },
        }));
      },
      /than its (limits allow|rate allows)/,
    ],
    [
      'ejects as many as do badly',
      () => {
        breakModule<typeof ejectionRules>('../../src/resilience/ejection-rules.ts', () => ({
          ejectionsAllowed: () => 1000,
        }));
      },
      /ejection never takes the last/,
    ],
    [
      'says that nothing happened when it does not know',
      () => {
        breakModule<typeof outcomes>('../../src/messaging/outcome.ts', ({ deliveryError }) => ({
          deliveryError: (failed) => deliveryError({ ...failed, executed: 'no' }),
        }));
      },
      /said about execution is true/,
    ],
    [
      'gives one caller the reply that is meant for another',
      () => {
        breakModule<typeof replyKeys>('../../src/messaging/reply-cache-key.ts', ({ replyKey }) => ({
          replyKey: (question, config) => replyKey(question, { ...config, shared: true, vary: [] }),
        }));
      },
      /answers its own question/,
    ],
  ];

  test.each(bugs)(
    '%s is found, with the command that shows it again',
    { timeout: 120_000 },
    async (_, breakIt, invariant) => {
      breakIt();
      const result = await firstFailure();
      expect(result.violation?.invariant).toMatch(invariant);
      expect(failureText(result)).toContain(`replay:    npm run simulate -- --seed ${result.seed} --trace`);
      expect(failureText(result)).toContain(`violated: ${result.violation?.invariant}`);

      // The same seed shows the same again.
      const { runSimulation } = await import('./simulation.ts');
      expect(await runSimulation({ seed: result.seed })).toEqual(result);
    },
  );
});
