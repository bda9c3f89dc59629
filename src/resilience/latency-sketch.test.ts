import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencySketch } from './latency-sketch.ts';

test('nothing counted, no latency', () => {
  expect(new LatencySketch().quantile(0.95)).toBe(0);
});

test('a quantile is off by at most 10 % of itself', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (latencies, quantile) => {
        const sketch = new LatencySketch();
        for (const latency of latencies) sketch.add(latency);
        const sorted = [...latencies].sort((a, b) => a - b);
        const exact = sorted[Math.floor(quantile * (sorted.length - 1))] ?? 0;
        expect(sketch.count).toBe(latencies.length);
        expect(Math.abs(sketch.quantile(quantile) - exact)).toBeLessThanOrEqual(exact * 0.1);
      },
    ),
  );
});

test('what is beyond its bounds counts at them', () => {
  const sketch = new LatencySketch();
  sketch.add(0);
  expect(sketch.quantile(1)).toBeLessThanOrEqual(0.1);
  sketch.add(1e12);
  expect(sketch.quantile(1)).toBeGreaterThan(3_600_000);
});

test('old latencies fade, so that a target that became quick is known to be', () => {
  const sketch = new LatencySketch();
  for (let call = 0; call < 1000; call += 1) sketch.add(1000);
  for (let call = 0; call < 5000; call += 1) sketch.add(10);
  expect(sketch.quantile(0.95)).toBeLessThan(11);
  expect(sketch.count).toBeLessThanOrEqual(1000);
});
