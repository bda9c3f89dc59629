import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { retryCeilingMs, retryDelayMs } from './backoff.ts';
import { defaultPolicy } from './policy-fields.ts';

const { retry } = defaultPolicy;
const always = (value: number) => ({ next: () => value });

test('the upper end doubles from 200 ms to 30 s', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000, 1e9].map((attempt) => retryCeilingMs(retry, attempt));
  expect(ceilings).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
});

test('an initial delay of 0 retries at once, whatever the attempt', () => {
  expect(retryDelayMs({ retry: { ...retry, initialDelayMs: 0 }, attempt: 5000, random: always(0.9) })).toBe(
    0,
  );
});

const anyRetry = fc.record({
  initialDelayMs: fc.double({ min: 0, max: 300_000, noNaN: true }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxDelayMs: fc.double({ min: 0, max: 3_600_000, noNaN: true }),
  maxRetryAfterMs: fc.double({ min: 0, max: 3_600_000, noNaN: true }),
});

test('the wait lies between 0 and the upper end', () => {
  fc.assert(
    fc.property(anyRetry, fc.integer({ min: 1, max: 100 }), fc.integer(), (settings, attempt, seed) => {
      const delayMs = retryDelayMs({ retry: settings, attempt, random: seededRandom(seed) });
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(retryCeilingMs(settings, attempt));
      expect(retryCeilingMs(settings, attempt)).toBeLessThanOrEqual(settings.maxDelayMs);
    }),
  );
});

test('the waits fill the whole range evenly: full jitter', () => {
  const random = seededRandom(1);
  const quarters = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i += 1) {
    const quarter = Math.floor((retryDelayMs({ retry, attempt: 3, random }) / 800) * 4);
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
  }
  for (const count of quarters) expect(count / 1000).toBeCloseTo(1, 0.5);
});

describe('a wait that the target asked for', () => {
  test('is a minimum with a little on top, cut to what the policy grants', () => {
    fc.assert(
      fc.property(
        anyRetry,
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 1, max: 1e9, noNaN: true }),
        fc.integer(),
        (settings, attempt, retryAfterMs, seed) => {
          const delayMs = retryDelayMs({
            retry: settings,
            attempt,
            random: seededRandom(seed),
            retryAfterMs,
          });
          const askedMs = Math.min(retryAfterMs, settings.maxRetryAfterMs);
          expect(delayMs).toBeGreaterThanOrEqual(askedMs);
          const mostMs = Math.max(retryCeilingMs(settings, attempt), askedMs + Math.min(1000, askedMs * 0.1));
          expect(delayMs).toBeLessThanOrEqual(mostMs);
        },
      ),
    );
  });

  test('spreads those who were told the same', () => {
    const delays = [0, 0.5, 0.99].map((r) =>
      retryDelayMs({ retry, attempt: 1, random: always(r), retryAfterMs: 60_000 }),
    );
    expect(delays).toEqual([60_000, 60_500, 60_990]);
  });

  test.each([0, -5, NaN])('of %s changes nothing', (retryAfterMs) => {
    expect(retryDelayMs({ retry, attempt: 1, random: always(0.5), retryAfterMs })).toBe(100);
  });
});
