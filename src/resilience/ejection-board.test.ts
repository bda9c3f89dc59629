import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { EjectionBoard } from './ejection-board.ts';
import { ejectionsAllowed } from './ejection-rules.ts';
import type { EjectionConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

/** A board over systems whose type is the first letter of their id. */
function createBoard(ids: readonly string[], changes: Partial<EjectionConfig> = {}) {
  const clock = createFakeClock();
  const registered = new Set(ids);
  let config = { ...defaultPolicy.ejection, consecutiveFailures: 3, deviations: 0, ...changes };
  const events: string[] = [];
  const board = new EjectionBoard({
    clock,
    configOf: () => config,
    membersOf: (type) =>
      [...registered].filter((id) => id.startsWith(type)).map((systemId) => ({ systemId, usable: true })),
    onEject: ({ systemId }) => events.push(`+${systemId}`),
    onReturn: ({ systemId }) => events.push(`-${systemId}`),
  });
  return {
    clock,
    board,
    registered,
    events,
    fail(systemId: string, count = 3): void {
      for (let call = 0; call < count; call += 1) board.record(systemId, systemId[0]!, 'failure');
    },
    remove(systemId: string): void {
      registered.delete(systemId);
      board.forget(systemId);
    },
    configure(next: Partial<EjectionConfig>): void {
      config = { ...config, ...next };
      board.reconfigure();
    },
  };
}

describe('a board of ejections', () => {
  test('tells until when a system is out, ends it by itself, and says both', async () => {
    const { clock, board, events, fail } = createBoard(['a1', 'a2', 'a3']);
    expect(board.ejectedUntilMs('a1')).toBeUndefined();
    fail('a1');
    expect(board.ejectedUntilMs('a1')).toBe(clock.now() + 30_000);
    expect(board.list()).toMatchObject([
      { systemId: 'a1', type: 'a', times: 1, cause: '3 failures in a row' },
    ]);
    await clock.advance(29_999);
    expect(events).toEqual(['+a1']);
    await clock.advance(1);
    expect(board.ejectedUntilMs('a1')).toBeUndefined();
    expect(events).toEqual(['+a1', '-a1']);
  });

  test('keeps types apart', () => {
    const { board, fail } = createBoard(['a1', 'a2', 'b1', 'b2', 'c1']);
    for (const systemId of ['a1', 'a2', 'b1', 'b2', 'c1']) fail(systemId);
    expect(board.list().map(({ systemId }) => systemId)).toEqual(['a1', 'b1']);
  });

  test('knows only registered systems, and forgets those that go without a word', async () => {
    const { clock, board, events, fail, remove } = createBoard(['a1', 'a2', 'a3']);
    fail('a9');
    fail('a1');
    remove('a1');
    expect([board.size, board.ejectedUntilMs('a1')]).toEqual([0, undefined]);
    // A call that was in flight when it went.
    fail('a1');
    await clock.advance(60_000);
    expect(events).toEqual(['+a1']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('brings one back when the pool shrinks under it', async () => {
    const { clock, board, events, fail, remove } = createBoard(['a1', 'a2']);
    fail('a1');
    remove('a2');
    await clock.advance(0);
    expect(board.ejectedUntilMs('a1')).toBeUndefined();
    expect(events).toEqual(['+a1', '-a1']);
  });

  test('a system that takes another type leaves its pool and what it did there', async () => {
    const { clock, board, registered, fail } = createBoard(['a1', 'a2', 'b2']);
    fail('a1');
    registered.delete('a1');
    board.membersChanged();
    await clock.advance(0);
    expect(board.size).toBe(0);
    // Now of type b, under the same id in the world outside; here the id says the type.
    registered.add('b1');
    fail('b1');
    expect(board.list().map(({ systemId, times }) => [systemId, times])).toEqual([['b1', 1]]);
  });

  test('takes new settings at once', () => {
    const { clock, board, events, fail, configure } = createBoard(['a1', 'a2', 'a3']);
    fail('a1');
    configure({ baseTimeMs: 5000 });
    expect(board.ejectedUntilMs('a1')).toBe(clock.now() + 5000);
    configure({ maxShare: 0 });
    expect(events).toEqual(['+a1', '-a1']);
    fail('a2', 50);
    expect(board.size).toBe(0);
  });

  test('a jump of the wall clock neither holds nor frees', async () => {
    const fake = createFakeClock();
    let jumpMs = 0;
    const board = new EjectionBoard({
      clock: { ...fake, now: () => fake.now() + jumpMs },
      configOf: () => ({ ...defaultPolicy.ejection, consecutiveFailures: 1 }),
      membersOf: () => ['x', 'y'].map((systemId) => ({ systemId, usable: true })),
    });
    board.record('x', 't', 'failure');
    jumpMs = 3_600_000;
    expect(board.ejectedUntilMs('x')).toBeDefined();
    await fake.advance(30_000);
    expect(board.ejectedUntilMs('x')).toBeUndefined();
  });

  test('has no timer without calls, nor after it was closed', async () => {
    const { clock, board, fail } = createBoard(['a1', 'a2']);
    expect(clock.pendingTimers).toBe(0);
    fail('a1');
    expect(clock.pendingTimers).toBe(1);
    board.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(1_000_000);
  });
});

test('calls that end in any order, among systems that come and go, keep every bound, and everybody comes back', async () => {
  const call = fc.record({
    systemId: fc.constantFrom('a1', 'a2', 'a3', 'b1', 'b2'),
    signal: fc.constantFrom('failure', 'failure', 'success', 'ignored'),
  });
  const change = fc.record({ systemId: fc.constantFrom('a1', 'a2', 'a3', 'b1', 'b2'), there: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(call, { minLength: 1, maxLength: 40 }),
      fc.array(change, { maxLength: 6 }),
      fc.array(fc.nat(12_000), { maxLength: 6 }),
      fc.constantFrom(0.1, 0.5, 1),
      async (scheduler, calls, changes, waits, maxShare) => {
        const { clock, board, registered, events, remove } = createBoard(['a1', 'a2', 'a3', 'b1', 'b2'], {
          consecutiveFailures: 2,
          maxShare,
          maxTimeMs: 60_000,
        });
        const check = (): void => {
          for (const type of ['a', 'b']) {
            const out = board.list().filter((ejection) => ejection.type === type);
            const systems = [...registered].filter((id) => id.startsWith(type));
            for (const { systemId } of out) expect(systems).toContain(systemId);
            // The timer that follows a smaller pool runs at the clock's next turn.
            if (clock.nextTimerMs !== clock.now()) {
              expect(out.length).toBeLessThanOrEqual(ejectionsAllowed(maxShare, systems.length));
            }
          }
        };
        const done: Promise<unknown>[] = [];
        const soon = (label: string, run: () => void | Promise<void>): void => {
          done.push(
            scheduler.schedule(Promise.resolve(), label).then(async () => {
              await run();
              check();
            }),
          );
        };
        for (const { systemId, signal } of calls) {
          soon(`${systemId} ${signal}`, () => {
            board.record(systemId, systemId[0]!, signal);
          });
        }
        for (const { systemId, there } of changes) {
          soon(`${systemId} ${there ? 'joins' : 'leaves'}`, () => {
            if (there) {
              registered.add(systemId);
              board.membersChanged();
            } else remove(systemId);
          });
        }
        for (const ms of waits) soon(`${ms} ms`, () => clock.advance(ms));
        await scheduler.waitIdle();
        await Promise.all(done);
        await clock.advance(60_000);
        expect(board.size).toBe(0);
        const balance = events.reduce((sum, event) => sum + (event.startsWith('+') ? 1 : -1), 0);
        // Those that were removed while they were out never came back.
        expect(balance).toBeGreaterThanOrEqual(0);
        await clock.advance(3_600_000);
        expect(clock.pendingTimers).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});
