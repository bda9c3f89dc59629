import { describe, expect, test } from 'vitest';
import type { Priority } from '../base/message.ts';
import { createOverload, type OverloadRun } from './overload.fixture.ts';

const base = { serviceMs: 50, slowdownPerWaiting: 0.01, patienceMs: 1000 };
const adaptive = { enabled: true };

/** Calls a second that the target can answer. */
function capacityOf({ target }: OverloadRun): number {
  return (target.options.workers * 1000) / target.options.serviceMs;
}

/** Answers a second at `times` the capacity, after the limits have settled. */
async function settledGoodput(run: OverloadRun, times: number): Promise<number> {
  const perSecond = capacityOf(run) * times;
  await run.offer({ perSecond, forMs: 6000 });
  return (await run.offer({ perSecond, forMs: 10_000 })).goodput;
}

describe.each([1, 2, 3])('seed %i', (seed) => {
  test('goodput at four times the capacity stays within 10 % of the peak; without limits it collapses', async () => {
    const goodput: Record<'off' | 'on', number[]> = { off: [], on: [] };
    for (const times of [0.5, 1, 2, 4]) {
      for (const [mode, enabled] of [
        ['off', false],
        ['on', true],
      ] as const) {
        const run = createOverload({ ...base, seed, workers: 10, adaptive: { enabled } });
        goodput[mode].push(await settledGoodput(run, times));
      }
    }
    const peak = Math.max(...goodput.off, ...goodput.on);
    expect(goodput.on[3]).toBeGreaterThan(0.9 * peak);
    expect(goodput.on[3]).toBeGreaterThan(0.8 * 200);
    expect(goodput.off[3]).toBeLessThan(0.1 * peak);
  });

  test('follows a target that loses capacity and gets it back, from both sides', async () => {
    const run = createOverload({ ...base, seed, workers: 20, adaptive });
    await run.offer({ perSecond: 1000, forMs: 10_000 });
    const before = run.limit();
    expect(before).toBeGreaterThan(20);
    expect(before).toBeLessThan(60);
    for (const [workers, least, most] of [
      [4, 4, 16],
      [20, 20, 60],
    ] as const) {
      run.target.options.workers = workers;
      await run.offer({ perSecond: 1000, forMs: 10_000 });
      expect((await run.offer({ perSecond: 1000, forMs: 5000 })).goodput).toBeGreaterThan(
        0.8 * capacityOf(run),
      );
      expect(run.limit()).toBeGreaterThanOrEqual(least);
      expect(run.limit()).toBeLessThan(most);
    }
  });

  test('follows a target that becomes slower and faster again: its new speed is measured, not held against it', async () => {
    const run = createOverload({ ...base, seed, workers: 20, patienceMs: 2000, adaptive });
    for (const serviceMs of [50, 200, 50]) {
      run.target.options.serviceMs = serviceMs;
      await run.offer({ perSecond: 800, forMs: 40_000 });
      expect((await run.offer({ perSecond: 800, forMs: 10_000 })).goodput).toBeGreaterThan(
        0.7 * Math.min(800, capacityOf(run)),
      );
    }
  });
});

test('sheds the lowest priority first', async () => {
  const run = createOverload({ ...base, seed: 5, workers: 10, adaptive });
  const mix: readonly Priority[] = ['LOW', 'LOW', 'NORMAL', 'HIGH', 'CRITICAL', 'EMERGENCY'];
  let turn = 0;
  const priority = (): Priority => mix[turn++ % mix.length]!;
  // The capacity is 200 a second: what is above LOW fits, with LOW it is too much.
  await run.offer({ perSecond: 260, forMs: 5000, priority });
  const { offered, answered } = await run.offer({ perSecond: 260, forMs: 15_000, priority });
  const share = (rank: Priority): number => answered[rank] / offered[rank];
  expect(share('EMERGENCY')).toBeGreaterThan(0.99);
  expect(share('CRITICAL')).toBeGreaterThan(0.99);
  expect(share('HIGH')).toBeGreaterThan(0.97);
  expect(share('NORMAL')).toBeGreaterThan(0.9);
  expect(share('LOW')).toBeLessThan(0.6);
});

test('a target that can take what comes refuses nothing once its limit has grown', async () => {
  const run = createOverload({ ...base, seed: 6, workers: 40, adaptive });
  await run.offer({ perSecond: 300, forMs: 5000 });
  const { refused, timeouts } = await run.offer({ perSecond: 300, forMs: 60_000 });
  expect([refused.NORMAL, timeouts]).toEqual([0, 0]);
});

test('a fixed limit below the adaptive one rules', async () => {
  const run = createOverload({ ...base, seed: 7, workers: 20, adaptive, concurrency: { maxCalls: 6 } });
  await run.offer({ perSecond: 1000, forMs: 10_000 });
  expect(run.target.loadMax).toBe(6);
  expect(run.limit()).toBeGreaterThanOrEqual(6);
});
