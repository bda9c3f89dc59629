import { describe, expect, test } from 'vitest';
import { ok, refused, slow } from './health.fixture.ts';
import { probeDelayMs, withJitter } from './probe-pace.ts';
import { afterProbe, notProbed } from './probe-state.ts';
import { defaultHealthRules as rules } from './rules.ts';

const delayAfter = (signs: string, intervalMs = 30_000): number => {
  const state = Array.from(signs).reduce(
    (before, sign) => afterProbe(before, sign === 'x' ? refused : sign === 's' ? slow : ok, 0, rules),
    notProbed,
  );
  return probeDelayMs(state, intervalMs, rules);
};

describe('the time until the next probe', () => {
  // `.` well, `s` slow, `x` failed.
  test.each([
    ['.', 30_000],
    ['.x', 5000],
    ['.xx', 5000],
    ['xxx', 5000],
    ['xxxx', 10_000],
    ['xxxxx', 20_000],
    ['xxxxxx', 30_000],
    ['x'.repeat(2000), 30_000],
    ['xxx.', 5000],
    ['xxx..', 30_000],
    ['s', 30_000],
    ['s.', 5000],
    ['s..', 30_000],
  ])('after %j is %d ms', (signs, delayMs) => {
    expect(delayAfter(signs)).toBe(delayMs);
  });

  test('is never longer than the interval', () => {
    expect(delayAfter('.x', 1000)).toBe(1000);
    expect(delayAfter('xxxx', 1000)).toBe(1000);
  });

  test('varies by a tenth to either side', () => {
    expect(withJitter(30_000, { next: () => 0 })).toBe(27_000);
    expect(withJitter(30_000, { next: () => 0.5 })).toBe(30_000);
    expect(withJitter(30_000, { next: () => 0.999_999 })).toBeCloseTo(33_000, 0);
  });
});
