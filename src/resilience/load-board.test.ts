import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LoadBoard } from './load-board.ts';

const a = { systemId: 'a', interface: 'rest' };
const b = { systemId: 'b', interface: 'rest' };

function setUp() {
  let nowMs = 0;
  const board = new LoadBoard({ clock: { monotonic: () => nowMs } });
  const wait = (ms: number): number => (nowMs += ms);
  const call = (latencyMs: number, outcome: 'answered' | 'failed' = 'answered'): void => {
    const settle = board.begin(a);
    wait(latencyMs);
    settle(outcome);
  };
  return { board, wait, call };
}

test('counts the calls in flight of each endpoint, each once', () => {
  const { board } = setUp();
  const [one, two] = [board.begin(a), board.begin(a)];
  board.begin(b);
  expect([board.inFlight(a), board.inFlight(b)]).toEqual([2, 1]);
  one('answered');
  one('failed');
  expect(board.inFlight(a)).toBe(1);
  two('failed');
  expect(board.inFlight(a)).toBe(0);
});

describe('the average latency', () => {
  test('takes a peak at once and comes down by and by', () => {
    const { board, call } = setUp();
    call(10);
    expect(board.latencyMs(a)).toBe(10);
    call(500);
    expect(board.latencyMs(a)).toBe(500);
    call(10);
    expect(board.latencyMs(a)).toBeGreaterThan(490);
    for (let i = 0; i < 10_000; i += 1) call(10);
    expect(board.latencyMs(a)).toBeCloseTo(10, 0);
  });

  test('decays to 1/e in 10 s of silence', () => {
    const { board, call, wait } = setUp();
    call(100);
    wait(10_000);
    expect(board.latencyMs(a)).toBeCloseTo(100 / Math.E, 6);
  });

  test('is not lowered by failing fast, yet raised by failing slowly', () => {
    const { board, call, wait } = setUp();
    call(100);
    for (let i = 0; i < 60; i += 1) {
      wait(1000);
      call(1, 'failed');
    }
    expect(board.latencyMs(a)).toBe(100);
    call(2000, 'failed');
    expect(board.latencyMs(a)).toBe(2000);
  });

  test('always lies between 0 and the slowest answer', () => {
    const anyCall = fc.record({
      latencyMs: fc.integer({ min: 0, max: 60_000 }),
      pauseMs: fc.integer({ min: 0, max: 60_000 }),
      outcome: fc.constantFrom('answered' as const, 'failed' as const),
    });
    fc.assert(
      fc.property(fc.array(anyCall), (calls) => {
        const { board, wait, call } = setUp();
        let slowestMs = 0;
        for (const { latencyMs, pauseMs, outcome } of calls) {
          call(latencyMs, outcome);
          slowestMs = Math.max(slowestMs, latencyMs);
          expect(board.latencyMs(a)).toBeLessThanOrEqual(slowestMs + 1e-6);
          wait(pauseMs);
          expect(board.latencyMs(a)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

test('forgets endpoints that are gone, and their late calls do no harm', () => {
  const { board } = setUp();
  const late = board.begin(a);
  board.begin(b);
  board.forget(a);
  expect([board.size, board.inFlight(a)]).toEqual([1, 0]);
  board.begin(a);
  late('answered');
  expect(board.inFlight(a)).toBe(1);
});
