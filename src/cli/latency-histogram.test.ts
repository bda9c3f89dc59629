import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

test('without any latency everything is 0', () => {
  expect([new LatencyHistogram().percentileMs(0.99), new LatencyHistogram().maxMs]).toEqual([0, 0]);
});

test('percentiles are those of the sorted latencies, to 2 %', () => {
  const latency = fc.double({ min: 0.02, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(latency, { minLength: 1 }),
      fc.constantFrom(0.5, 0.9, 0.99, 1),
      (latencies, share) => {
        const histogram = new LatencyHistogram();
        for (const one of latencies) histogram.add(one);
        const sorted = latencies.toSorted((one, other) => one - other);
        const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
        expect(histogram.percentileMs(share)).toBeGreaterThanOrEqual(exact * 0.979);
        expect(histogram.percentileMs(share)).toBeLessThanOrEqual(exact * 1.021);
      },
    ),
  );
});
