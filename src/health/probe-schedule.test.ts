import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { ProbeResult } from '../base/transport.ts';
import { ok } from './health.fixture.ts';
import { ProbeSchedule, type ProbeScheduleOptions } from './probe-schedule.ts';

const times = { intervalMs: 30_000, timeoutMs: 5000 };

/** A schedule whose probes take `tookMs`, with a log of what was probed when. */
function setUp(options: Partial<ProbeScheduleOptions> & { tookMs?: number } = {}) {
  const { tookMs = 10, ...rest } = options;
  const clock = createFakeClock();
  const started: { key: string; atMs: number }[] = [];
  const running = new Map<string, number>();
  const most = { inAll: 0, ofOneKey: 0 };
  const results: [string, ProbeResult][] = [];
  const schedule = new ProbeSchedule({
    clock,
    random: seededRandom(7),
    probe: async (key, { signal }) => {
      started.push({ key, atMs: clock.monotonic() });
      running.set(key, (running.get(key) ?? 0) + 1);
      most.ofOneKey = Math.max(most.ofOneKey, running.get(key) ?? 0);
      most.inAll = Math.max(
        most.inAll,
        [...running.values()].reduce((sum, each) => sum + each, 0),
      );
      try {
        await clock.sleep(tookMs, signal);
        return ok;
      } finally {
        running.set(key, (running.get(key) ?? 1) - 1);
      }
    },
    onResult: (key, result) => {
      results.push([key, result]);
      return times.intervalMs;
    },
    ...rest,
  });
  const startsOf = (key: string): number[] =>
    started.filter((each) => each.key === key).map(({ atMs }) => atMs);
  return { clock, schedule, started, startsOf, results, most, running };
}

describe('the schedule of probes', () => {
  test('probes a new key within a second, then every interval give or take a tenth', async () => {
    const { clock, schedule, startsOf } = setUp();
    schedule.set('echo', times);
    await clock.advance(300_000);
    const starts = startsOf('echo');
    expect(starts[0]).toBeLessThanOrEqual(1000);
    expect(starts.length).toBeGreaterThanOrEqual(9);
    const gaps = starts.slice(1).map((atMs, index) => atMs - starts[index]!);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(27_010);
      expect(gap).toBeLessThanOrEqual(33_010);
    }
    expect(new Set(gaps).size).toBeGreaterThan(1);
  });

  test('spreads the first probes of many keys', async () => {
    const { clock, schedule, started } = setUp();
    for (let at = 0; at < 50; at += 1) schedule.set(`s${at}`, times);
    await clock.advance(1000);
    expect(new Set(started.map(({ atMs }) => Math.floor(atMs / 100))).size).toBeGreaterThan(5);
  });

  test('has one timer, however many keys', () => {
    const { clock, schedule } = setUp();
    for (let at = 0; at < 50; at += 1) schedule.set(`s${at}`, times);
    expect(clock.pendingTimers).toBe(1);
  });

  test('runs no more at once than it may, and those that wait come later', async () => {
    const { clock, schedule, most, started } = setUp({ inFlightMax: 3, tookMs: 2000 });
    for (let at = 0; at < 10; at += 1) schedule.set(`s${at}`, times);
    await clock.advance(9000);
    expect(most.inAll).toBe(3);
    expect(new Set(started.map(({ key }) => key)).size).toBe(10);
  });

  test('waits as long as the result says', async () => {
    const { clock, schedule, startsOf } = setUp({ onResult: () => 1000, random: { next: () => 0.5 } });
    schedule.set('echo', times);
    await clock.advance(4000);
    expect(startsOf('echo')).toEqual([500, 1510, 2520, 3530]);
  });

  test('takes a shorter interval at once', async () => {
    const { clock, schedule, startsOf } = setUp();
    schedule.set('echo', { ...times, intervalMs: 3_600_000 });
    await clock.advance(2000);
    await clock.advance(1000);
    schedule.set('echo', { ...times, intervalMs: 2000 });
    await clock.advance(2200);
    expect(startsOf('echo')).toHaveLength(2);
  });

  test('can be hurried', async () => {
    const { clock, schedule, startsOf } = setUp();
    schedule.set('echo', times);
    await clock.advance(5000);
    schedule.hurry('echo');
    await clock.advance(1000);
    expect(startsOf('echo')).toHaveLength(2);
  });
});

describe('a probe', () => {
  test('that does not end is given up a little after its timeout and counts as failed', async () => {
    const { clock, schedule, results } = setUp({ probe: () => new Promise<never>(() => undefined) });
    schedule.set('echo', times);
    await clock.advance(1000 + 5000 + 250);
    expect(results).toEqual([
      ['echo', { alive: false, latencyMs: 5250, detail: 'no answer within 5000 ms' }],
    ]);
    expect(schedule.inFlight).toBe(0);
  });

  test('is told its deadline and aborted with its guard', async () => {
    const seen: { leftMs: number; signal: AbortSignal }[] = [];
    const { clock, schedule } = setUp({
      probe: (_key, { deadlineMs, signal }) => {
        seen.push({ leftMs: deadlineMs - clock.now(), signal });
        return new Promise<never>(() => undefined);
      },
    });
    schedule.set('echo', times);
    await clock.advance(6250);
    expect(seen).toMatchObject([{ leftMs: 5000, signal: { aborted: true } }]);
  });

  test('that ends after it was given up changes nothing, not even the probe that came after it', async () => {
    const answers: ((result: ProbeResult) => void)[] = [];
    const { clock, schedule, results } = setUp({
      probe: () => new Promise<ProbeResult>((resolve) => answers.push(resolve)),
      onResult: (key, result) => {
        results.push([key, result]);
        return 1000;
      },
    });
    schedule.set('echo', times);
    await clock.advance(1000 + 5250 + 1100);
    expect([answers.length, results.length, schedule.inFlight]).toEqual([2, 1, 1]);
    answers[0]?.(ok);
    await clock.advance(0);
    expect([results.length, schedule.inFlight]).toEqual([1, 1]);
    answers[1]?.(ok);
    await clock.advance(0);
    expect(results.map(([, { alive }]) => alive)).toEqual([false, true]);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no such host'))],
    [
      'throws',
      () => {
        throw new Error('no such host');
      },
    ],
  ])('that %s counts as failed, and the next one comes', async (_name, probe) => {
    const { clock, schedule, results } = setUp({ probe });
    schedule.set('echo', times);
    await clock.advance(40_000);
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(results[0]?.[1]).toMatchObject({ alive: false, detail: 'no such host' });
  });
});

describe('a check', () => {
  test('probes now and resolves after the result was taken in', async () => {
    const { clock, schedule, results, startsOf } = setUp();
    schedule.set('echo', { ...times, intervalMs: 3_600_000 });
    await clock.advance(10_000);
    const check = schedule.check('echo').then((result) => ({ result, taken: results.length }));
    await clock.advance(10);
    expect(await check).toEqual({ result: ok, taken: 2 });
    expect(startsOf('echo')).toEqual([expect.any(Number), 10_000]);
  });

  test('joins the probe in flight', async () => {
    const { clock, schedule, startsOf } = setUp({ tookMs: 1000 });
    schedule.set('echo', times);
    const checks = Promise.all([schedule.check('echo'), schedule.check('echo')]);
    await clock.advance(500);
    const late = schedule.check('echo');
    await clock.advance(500);
    expect([...(await checks), await late]).toEqual([ok, ok, ok]);
    expect(startsOf('echo')).toEqual([0]);
  });

  test('goes ahead of what waits for a slot', async () => {
    const { clock, schedule, started } = setUp({ inFlightMax: 1, tookMs: 2000 });
    for (const key of ['a', 'b', 'c', 'd']) schedule.set(key, times);
    await clock.advance(1500);
    const [first] = started;
    const wanted = ['a', 'b', 'c', 'd'].filter((key) => key !== first?.key).at(-1)!;
    const check = schedule.check(wanted);
    await clock.advance(4000);
    expect(await check).toEqual(ok);
    expect(started[1]?.key).toBe(wanted);
  });

  test('ends with its caller: its probe goes on, and others that wait for it get the result', async () => {
    const { clock, schedule, results } = setUp({ tookMs: 1000 });
    schedule.set('echo', times);
    const caller = new AbortController();
    const gone = schedule.check('echo', caller.signal);
    const stays = schedule.check('echo', new AbortController().signal);
    await clock.advance(500);
    caller.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await clock.advance(500);
    expect(await stays).toEqual(ok);
    expect(results).toHaveLength(1);
  });

  test('that nobody waits for any more is no longer ahead of what is due', async () => {
    const { clock, schedule, started } = setUp({ inFlightMax: 1, tookMs: 2000, random: { next: () => 0.5 } });
    schedule.set('busy', times);
    schedule.set('due', times);
    await clock.advance(1500);
    schedule.set('asked', times);
    const caller = new AbortController();
    const check = schedule.check('asked', caller.signal);
    caller.abort(new Error('gone'));
    await expect(check).rejects.toThrow('gone');
    await clock.advance(5000);
    expect(started.map(({ key }) => key)).toEqual(['busy', 'due', 'asked']);
    started.length = 0;

    // Once more, where an earlier check has had its answer.
    const answered = schedule.check('asked');
    await clock.advance(2000);
    await answered;
    await clock.advance(26_200);
    schedule.set('late', times);
    await clock.advance(800);
    const again = new AbortController();
    const second = schedule.check('asked', again.signal);
    again.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await clock.advance(6000);
    expect(started.map(({ key }) => key)).toEqual(['asked', 'busy', 'due', 'late', 'asked']);
  });

  test('that somebody still waits for stays ahead when another leaves', async () => {
    const { clock, schedule, started } = setUp({ inFlightMax: 1, tookMs: 2000, random: { next: () => 0.5 } });
    schedule.set('busy', times);
    schedule.set('due', times);
    await clock.advance(1500);
    schedule.set('asked', times);
    const caller = new AbortController();
    const leaves = schedule.check('asked', caller.signal);
    const stays = schedule.check('asked');
    caller.abort(new Error('gone'));
    await expect(leaves).rejects.toThrow('gone');
    await clock.advance(5000);
    expect(await stays).toEqual(ok);
    expect(started.map(({ key }) => key)).toEqual(['busy', 'asked', 'due']);
  });

  test('that ended, either way, listens to its caller no more', async () => {
    const { clock, schedule } = setUp();
    schedule.set('echo', times);
    const caller = new AbortController();
    const { signal } = caller;
    const listening = (): number => getEventListeners(signal, 'abort').length;
    const check = schedule.check('echo', signal);
    expect(listening()).toBe(1);
    await clock.advance(10);
    await check;
    const deleted = schedule.check('echo', signal);
    schedule.delete('echo');
    expect([await deleted, listening()]).toEqual([undefined, 0]);
  });

  test('of a key that is not probed, or stops being so, resolves with nothing', async () => {
    const { schedule } = setUp();
    expect(await schedule.check('nobody')).toBeUndefined();
    schedule.set('echo', times);
    const check = schedule.check('echo');
    schedule.delete('echo');
    expect(await check).toBeUndefined();
  });
});

describe('the end', () => {
  test('of a key aborts its probe and drops the result', async () => {
    const { clock, schedule, results, started } = setUp({ tookMs: 1000 });
    schedule.set('echo', times);
    void schedule.check('echo');
    await clock.advance(1);
    schedule.delete('echo');
    await clock.advance(100_000);
    expect([started.length, results.length, schedule.inFlight, schedule.size]).toEqual([1, 0, 0, 0]);
  });

  test('of the schedule leaves no timer and no probe', async () => {
    const { clock, schedule, started } = setUp({ tookMs: 1000 });
    schedule.set('a', times);
    schedule.set('b', times);
    void schedule.check('a');
    schedule.close();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
    schedule.set('c', times);
    await clock.advance(100_000);
    expect([started.map(({ key }) => key), schedule.size]).toEqual([['a'], 0]);
  });
});

test('whatever happens, limits hold, nothing is probed twice at once, and every key is probed again', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const action = fc.oneof(
    fc.record({ kind: fc.constantFrom('set', 'delete', 'check', 'hurry'), key }),
    fc.record({ kind: fc.constant('wait'), key, ms: fc.integer({ min: 0, max: 20_000 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const { clock, schedule, most, startsOf } = setUp({ inFlightMax: 2, tookMs: 3000 });
      const held = new Set<string>();
      for (const each of actions) {
        if (each.kind === 'set') {
          schedule.set(each.key, times);
          held.add(each.key);
        } else if (each.kind === 'delete') {
          schedule.delete(each.key);
          held.delete(each.key);
        } else if (each.kind === 'check') void schedule.check(each.key);
        else if (each.kind === 'hurry') schedule.hurry(each.key);
        else if ('ms' in each) await clock.advance(each.ms);
      }
      const fromMs = clock.monotonic();
      await clock.advance(60_000);
      expect(schedule.size).toBe(held.size);
      for (const each of held) expect(startsOf(each).some((atMs) => atMs >= fromMs)).toBe(true);
      expect(most.inAll).toBeLessThanOrEqual(2);
      expect(most.ofOneKey).toBeLessThanOrEqual(1);
      schedule.close();
    }),
    { numRuns: 50 },
  );
});
