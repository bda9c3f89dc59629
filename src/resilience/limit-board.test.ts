import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { priorities, type Priority } from '../base/message.ts';
import { LimitBoard, type LimitRefusal, type TargetPermit } from './limit-board.ts';
import type { Policy } from './policy.ts';
import { resolveTargetPolicy } from './policy-match.ts';
import { policyOf } from './policy.fixture.ts';

type Limits = NonNullable<Policy['limits']>;

function createBoard(limits: Limits = {}) {
  const clock = createFakeClock();
  let policy = policyOf('careful', {}, { limits });
  const board = new LimitBoard({
    clock,
    targetOf: (systemId) => resolveTargetPolicy([policy], { systemId, type: 't', capabilities: [] }),
  });
  const request = (
    options: { readonly mayWait?: boolean; readonly priority?: Priority; readonly deadlineMs?: number } = {},
  ) => ({ priority: 'NORMAL' as const, mayWait: false, deadlineMs: Infinity, ...options });
  const { signal } = new AbortController();
  return {
    clock,
    board,
    enter: (options: Parameters<typeof request>[0] = {}, systemId = 'ledger') =>
      board.enter(systemId, { ...request(options), signal }),
    change: (other: Limits) => {
      policy = policyOf('careful', {}, { limits: other });
      board.reconfigure();
    },
  };
}

type Entered = ReturnType<LimitBoard['enter']>;
const ok = { reason: 'ok', latencyMs: 100 } as const;

function permit(entered: Entered): TargetPermit {
  if (entered instanceof Promise || !entered.admitted) throw new Error('not let in at once');
  return entered;
}

function refusal(entered: Entered): LimitRefusal {
  if (entered instanceof Promise || entered.admitted) throw new Error('not refused at once');
  return entered;
}

test('a system without a limit shares one permit among all its attempts', () => {
  const { enter, board } = createBoard();
  const one = permit(enter());
  expect(permit(enter())).toBe(one);
  expect(one.waitedMs).toBe(0);
  expect(board.states('ledger')).toEqual([]);
});

test('a limit that is set while attempts are in flight counts them', () => {
  const { enter, change } = createBoard();
  const running = [permit(enter()), permit(enter())];
  change({ concurrency: { maxCalls: 2 } });
  expect(refusal(enter())).toMatchObject({ limit: 'limits.concurrency', current: 2, maximum: 2 });
  running[0]!.release(ok);
  permit(enter());
});

test('each system has limits of its own', () => {
  const { enter } = createBoard({ concurrency: { maxCalls: 1 } });
  permit(enter({}, 'ledger'));
  permit(enter({}, 'mail'));
  refusal(enter({}, 'ledger'));
});

test('a permit gives its place back once, however often it is released', () => {
  const { enter } = createBoard({ concurrency: { maxCalls: 2 } });
  const first = permit(enter());
  permit(enter());
  first.release(ok);
  first.release(ok);
  permit(enter());
  refusal(enter());
});

describe('a refusal names policy, limit, values and when to come back', () => {
  test('target rate', () => {
    const { enter } = createBoard({ targetRate: { perSecond: 4, burst: 1 } });
    permit(enter());
    expect(refusal(enter({ mayWait: true }))).toEqual({
      admitted: false,
      reason: 'hub_rate_limited',
      policy: 'careful',
      limit: 'limits.target_rate',
      subject: 'ledger',
      maximum: 1,
      current: 1,
      waiting: 0,
      retryAfterMs: 250,
      detail:
        'System "ledger" gets at most 4 attempts a second with 1 at once (limits.target_rate of policy "careful"); the next may come in 250 ms.',
    });
  });

  test('concurrency', async () => {
    const { clock, enter } = createBoard({ concurrency: { maxCalls: 2, queue: 1, queueTimeMs: 500 } });
    permit(enter()).release({ reason: 'ok', latencyMs: 80 });
    const [one] = [permit(enter()), permit(enter())];
    const waiting = enter({ mayWait: true });
    expect(refusal(enter({ mayWait: true }))).toMatchObject({
      reason: 'concurrency_limited',
      policy: 'careful',
      limit: 'limits.concurrency',
      maximum: 2,
      current: 2,
      waiting: 1,
      // Two calls' time of 80 ms over two places.
      retryAfterMs: 80,
      detail:
        'System "ledger" has 2 attempts in flight of at most 2 (limits.concurrency of policy "careful") and 1 wait; come back in 80 ms.',
    });
    await clock.advance(30);
    one.release(ok);
    expect(await waiting).toMatchObject({ admitted: true, waitedMs: 30 });
  });

  test.each([
    ['queue_time', {}, /waited as long as it may; come back/],
    ['deadline', { deadlineMs: Date.UTC(2026, 0, 1) + 100 }, /time ran out while it waited/],
  ] as const)('%s', async (_, options, text) => {
    const { clock, enter } = createBoard({ concurrency: { maxCalls: 1, queueTimeMs: 500 } });
    permit(enter());
    const waiting = enter({ mayWait: true, ...options });
    await clock.advance(500);
    expect(await waiting).toMatchObject({ admitted: false, detail: expect.stringMatching(text) as string });
  });

  test('adaptive', () => {
    const { enter } = createBoard({ adaptive: { enabled: true }, concurrency: { queue: 0 } });
    for (let call = 0; call < 4; call += 1) permit(enter());
    expect(refusal(enter({ mayWait: true }))).toMatchObject({
      reason: 'concurrency_limited',
      limit: 'limits.adaptive',
      maximum: 4,
      current: 4,
    });
  });
});

test('a refusal of an adaptive limit says that a part of it is kept for higher priorities', () => {
  const { enter } = createBoard({ adaptive: { enabled: true, minCalls: 10 }, concurrency: { queue: 0 } });
  for (let call = 0; call < 8; call += 1) permit(enter({ priority: 'LOW' }));
  expect(refusal(enter({ priority: 'LOW' })).detail).toContain(
    'has 8 attempts in flight of at most 10, not all of which LOW may fill (limits.adaptive of policy "careful")',
  );
  permit(enter({ priority: 'NORMAL' }));
});

test('who waits for a place takes a token when it gets one, and not before', async () => {
  const { clock, enter, board } = createBoard({
    concurrency: { maxCalls: 1, queueTimeMs: 5000 },
    targetRate: { perSecond: 1, burst: 2 },
  });
  const first = permit(enter());
  const waiting = [enter({ mayWait: true }), enter({ mayWait: true })];
  expect(board.states('ledger')[0]).toMatchObject({ limit: 'limits.target_rate', current: 1 });
  first.release(ok);
  const second = (await waiting[0]) as TargetPermit;
  second.release(ok);
  // There is a place, but no token until a second has passed.
  await clock.advance(999);
  expect(board.states('ledger')[0]).toMatchObject({ waiting: 1 });
  await clock.advance(1);
  expect(await waiting[1]).toMatchObject({ admitted: true, waitedMs: 1000 });
});

test('a system that goes refuses who waits; attempts in flight count on when it comes back', async () => {
  const { enter, board } = createBoard({ concurrency: { maxCalls: 1 } });
  const running = permit(enter());
  const waiting = enter({ mayWait: true });
  board.forget('ledger');
  expect(await waiting).toMatchObject({
    admitted: false,
    detail: expect.stringContaining('went away') as string,
  });
  refusal(enter());
  running.release(ok);
  permit(enter());
});

test('a system that comes back shows the attempts that are still in flight before it is asked again', () => {
  const { enter, board } = createBoard({ concurrency: { maxCalls: 1, queue: 0 } });
  const running = permit(enter());
  board.forget('ledger');
  board.ensure('ledger');
  expect(board.states('ledger')).toMatchObject([{ current: 1, refuses: true }]);
  running.release(ok);
  expect(board.states('ledger')).toMatchObject([{ current: 0, refuses: false }]);
});

test('closing refuses who waits and leaves no timer', async () => {
  const { clock, enter, board } = createBoard({ concurrency: { maxCalls: 1 } });
  permit(enter());
  const waiting = enter({ mayWait: true });
  board.close();
  expect(await waiting).toMatchObject({ admitted: false });
  expect(clock.pendingTimers).toBe(0);
});

test('asking for states changes nothing, also of a system that was never called', () => {
  const { board, enter } = createBoard({
    concurrency: { maxCalls: 1, queue: 0 },
    targetRate: { perSecond: 1 },
  });
  expect(board.states('ledger').map(({ limit, refuses }) => [limit, refuses])).toEqual([
    ['limits.target_rate', false],
    ['limits.concurrency', false],
  ]);
  permit(enter());
  expect(board.states('ledger').map(({ refuses, retryAfterMs }) => [refuses, retryAfterMs])).toEqual([
    [true, 1000],
    [true, 1000],
  ]);
});

test('rate and places are never exceeded and nothing is lost, under any interleaving of calls, time and policies', async () => {
  const limits = fc.record({
    maxCalls: fc.integer({ min: 0, max: 4 }),
    queue: fc.integer({ min: 0, max: 4 }),
    perSecond: fc.constantFrom(0, 5, 50),
    enabled: fc.boolean(),
  });
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ call: fc.constantFrom(...priorities), abort: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ advanceMs: fc.integer({ min: 1, max: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ change: limits }) },
    { weight: 1, arbitrary: fc.constant({ forget: true }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      limits,
      fc.array(step, { maxLength: 40 }),
      async (scheduler, first, steps) => {
        const asLimits = ({ maxCalls, queue, perSecond, enabled }: typeof first): Limits => ({
          concurrency: { maxCalls, queue, queueTimeMs: 200 },
          targetRate: { perSecond, burst: 3 },
          adaptive: { enabled, minCalls: 2, maxCalls: 3 },
        });
        const { clock, board, change } = createBoard(asLimits(first));
        let current = first;
        let inFlight = 0;
        let ended = 0;
        const starts: number[] = [];
        const call = async (priority: Priority, abort: boolean): Promise<void> => {
          const controller = new AbortController();
          if (abort) void scheduler.schedule(Promise.resolve()).then(() => controller.abort());
          const request = {
            priority,
            mayWait: true,
            deadlineMs: clock.now() + 500,
            signal: controller.signal,
          };
          const entered = await board.enter('ledger', request);
          ended += 1;
          if (!entered.admitted) return;
          inFlight += 1;
          starts.push(clock.monotonic());
          if (current.maxCalls > 0) expect(inFlight).toBeLessThanOrEqual(current.maxCalls);
          if (current.enabled) expect(inFlight).toBeLessThanOrEqual(3);
          await scheduler.schedule(Promise.resolve());
          inFlight -= 1;
          entered.release({ reason: 'ok', latencyMs: 50 });
        };
        const running: Promise<void>[] = [];
        for (const each of steps) {
          if ('call' in each) running.push(call(each.call, each.abort));
          else if ('advanceMs' in each) await clock.advance(each.advanceMs);
          else if ('change' in each) {
            current = each.change;
            starts.length = 0;
            change(asLimits(current));
          } else {
            board.forget('ledger');
            starts.length = 0;
          }
          await clock.advance(0);
          if (scheduler.count() > 1) await scheduler.waitNext(1);
          await clock.advance(0);
        }
        await scheduler.waitIdle();
        await clock.advance(10_000);
        await scheduler.waitIdle();
        await Promise.all(running);
        expect([inFlight, ended]).toEqual([0, running.length]);
        expect(clock.pendingTimers).toBe(0);
        for (const { current: counted } of board.states('ledger').slice(-1)) expect(counted).toBe(0);
        if (current.perSecond === 0) return;
        for (const [index, fromMs] of starts.entries()) {
          const most = ((starts.at(-1)! - fromMs) * current.perSecond) / 1000 + 3;
          expect(starts.length - index).toBeLessThanOrEqual(most + 1e-6);
        }
      },
    ),
    { numRuns: 200 },
  );
});
