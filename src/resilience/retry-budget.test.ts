import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

test('three retries are always allowed', () => {
  const budget = new RetryBudget();
  expect([budget.tryTake(), budget.tryTake(), budget.tryTake(), budget.tryTake()]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  budget.release();
  expect(budget.tryTake()).toBe(true);
});

test('a fifth of the calls in flight may be retries', () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 100; i += 1) budget.callStarted();
  let taken = 0;
  while (budget.tryTake()) taken += 1;
  expect(taken).toBe(20);
  budget.release();
  for (let i = 0; i < 50; i += 1) budget.callEnded();
  expect(budget.tryTake()).toBe(false);
});

test.each([
  [0, 3],
  [19, 3],
  [20, 4],
  [24, 4],
  [25, 5],
])('with %i calls in flight %i retries are allowed', (calls, retries) => {
  const budget = new RetryBudget();
  for (let i = 0; i < calls; i += 1) budget.callStarted();
  expect(budget.retriesMax).toBe(retries);
});

test('at no moment a retry is granted beyond the share of the calls in flight', () => {
  const action = fc.constantFrom('start', 'end', 'take', 'release');
  fc.assert(
    fc.property(fc.nat(100), fc.array(action, { maxLength: 300 }), (started, actions) => {
      const budget = new RetryBudget();
      let calls = started;
      for (let i = 0; i < started; i += 1) budget.callStarted();
      let retries = 0;
      for (const next of actions) {
        if (next === 'start') {
          budget.callStarted();
          calls += 1;
        } else if (next === 'end') {
          budget.callEnded();
          calls = Math.max(0, calls - 1);
        } else if (next === 'release') {
          budget.release();
          retries = Math.max(0, retries - 1);
        } else {
          const allowed = retries < Math.max(3, Math.floor(calls * 0.2));
          expect(budget.tryTake()).toBe(allowed);
          if (allowed) retries += 1;
        }
        expect([budget.callsInFlight, budget.retriesInFlight]).toEqual([calls, retries]);
      }
    }),
  );
});
