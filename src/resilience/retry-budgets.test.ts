import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RetryBudgets } from './retry-budgets.ts';

const config = { share: 0.2, minimum: 1 };

test('a target that fails uses up nobody else’s retries', () => {
  const budgets = new RetryBudgets();
  const ledger = budgets.of('type:ledger', config);
  expect([ledger.tryTake(), ledger.tryTake()]).toEqual([true, false]);
  expect(budgets.of('type:mail', config).tryTake()).toBe(true);
  expect(budgets.of('type:ledger', config)).toBe(ledger);
});

test('other settings hold from the next retry on', () => {
  const budgets = new RetryBudgets();
  const budget = budgets.of('system:a', config);
  budget.callStarted();
  expect([budget.tryTake(), budget.tryTake()]).toEqual([true, false]);
  budgets.of('system:a', { share: 0, minimum: 2 });
  expect([budget.tryTake(), budget.tryTake()]).toEqual([true, false]);
});

describe('when there are too many', () => {
  test('those of which nothing is in flight go, the others stay', () => {
    const budgets = new RetryBudgets(10);
    const busy = budgets.of('busy', config);
    busy.callStarted();
    for (let target = 0; target < 1000; target += 1) budgets.of(String(target), config);
    expect(budgets.size).toBeLessThanOrEqual(12);
    expect(budgets.of('busy', config)).toBe(busy);
  });

  test('and all are in use, all stay', () => {
    const budgets = new RetryBudgets(10);
    for (let target = 0; target < 100; target += 1) budgets.of(String(target), config).callStarted();
    expect(budgets.size).toBe(100);
  });
});

test('retries of a target never exceed its budget, however deliveries to several targets interleave', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(3),
      fc.array(fc.record({ target: fc.constantFrom('a', 'b', 'c'), failures: fc.nat(3) }), {
        minLength: 1,
        maxLength: 20,
      }),
      async (scheduler, share, minimum, deliveries) => {
        // So few idle ones are kept that budgets come and go all the while.
        const budgets = new RetryBudgets(1);
        const calls = new Map<string, number>();
        const retries = new Map<string, number>();
        const add = (counts: Map<string, number>, target: string, change: number): number => {
          const count = (counts.get(target) ?? 0) + change;
          counts.set(target, count);
          return count;
        };
        const deliver = async (target: string, failures: number): Promise<void> => {
          const budget = budgets.of(target, { share, minimum });
          budget.callStarted();
          add(calls, target, 1);
          for (let attempt = 0; attempt <= failures; attempt += 1) {
            const retried = attempt > 0;
            if (retried && !budget.tryTake()) break;
            if (retried) {
              const allowed = Math.max(minimum, share * (calls.get(target) ?? 0) + 1e-6);
              expect(add(retries, target, 1)).toBeLessThanOrEqual(allowed);
            }
            await scheduler.schedule(Promise.resolve(), `attempt at ${target}`);
            if (retried) {
              budget.release();
              add(retries, target, -1);
            }
          }
          budget.callEnded();
          add(calls, target, -1);
        };
        const running = deliveries.map(async ({ target, failures }) => {
          await scheduler.schedule(Promise.resolve(), `begin at ${target}`);
          await deliver(target, failures);
        });
        await scheduler.waitFor(Promise.all(running));
        for (const target of calls.keys()) {
          const budget = budgets.of(target, { share, minimum });
          expect([budget.callsInFlight, budget.retriesInFlight]).toEqual([0, 0]);
        }
      },
    ),
  );
});
