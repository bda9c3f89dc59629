import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttemptReason, attemptReasons } from '../base/transport.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import type { AdaptiveLimitConfig } from './policy.ts';

const config: AdaptiveLimitConfig = { enabled: true, minCalls: 4, maxCalls: 1000, tolerance: 1.5 };

/** Calls at a target that answers each after `latencyMs`, always `inFlight` at once, or as many as the limit allows. */
function createCaller(adaptive: AdaptiveLimit) {
  let nowMs = 0;
  return (calls: {
    readonly forMs: number;
    readonly latencyMs: number;
    readonly inFlight?: number;
    readonly reason?: AttemptReason;
  }): void => {
    const { forMs, latencyMs, inFlight = Infinity, reason = 'ok' } = calls;
    for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += latencyMs) {
      const places = Math.min(inFlight, adaptive.placesFor('EMERGENCY'));
      const epochs = Array.from({ length: places }, (_, index) => adaptive.started(index + 1));
      for (const epoch of epochs) adaptive.ended({ reason, latencyMs, epoch }, nowMs + latencyMs);
    }
  };
}

test('begins with a probe of few calls, and takes their mean for the latency without load', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  expect([adaptive.limit, adaptive.probing, adaptive.baselineMs]).toEqual([4, true, undefined]);
  createCaller(adaptive)({ forMs: 300, latencyMs: 100 });
  expect([adaptive.limit, adaptive.probing, adaptive.baselineMs]).toEqual([20, false, 100]);
});

test('grows while the target stays fast, as far as it is used', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  const call = createCaller(adaptive);
  call({ forMs: 300, latencyMs: 100 });
  call({ forMs: 3000, latencyMs: 100, inFlight: 60 });
  expect(adaptive.limit).toBeGreaterThan(60);
  // Twice what is used is enough.
  expect(adaptive.limit).toBeLessThan(60 * 2 * 2);
});

test('shrinks when the target becomes slower than the tolerance', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  const call = createCaller(adaptive);
  call({ forMs: 300, latencyMs: 100 });
  call({ forMs: 1000, latencyMs: 400 });
  expect(adaptive.limit).toBeLessThan(20);
});

test('a quiet target keeps its limit, however slow it is', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  const call = createCaller(adaptive);
  call({ forMs: 300, latencyMs: 100 });
  call({ forMs: 60_000, latencyMs: 900, inFlight: 6 });
  expect(adaptive.limit).toBe(20);
});

describe.each(['timeout', 'rate_limited', 'refused_stream'] as const)('%s', (reason) => {
  test('shrinks the limit, whatever the latency of the rest', () => {
    const adaptive = new AdaptiveLimit(config, 0);
    const call = createCaller(adaptive);
    call({ forMs: 300, latencyMs: 100 });
    call({ forMs: 2000, latencyMs: 200, reason });
    expect(adaptive.limit).toBe(4);
  });
});

test('a quick failure says nothing: it neither raises the limit nor passes for the speed of the target', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  const call = createCaller(adaptive);
  call({ forMs: 300, latencyMs: 100 });
  call({ forMs: 5000, latencyMs: 1, reason: 'target_error' });
  expect([adaptive.limit, adaptive.baselineMs]).toEqual([20, 100]);
});

test('a timeout that was short already for a target without load says nothing', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  const call = createCaller(adaptive);
  call({ forMs: 300, latencyMs: 100 });
  call({ forMs: 5000, latencyMs: 20, reason: 'timeout' });
  expect(adaptive.limit).toBe(20);
});

test('one slow call among many does not halve the limit', () => {
  const adaptive = new AdaptiveLimit(config, 0);
  createCaller(adaptive)({ forMs: 300, latencyMs: 100 });
  for (let call = 0; call < 30; call += 1) {
    const epoch = adaptive.started(18);
    adaptive.ended({ reason: 'ok', latencyMs: call === 7 ? 60_000 : 100, epoch }, 500 + 10 * call);
  }
  expect(adaptive.limit).toBeGreaterThanOrEqual(20);
});

test('while it binds, the latency without load is measured anew after 30 s', () => {
  const adaptive = new AdaptiveLimit({ ...config, maxCalls: 30 }, 0);
  const call = createCaller(adaptive);
  call({ forMs: 30_000, latencyMs: 100 });
  expect([adaptive.probing, adaptive.baselineMs]).toEqual([false, 100]);
  for (let step = 0; step < 10 && !adaptive.probing; step += 1) call({ forMs: 100, latencyMs: 100 });
  expect([adaptive.probing, adaptive.limit]).toEqual([true, 5]);
  call({ forMs: 1000, latencyMs: 60 });
  expect(adaptive.probing).toBe(false);
  expect(adaptive.baselineMs).toBeLessThan(100);
});

test('keeps a part of the limit for higher priorities', () => {
  const adaptive = new AdaptiveLimit({ ...config, minCalls: 20 }, 0);
  const places = (['LOW', 'NORMAL', 'HIGH', 'CRITICAL', 'EMERGENCY'] as const).map((priority) =>
    adaptive.placesFor(priority),
  );
  expect(places).toEqual([16, 18, 19, 20, 20]);
});

test('stays within its bounds, whatever it is told', () => {
  const told = fc.record({
    reason: fc.option(fc.constantFrom(...attemptReasons), { nil: undefined }),
    latencyMs: fc.oneof(fc.constant(0), fc.constant(Infinity), fc.double({ min: 0, max: 1e6, noNaN: true })),
    inFlight: fc.integer({ min: 1, max: 3000 }),
    pauseMs: fc.double({ min: 0, max: 5000, noNaN: true }),
    times: fc.integer({ min: 1, max: 60 }),
  });
  const bounds = fc.record({
    minCalls: fc.integer({ min: 1, max: 100 }),
    maxCalls: fc.integer({ min: 1, max: 2000 }),
    tolerance: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  fc.assert(
    fc.property(bounds, fc.array(fc.tuple(told, fc.option(bounds)), { maxLength: 40 }), (first, steps) => {
      let { minCalls, maxCalls } = first;
      const adaptive = new AdaptiveLimit({ enabled: true, ...first }, 0);
      let nowMs = 0;
      for (const [{ reason, latencyMs, inFlight, pauseMs, times }, changed] of steps) {
        if (changed !== null) {
          adaptive.configure({ enabled: true, ...changed });
          ({ minCalls, maxCalls } = changed);
        }
        for (let time = 0; time < times; time += 1) {
          const epoch = adaptive.started(inFlight);
          adaptive.ended({ reason, latencyMs, epoch }, (nowMs += pauseMs));
          expect(adaptive.limit).toBeGreaterThanOrEqual(minCalls);
          expect(adaptive.limit).toBeLessThanOrEqual(Math.max(minCalls, maxCalls));
          expect(adaptive.placesFor('LOW')).toBeGreaterThanOrEqual(1);
        }
      }
    }),
  );
});
