import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../base/fake-clock.ts';
import { priorities, type Priority } from '../base/message.ts';
import { Bulkhead, type WaitEnd } from './bulkhead.ts';
import { rankOf } from './bulkhead-queue.ts';

interface Rules {
  maxCalls: number;
  queueMax: number;
  queueTimeMs: number;
  startDelayMs: number;
}

function createBulkhead(rules: Partial<Rules> = {}) {
  const clock = createFakeClock();
  const settings: Rules = { maxCalls: 1, queueMax: 2, queueTimeMs: 1000, startDelayMs: 0, ...rules };
  const bulkhead = new Bulkhead(clock, {
    placesFor: () => settings.maxCalls,
    queueMax: () => settings.queueMax,
    queueTimeMs: () => settings.queueTimeMs,
    startDelayMs: () => settings.startDelayMs,
    started: () => undefined,
  });
  const ends: string[] = [];
  const wait = (name: string, priority: Priority = 'NORMAL', deadlineMs = Infinity): AbortController => {
    const controller = new AbortController();
    void bulkhead
      .wait({ priority, deadlineMs, signal: controller.signal })
      .then((end) => ends.push(`${name}: ${end}`));
    return controller;
  };
  return { clock, bulkhead, settings, ends, wait };
}

const settled = (clock: FakeClock): Promise<void> => clock.advance(0);

test('lets the highest priority in first, and within one who came first', async () => {
  const { clock, bulkhead, ends, wait } = createBulkhead({ queueMax: 10 });
  bulkhead.enter();
  wait('low', 'LOW');
  wait('first', 'NORMAL');
  wait('second', 'NORMAL');
  wait('emergency', 'EMERGENCY');
  for (let left = 0; left < 4; left += 1) {
    bulkhead.leave();
    await settled(clock);
  }
  expect(ends).toEqual(['emergency: place', 'first: place', 'second: place', 'low: place']);
  expect(bulkhead.inFlight).toBe(1);
});

test('queue time, deadline and abort end a wait at once', async () => {
  const { clock, bulkhead, ends, wait } = createBulkhead({ queueMax: 10 });
  bulkhead.enter();
  wait('patient');
  wait('hurried', 'NORMAL', clock.now() + 300);
  const gone = wait('gone');
  gone.abort();
  await settled(clock);
  expect(ends).toEqual(['gone: aborted']);
  await clock.advance(299);
  expect(ends).toHaveLength(1);
  await clock.advance(1);
  expect(ends).toEqual(['gone: aborted', 'hurried: deadline']);
  await clock.advance(700);
  expect(ends.at(-1)).toBe('patient: queue_time');
  expect([bulkhead.waiting, clock.pendingTimers]).toEqual([0, 0]);
});

test('who comes to a full queue takes the place of the newest of a lower priority, else may not wait', async () => {
  const { clock, bulkhead, ends, wait } = createBulkhead({ queueMax: 3 });
  bulkhead.enter();
  wait('older low', 'LOW');
  wait('newer low', 'LOW');
  wait('normal', 'NORMAL');
  expect(bulkhead.mayQueue('LOW')).toBe(false);
  expect(bulkhead.mayQueue('NORMAL')).toBe(true);
  wait('high', 'HIGH');
  await settled(clock);
  expect(ends).toEqual(['newer low: displaced']);
  wait('another', 'HIGH');
  await settled(clock);
  expect(ends.at(-1)).toBe('older low: displaced');
  expect(bulkhead.mayQueue('NORMAL')).toBe(false);
  expect(bulkhead.waiting).toBe(3);
});

test('a lower limit lets calls in flight finish, a higher one wakes who waits', async () => {
  const { clock, bulkhead, settings, ends, wait } = createBulkhead({ maxCalls: 3 });
  for (let call = 0; call < 3; call += 1) bulkhead.enter();
  settings.maxCalls = 1;
  bulkhead.rulesChanged();
  wait('waits');
  bulkhead.leave();
  bulkhead.leave();
  await settled(clock);
  expect([bulkhead.inFlight, ends.length]).toEqual([1, 0]);
  settings.maxCalls = 2;
  bulkhead.rulesChanged();
  await settled(clock);
  expect([bulkhead.inFlight, ends]).toEqual([2, ['waits: place']]);
});

test('who has a place but must not start yet starts when it may', async () => {
  const { clock, settings, ends, wait } = createBulkhead();
  settings.startDelayMs = 50;
  wait('waits');
  await clock.advance(49);
  settings.startDelayMs = 0;
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(ends).toEqual(['waits: place']);
  expect(clock.pendingTimers).toBe(0);
});

test('clearing ends every wait and every timer', async () => {
  const { clock, bulkhead, ends, wait } = createBulkhead();
  bulkhead.enter();
  wait('one');
  wait('two');
  bulkhead.clear();
  await settled(clock);
  expect(ends).toEqual(['one: closed', 'two: closed']);
  expect(clock.pendingTimers).toBe(0);
});

test('never above its limit, never loses a place or a waiter, under any interleaving', async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        priority: fc.constantFrom(...priorities),
        deadlineMs: fc.constantFrom(20, 200, 10_000),
        abort: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 150 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('rules' as const),
        maxCalls: fc.integer({ min: 1, max: 5 }),
        queueMax: fc.integer({ min: 0, max: 5 }),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 40 }), async (scheduler, steps) => {
      const { clock, bulkhead, settings } = createBulkhead({ maxCalls: 2, queueTimeMs: 100 });
      const ends: Partial<Record<WaitEnd | 'refused', number>> = {};
      let inside = 0;
      let calls = 0;
      const check = (): void => {
        expect(bulkhead.inFlight).toBe(inside);
        expect(bulkhead.waiting).toBeLessThanOrEqual(settings.queueMax);
      };
      const call = async (priority: Priority, deadlineMs: number, abort: boolean): Promise<void> => {
        calls += 1;
        const controller = new AbortController();
        if (abort) void scheduler.schedule(Promise.resolve()).then(() => controller.abort());
        let end: WaitEnd | 'refused' = 'refused';
        if (bulkhead.hasPlace(priority)) {
          bulkhead.enter();
          inside += 1;
          end = 'place';
        } else if (bulkhead.mayQueue(priority)) {
          const request = { priority, deadlineMs: clock.now() + deadlineMs, signal: controller.signal };
          end = await bulkhead.wait(request).then((ended) => {
            if (ended === 'place') inside += 1;
            return ended;
          });
        }
        ends[end] = (ends[end] ?? 0) + 1;
        if (end !== 'place') return;
        await scheduler.schedule(Promise.resolve());
        inside -= 1;
        bulkhead.leave();
      };
      const running: Promise<void>[] = [];
      for (const each of steps) {
        const before = bulkhead.inFlight;
        if (each.kind === 'call') running.push(call(each.priority, each.deadlineMs, each.abort));
        else if (each.kind === 'time') await clock.advance(each.ms);
        else {
          Object.assign(settings, each);
          bulkhead.rulesChanged();
        }
        await settled(clock);
        expect(bulkhead.inFlight).toBeLessThanOrEqual(Math.max(settings.maxCalls, before));
        check();
        if (scheduler.count() > 0 && calls % 2 === 0) await scheduler.waitNext(1);
        await settled(clock);
        check();
      }
      await scheduler.waitIdle();
      await clock.advance(10_000);
      await scheduler.waitIdle();
      await Promise.all(running);
      expect(bulkhead.inFlight).toBe(0);
      expect(bulkhead.waiting).toBe(0);
      expect(clock.pendingTimers).toBe(0);
      expect(Object.values(ends).reduce((sum, count) => sum + count, 0)).toBe(calls);
    }),
    { numRuns: 200 },
  );
});

test('nobody overtakes a higher priority, or an equal one who came before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...priorities), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 10 }),
      async (ranks, queueMax) => {
        const { clock, bulkhead, wait, ends } = createBulkhead({ queueMax });
        bulkhead.enter();
        ranks.forEach((priority, index) => {
          if (bulkhead.mayQueue(priority)) wait(String(index), priority);
        });
        await settled(clock);
        const waiting = ranks
          .map((priority, index) => ({ priority, index }))
          .sort((a, b) => rankOf(b.priority) - rankOf(a.priority) || a.index - b.index)
          .slice(0, queueMax);
        ends.length = 0;
        while (bulkhead.waiting > 0) {
          bulkhead.leave();
          await settled(clock);
        }
        expect(ends).toEqual(waiting.map(({ index }) => `${index}: place`));
      },
    ),
    { numRuns: 100 },
  );
});
