import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

test('gives a burst at once, then one token each time it comes back', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  expect([1, 2, 3, 4].map(() => bucket.tryTake(0))).toEqual([true, true, true, false]);
  expect(bucket.msUntilToken(0)).toBe(100);
  expect(bucket.tryTake(99)).toBe(false);
  expect(bucket.tryTake(100)).toBe(true);
  expect(bucket.tryTake(100)).toBe(false);
});

test('a rate below one a second works: one every other second', () => {
  const bucket = new TokenBucket({ perSecond: 0.5, burst: undefined }, 0);
  expect(bucket.burst).toBe(1);
  expect(bucket.tryTake(0)).toBe(true);
  expect(bucket.msUntilToken(500)).toBe(1500);
  expect(bucket.tryTake(1999)).toBe(false);
  expect(bucket.tryTake(2000)).toBe(true);
});

test('does not drift: asked every 100 ms for a day at 0.3 tokens each, it gives exactly what came back', () => {
  const bucket = new TokenBucket({ perSecond: 3, burst: 10 }, 0);
  let taken = 0;
  while (bucket.tryTake(0));
  for (let step = 1; step <= 864_000; step += 1) while (bucket.tryTake(step * 100)) taken += 1;
  expect(taken).toBe(3 * 86_400);
});

test('other settings give no tokens away', () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 5 }, 0);
  for (let taken = 0; taken < 5; taken += 1) bucket.tryTake(0);
  bucket.configure({ perSecond: 100, burst: 1000 }, 0);
  expect(bucket.level(0)).toBe(0);
  expect(bucket.level(100)).toBeCloseTo(10);
  bucket.configure({ perSecond: 100, burst: 4 }, 100);
  expect(bucket.level(100)).toBe(4);
});

const rates = fc.record({
  perSecond: fc.double({ min: 0.01, max: 5000, noNaN: true }),
  burst: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
});

test('in any stretch of time it gives at most its length × rate + burst', () => {
  fc.assert(
    fc.property(
      rates,
      fc.array(
        fc.record({
          pauseMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })),
          asked: fc.integer({ min: 1, max: 50 }),
        }),
        { maxLength: 60 },
      ),
      (config, steps) => {
        const bucket = new TokenBucket(config, 0);
        const taken: number[] = [];
        let nowMs = 0;
        for (const { pauseMs, asked } of steps) {
          nowMs += pauseMs;
          for (let ask = 0; ask < asked; ask += 1) if (bucket.tryTake(nowMs)) taken.push(nowMs);
        }
        const tooMany = taken.some((fromMs, first) =>
          taken.slice(first).some((toMs, more) => {
            const most = ((toMs - fromMs) * config.perSecond) / 1000 + bucket.burst;
            return more + 1 > most + 1e-6;
          }),
        );
        expect(tooMany).toBe(false);
      },
    ),
  );
});

test('a refusal tells truly when the next token comes', () => {
  fc.assert(
    fc.property(rates, fc.double({ min: 0, max: 1e9, noNaN: true }), (config, startMs) => {
      const bucket = new TokenBucket(config, startMs);
      while (bucket.tryTake(startMs));
      const waitMs = bucket.msUntilToken(startMs);
      expect(waitMs).toBeGreaterThanOrEqual(1);
      // To within the rounding of a double.
      expect(bucket.tryTake(startMs + waitMs + 1e-3)).toBe(true);
    }),
  );
});
