import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailureWindow } from './failure-window.ts';

const anyCalls = fc.array(
  fc.record({ waitMs: fc.oneof(fc.nat(15_000), fc.nat(150_000)), failed: fc.boolean(), slow: fc.boolean() }),
  {
    maxLength: 200,
  },
);

test('counts exactly the calls of the last ten buckets', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), anyCalls, (startMs, calls) => {
      const window = new FailureWindow(60_000);
      const seen: { bucket: number; failed: boolean; slow: boolean }[] = [];
      let nowMs = startMs;
      for (const { waitMs, failed, slow } of calls) {
        nowMs += waitMs;
        window.record(failed, slow, nowMs);
        const bucket = Math.floor(nowMs / 6000);
        seen.push({ bucket, failed, slow });
        const recent = seen.filter((call) => call.bucket > bucket - 10);
        expect(window.calls).toBe(recent.length);
        expect(window.failures).toBe(recent.filter((call) => call.failed).length);
        expect(window.slow).toBe(recent.filter((call) => call.slow).length);
      }
    }),
  );
});

test('forgets a call after its length at the latest, and not before nine tenths of it', () => {
  for (const startMs of [0, 1, 5999, 6000, 123_457]) {
    const window = new FailureWindow(60_000);
    window.record(true, true, startMs);
    window.advance(startMs + 53_999);
    expect([window.failures, window.slow]).toEqual([1, 1]);
    window.advance(startMs + 60_000);
    expect([window.calls, window.failures, window.slow]).toEqual([0, 0, 0]);
  }
});

test('a call that is older than the newest counts as now', () => {
  const window = new FailureWindow(1000);
  window.record(false, false, 5000);
  window.record(true, false, 1000);
  expect([window.calls, window.failures]).toEqual([2, 1]);
});
