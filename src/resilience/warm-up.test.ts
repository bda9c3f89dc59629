import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { warmUpShare, WarmUps } from './warm-up.ts';

test('the share grows evenly from a tenth to the whole', () => {
  const shares = [0, 5, 10, 25, 50, 99, 100, 1000].map((elapsedMs) => warmUpShare(elapsedMs, 100));
  expect(shares).toEqual([0.1, 0.1, 0.1, 0.25, 0.5, 0.99, 1, 1]);
});

test('never falls while time passes, and is never out of bounds', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000), fc.nat(4_000_000), fc.nat(3_600_000), (one, other, slowStartMs) => {
      const [early, late] = [Math.min(one, other), Math.max(one, other)].map((elapsedMs) =>
        warmUpShare(elapsedMs, slowStartMs),
      );
      expect(early).toBeLessThanOrEqual(late!);
      for (const share of [early, late]) {
        expect(share).toBeGreaterThanOrEqual(0.1);
        expect(share).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('begins when a system comes back, begins anew when it comes back again, and is forgotten with it', async () => {
  const clock = createFakeClock();
  const warmUps = new WarmUps(clock);
  const share = (): number => warmUps.share('a', 1000, clock.monotonic());
  expect(share()).toBe(1);
  warmUps.begin('a');
  await clock.advance(600);
  expect(share()).toBe(0.6);
  warmUps.begin('a');
  expect(share()).toBe(0.1);
  await clock.advance(1000);
  expect(share()).toBe(1);
  warmUps.forget('a');
  expect([share(), warmUps.size]).toEqual([1, 0]);
});
