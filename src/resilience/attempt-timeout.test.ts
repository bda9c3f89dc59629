import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repeatSafeties } from '../base/message.ts';
import { attemptTimeout } from './attempt-timeout.ts';
import { defaultPolicy } from './policy-fields.ts';

const policy = defaultPolicy;

test.each([
  ['a share of what remains', { repeatSafety: 'SAFE', remainingMs: 60_000, attemptsLeft: 3 }, 20_000, false],
  [
    'all for the last attempt',
    { repeatSafety: 'KEYED', remainingMs: 19_000, attemptsLeft: 1 },
    19_000,
    false,
  ],
  [
    'all for an unsafe message',
    { repeatSafety: 'UNSAFE', remainingMs: 59_500, attemptsLeft: 3 },
    59_500,
    false,
  ],
  ['at least 1 s', { repeatSafety: 'SAFE', remainingMs: 1500, attemptsLeft: 3 }, 1000, true],
  ['never more than what remains', { repeatSafety: 'SAFE', remainingMs: 300, attemptsLeft: 3 }, 300, true],
  ['cut by a caller in a hurry', { repeatSafety: 'UNSAFE', remainingMs: 5000, attemptsLeft: 3 }, 5000, true],
] as const)('%s', (_, question, timeoutMs, cutByCallerDeadline) => {
  expect(attemptTimeout({ policy, ...question })).toEqual({ timeoutMs, cutByCallerDeadline });
});

test('the policy sets it, and what is shorter is cut', () => {
  const strict = { ...policy, attemptTimeoutMs: 2000 };
  const question = { policy: strict, repeatSafety: 'SAFE', attemptsLeft: 2 } as const;
  expect(attemptTimeout({ ...question, remainingMs: 2000 })).toEqual({
    timeoutMs: 2000,
    cutByCallerDeadline: false,
  });
  expect(attemptTimeout({ ...question, remainingMs: 1999 })).toEqual({
    timeoutMs: 1999,
    cutByCallerDeadline: true,
  });
});

test('attempts that run into their timeout one after the other are not taken for cut, and end in time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(...repeatSafeties),
      (attempts, repeatSafety) => {
        const own = { ...policy, retry: { ...policy.retry, attempts } };
        // The margin for the answer is off already; each wait between attempts takes its longest.
        let remainingMs = own.timeoutMs - 500;
        for (let left = attempts; left > 0 && remainingMs > 0; left -= 1) {
          const found = attemptTimeout({ policy: own, repeatSafety, remainingMs, attemptsLeft: left });
          expect(found.timeoutMs).toBeLessThanOrEqual(remainingMs);
          expect(found.cutByCallerDeadline).toBe(false);
          remainingMs -= found.timeoutMs + 200;
        }
      },
    ),
  );
});
