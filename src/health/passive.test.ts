import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyAverage } from './latency-average.ts';
import { errorRateOf, passiveColour, PassiveWindow } from './passive.ts';
import { defaultHealthRules as rules } from './rules.ts';

describe('the window of deliveries', () => {
  test('holds the last minute, to one bucket of 5 s', () => {
    const delivery = fc.record({ gapMs: fc.integer({ min: 0, max: 40_000 }), ok: fc.boolean() });
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 50 }), (deliveries) => {
        const window = new PassiveWindow();
        const all: { atMs: number; ok: boolean }[] = [];
        let nowMs = 0;
        for (const { gapMs, ok } of deliveries) {
          nowMs += gapMs;
          window.add({ ok, latencyMs: 1 }, nowMs);
          all.push({ atMs: nowMs, ok });
          const fromBucket = Math.floor(nowMs / 5000) - 11;
          const held = all.filter(({ atMs }) => Math.floor(atMs / 5000) >= fromBucket);
          expect(window.read(nowMs)).toMatchObject({
            calls: held.length,
            failures: held.filter((each) => !each.ok).length,
          });
        }
      }),
    );
  });

  test('forgets an average once nothing was delivered for a minute', () => {
    const window = new PassiveWindow();
    window.add({ ok: true, latencyMs: 5000 }, 0);
    expect(window.read(59_999)).toEqual({ calls: 1, failures: 0, latencyMs: 5000 });
    expect(window.read(60_000)).toEqual({ calls: 0, failures: 0, latencyMs: undefined });
    window.add({ ok: true, latencyMs: 10 }, 60_000);
    expect(window.read(60_000).latencyMs).toBe(10);
  });

  test('leaves the time of failures out of the average', () => {
    const window = new PassiveWindow();
    window.add({ ok: false, latencyMs: 60_000 }, 0);
    expect(window.read(0).latencyMs).toBeUndefined();
  });

  test('has no error rate without calls', () => {
    expect(errorRateOf({ calls: 0, failures: 0 })).toBe(0);
    expect(errorRateOf({ calls: 4, failures: 1 })).toBe(0.25);
  });
});

describe('the colour of deliveries', () => {
  test.each([
    ['few calls', { calls: 4, failures: 4, latencyMs: 9000 }, undefined, undefined],
    ['a single glitch', { calls: 10, failures: 1, latencyMs: 10 }, undefined, undefined],
    ['more than 5 %', { calls: 38, failures: 2, latencyMs: 10 }, undefined, 'errors'],
    ['exactly 5 %', { calls: 40, failures: 2, latencyMs: 10 }, undefined, undefined],
    ['5 % after it was worse', { calls: 40, failures: 2, latencyMs: 10 }, 'errors', 'errors'],
    ['4 % after it was worse', { calls: 50, failures: 2, latencyMs: 10 }, 'errors', undefined],
    ['slow answers', { calls: 5, failures: 0, latencyMs: 1001 }, undefined, 'slow'],
    ['900 ms', { calls: 5, failures: 0, latencyMs: 900 }, undefined, undefined],
    ['900 ms after it was slower', { calls: 5, failures: 0, latencyMs: 900 }, 'slow', 'slow'],
    ['800 ms after it was slower', { calls: 5, failures: 0, latencyMs: 800 }, 'slow', undefined],
    ['errors before slowness', { calls: 5, failures: 5, latencyMs: 9000 }, 'slow', 'errors'],
  ] as const)('for %s is as the limits say', (_name, reading, before, colour) => {
    expect(passiveColour(reading, before, rules)).toBe(colour);
  });
});

describe('the average of latencies', () => {
  test('starts with the first and stays between the least and the most', () => {
    const measurement = fc.record({
      gapMs: fc.integer({ min: 0, max: 60_000 }),
      latencyMs: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(fc.array(measurement, { minLength: 1, maxLength: 30 }), (measurements) => {
        const average = new LatencyAverage();
        let nowMs = 0;
        for (const { gapMs, latencyMs } of measurements) {
          nowMs += gapMs;
          average.add(latencyMs, nowMs);
        }
        const all = measurements.map(({ latencyMs }) => latencyMs);
        expect(average.ms).toBeGreaterThanOrEqual(Math.min(...all));
        expect(average.ms).toBeLessThanOrEqual(Math.max(...all));
      }),
    );
  });

  test('follows a new level within half a minute, and many at once as well', () => {
    const late = new LatencyAverage();
    late.add(10, 0);
    late.add(1000, 30_000);
    expect(late.ms).toBeGreaterThan(900);
    const burst = new LatencyAverage();
    burst.add(10, 0);
    for (let at = 0; at < 200; at += 1) burst.add(1000, 0);
    expect(burst.ms).toBeGreaterThan(900);
  });
});
