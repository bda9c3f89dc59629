import { type Clock, sleepOn, type Timer } from './clock.ts';

/** A clock that stands still until it is told to move: for tests and the simulation. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`, firing every timer that falls due, in order, with microtasks run between. */
  advance(ms: number): Promise<void>;
  /** Timers that have not fired yet. */
  readonly pendingTimers: number;
}

/** Creates a {@link FakeClock} that reads `startMs` (default: 2026-01-01T00:00:00Z). */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new Set<{ dueMs: number; order: number; everyMs?: number; callback: () => void }>();

  const settle = async (): Promise<void> => {
    // A macrotask turn lets promise chains of any depth finish.
    await new Promise<void>((resolve) => setImmediate(resolve));
  };

  const add = (delayMs: number, callback: () => void, everyMs?: number): Timer => {
    const timer = {
      dueMs: nowMs + Math.max(0, delayMs),
      order: order++,
      callback,
      ...(everyMs === undefined ? {} : { everyMs }),
    };
    timers.add(timer);
    return { cancel: () => timers.delete(timer) };
  };

  const clock: FakeClock = {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    after: (delayMs, callback) => add(delayMs, callback),
    every: (intervalMs, callback) => add(Math.max(1, intervalMs), callback, Math.max(1, intervalMs)),
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (;;) {
        const next = [...timers]
          .filter((timer) => timer.dueMs <= endMs)
          .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.dueMs);
        if (next.everyMs === undefined) timers.delete(next);
        else next.dueMs += next.everyMs;
        next.callback();
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
    get pendingTimers() {
      return timers.size;
    },
  };
  return clock;
}
