import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('a fake clock', () => {
  test('fires what was set and not cancelled, by due time and then by the order of setting', async () => {
    const step = fc.record({
      delayMs: fc.integer({ min: 0, max: 20 }),
      everyMs: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      cancels: fc.option(fc.nat(), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }),
        async (steps, advances) => {
          const clock = createFakeClock(0);
          const fired: string[] = [];
          const timers = steps.map(({ delayMs, everyMs }, index) => {
            const callback = (): void => void fired.push(`${clock.now()}: ${index}`);
            return everyMs === undefined ? clock.after(delayMs, callback) : clock.every(everyMs, callback);
          });
          const cancelled = new Set<number>();
          for (const { cancels } of steps) {
            if (cancels === undefined) continue;
            timers[cancels % timers.length]?.cancel();
            cancelled.add(cancels % timers.length);
          }
          for (const ms of advances) await clock.advance(ms);

          const endMs = advances.reduce((sum, ms) => sum + ms, 0);
          const expected = steps
            .flatMap(({ delayMs, everyMs }, index) =>
              cancelled.has(index)
                ? []
                : everyMs === undefined
                  ? [{ dueMs: delayMs, index }]
                  : Array.from({ length: Math.floor(endMs / everyMs) }, (_, turn) => ({
                      dueMs: (turn + 1) * everyMs,
                      index,
                    })),
            )
            .filter(({ dueMs }) => advances.length > 0 && dueMs <= endMs)
            .sort((a, b) => a.dueMs - b.dueMs || a.index - b.index);
          expect(fired).toEqual(expected.map(({ dueMs, index }) => `${dueMs}: ${index}`));
          expect(clock.now()).toBe(endMs);
        },
      ),
    );
  });

  test('lets a promise chain of any depth finish before the next timer fires', async () => {
    const clock = createFakeClock();
    const seen: string[] = [];
    clock.after(5, () => {
      void (async () => {
        for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
        seen.push('chain of the first');
      })();
    });
    clock.after(5, () => seen.push('second'));
    await clock.advance(5);
    expect(seen).toEqual(['chain of the first', 'second']);
  });

  test('fires a timer set by a timer within the same advance, at its own time', async () => {
    const clock = createFakeClock(1000);
    const seen: number[] = [];
    clock.after(10, () => {
      seen.push(clock.now());
      clock.after(0, () => seen.push(clock.now()));
      clock.after(7, () => seen.push(clock.now()));
      clock.after(500, () => seen.push(clock.now()));
    });
    await clock.advance(100);
    expect(seen).toEqual([1010, 1010, 1017]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerMs).toBe(1510);
  });

  test('a repeating timer that cancels itself fires no more', async () => {
    const clock = createFakeClock();
    let fired = 0;
    const timer = clock.every(10, () => {
      fired += 1;
      if (fired === 3) timer.cancel();
    });
    await clock.advance(1000);
    expect(fired).toBe(3);
    expect(clock.pendingTimers).toBe(0);
    expect(clock.nextTimerMs).toBeUndefined();
  });

  test('fires 100,000 timers out of 5,000 pending ones without sorting them each time', async () => {
    const clock = createFakeClock();
    let fired = 0;
    for (let index = 0; index < 5000; index += 1) {
      const again = (): void => {
        fired += 1;
        clock.after(1 + ((index * 7919) % 1000), again);
      };
      clock.after(index % 1000, again);
    }
    while (fired < 100_000) await clock.advance(1000);
    expect(clock.pendingTimers).toBe(5000);
    // Takes 0.3 s; sorting all timers at each step took minutes, which the runner's limit for a test refuses.
  });
});
