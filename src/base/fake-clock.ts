import { type Clock, sleepOn, type Timer } from './clock.ts';
import { TimerHeap, type HeapTimer } from './timer-heap.ts';

/** A clock that stands still until it is told to move: for tests, the simulation and simulated policies. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`, firing every timer that falls due, in order, with microtasks run between. */
  advance(ms: number): Promise<void>;
  /** When the next timer fires, in epoch ms; undefined: none is pending. */
  readonly nextTimerMs: number | undefined;
  /** Timers that have not fired yet. */
  readonly pendingTimers: number;
}

/**
 * Creates a {@link FakeClock} that reads `startMs` (default: 2026-01-01T00:00:00Z). Timers of one instant fire in the
 * order in which they were set; setting and cancelling one costs O(log n), firing one a turn of the event loop besides.
 */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new TimerHeap();

  const settle = (): Promise<void> =>
    // A macrotask turn lets promise chains of any depth finish. No count of microtask turns would.
    new Promise<void>((resolve) => setImmediate(resolve));

  const add = (delayMs: number, callback: () => void, everyMs?: number): Timer => {
    const timer: HeapTimer = {
      dueMs: nowMs + Math.max(0, delayMs),
      order: order++,
      everyMs,
      callback,
      place: -1,
    };
    timers.add(timer);
    return { cancel: () => timers.remove(timer) };
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
      for (let next = timers.first; next !== undefined && next.dueMs <= endMs; next = timers.first) {
        nowMs = Math.max(nowMs, next.dueMs);
        timers.remove(next);
        if (next.everyMs !== undefined) {
          next.dueMs += next.everyMs;
          timers.add(next);
        }
        next.callback();
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
    get nextTimerMs() {
      return timers.first?.dueMs;
    },
    get pendingTimers() {
      return timers.size;
    },
  };
  return clock;
}
