import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RepeatSafety } from '../base/message.ts';
import type { AttemptResult } from '../base/transport.ts';
import type { HedgeConfig } from '../resilience/policy.ts';
import {
  after,
  type Behaviour,
  broken,
  cancelled,
  createFleet,
  endpointOf,
  type FleetSystem,
  hangUntilDeadline,
  messageTo,
  ok,
  options,
  policy,
  refused,
  rejected,
  reply,
  send,
  timedOut,
  toSystem,
  toType,
} from './fleet.fixture.ts';

const safe = { repeatSafety: 'SAFE' } as const;

function hedged(systems: Record<string, FleetSystem>, hedge: Partial<HedgeConfig>, attempts = 3) {
  return createFleet(systems, [policy({ hedge: { attempts: 1, ...hedge }, retry: { attempts } })]);
}

/** Nothing is held for any message any more. */
function expectNothingHeld(fleet: ReturnType<typeof createFleet>, systems = ['one', 'two']): void {
  for (const system of systems) expect(fleet.loads.inFlight(endpointOf(system))).toBe(0);
  for (const target of [toType, toSystem('one')]) {
    expect(fleet.budgetOf(target)).toMatchObject({ callsInFlight: 0, retriesInFlight: 0 });
  }
}

describe('a further attempt', () => {
  test('begins when the first takes longer than the delay; the first reply wins and the other is cancelled', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 });
    const signals: AbortSignal[] = [];
    for (const system of ['one', 'two']) {
      fleet.behaviours.set(system, (attempt, message) => {
        signals.push(attempt.signal);
        return after(attempt.attempt === 1 ? 10_000 : 50, ok, fleet.clock)(attempt, message);
      });
    }
    const startMs = fleet.clock.now();
    const { delivered } = await send(fleet, messageTo(toType, fleet.clock), safe);
    expect(fleet.sent.map(({ atMs }) => atMs - startMs)).toEqual([0, 100]);
    expect(fleet.sent[0]?.system).not.toBe(fleet.sent[1]?.system);
    expect(delivered?.delivery).toMatchObject({
      state: 'DELIVERED',
      latencyMs: 150,
      systemId: fleet.sent[1]?.system,
      attempts: [
        { number: 1, hedge: false, reason: 'cancelled' },
        { number: 2, hedge: true, reason: 'ok' },
      ],
    });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(fleet.events).toEqual([{ kind: 'hedge_begun' }, { kind: 'hedge_won' }]);
    expectNothingHeld(fleet);
  });

  test('is not begun when the first is quick enough', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 });
    fleet.behaviours.set('one', after(99, ok, fleet.clock)).set('two', after(99, ok, fleet.clock));
    await send(fleet, messageTo(toType, fleet.clock), safe);
    await fleet.clock.advance(1000);
    expect(fleet.sent).toHaveLength(1);
  });

  test.each<[RepeatSafety, number]>([
    ['SAFE', 2],
    ['IDEMPOTENT', 2],
    ['KEYED', 1],
    ['UNSAFE', 1],
  ])('of a %s message: %i attempts at once', async (repeatSafety, attempts) => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 });
    for (const system of ['one', 'two']) fleet.behaviours.set(system, after(500, ok, fleet.clock));
    await send(fleet, messageTo(toType, fleet.clock), { repeatSafety });
    expect(fleet.sent).toHaveLength(attempts);
  });

  test('of an IDEMPOTENT message goes to the same system, or anywhere with repeat_scope TYPE', async () => {
    for (const [repeatScope, systems] of [
      ['SYSTEM', 1],
      ['TYPE', 2],
    ] as const) {
      const fleet = createFleet({ one: {}, two: {} }, [
        policy({ hedge: { attempts: 1, delayMs: 100 }, repeatScope }),
      ]);
      for (const system of ['one', 'two']) fleet.behaviours.set(system, after(500, ok, fleet.clock));
      await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'IDEMPOTENT' });
      expect(new Set(fleet.sent.map(({ system }) => system)).size).toBe(systems);
    }
  });

  test('after a race in which nobody was reached, an IDEMPOTENT message may still go elsewhere', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 }, 4);
    const first = (system: string): boolean => fleet.sent[0]?.system === system;
    for (const system of ['one', 'two']) {
      fleet.behaviours.set(system, (...asked) =>
        after(first(system) ? 200 : 10, first(system) ? refused : ok, fleet.clock)(...asked),
      );
    }
    const { delivered } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'IDEMPOTENT' });
    expect(delivered?.delivery.attempts.map(({ verdict }) => verdict)).toEqual([
      'NOT_REACHED',
      'NOT_REACHED',
      'OK',
    ]);
  });

  test('waits for the 95th percentile when no delay is set, once there are 20 calls to know it from', async () => {
    const fleet = hedged({ one: {} }, {});
    fleet.behaviours.set('one', after(100, ok, fleet.clock));
    for (let call = 0; call < 20; call += 1) {
      await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
    }
    expect(fleet.sent).toHaveLength(20);
    fleet.behaviours.set('one', ({ attempt }, message) =>
      after(
        attempt === 21 ? 5000 : 1000,
        ok,
        fleet.clock,
      )({ ...options(), attempt, attemptDeadlineMs: Infinity, deadlineMs: Infinity }, message),
    );
    const before = fleet.sent.length;
    await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
    const [slow, hedge] = fleet.sent.slice(before);
    expect((hedge?.atMs ?? 0) - (slow?.atMs ?? 0)).toBeGreaterThan(85);
    expect((hedge?.atMs ?? 0) - (slow?.atMs ?? 0)).toBeLessThan(115);
  });

  test('is begun neither without a right to retry, nor beyond the attempts of the policy', async () => {
    const spent = hedged({ one: {} }, { delayMs: 100 });
    spent.behaviours.set('one', after(500, ok, spent.clock));
    const budget = spent.budgetOf(toSystem('one'));
    for (let held = 0; held < 3; held += 1) expect(budget.tryTake()).toBe(true);
    await send(spent, messageTo(toSystem('one'), spent.clock), safe);
    expect(spent.sent).toHaveLength(1);
    expect(budget.retriesInFlight).toBe(3);

    const few = hedged({ one: {} }, { delayMs: 100, attempts: 5 }, 3);
    few.behaviours.set('one', after(5000, ok, few.clock));
    await send(few, messageTo(toSystem('one'), few.clock), safe);
    expect(few.sent).toHaveLength(3);
  });
});

describe('a race', () => {
  test('goes on when one attempt fails and another is under way', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 });
    for (const system of ['one', 'two']) {
      fleet.behaviours.set(system, (attempt, message) =>
        after(
          attempt.attempt === 1 ? 1000 : 10,
          attempt.attempt === 1 ? ok : broken,
          fleet.clock,
        )(attempt, message),
      );
    }
    const { delivered } = await send(fleet, messageTo(toType, fleet.clock), safe);
    expect(delivered?.delivery).toMatchObject({
      latencyMs: 1000,
      attempts: [{ reason: 'ok' }, { reason: 'target_error' }],
    });
    expectNothingHeld(fleet);
  });

  test('that all lose is one failure: what follows is an ordinary retry', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100 });
    for (const system of ['one', 'two']) {
      fleet.behaviours.set(system, (attempt, message) =>
        after(200, attempt.attempt < 3 ? broken : ok, fleet.clock)(attempt, message),
      );
    }
    const { delivered } = await send(fleet, messageTo(toType, fleet.clock), safe);
    expect(delivered?.delivery.attempts.map(({ hedge }) => hedge)).toEqual([false, true, false]);
    expectNothingHeld(fleet);
  });

  test('in which a target asks not to be asked again is not followed by another attempt', async () => {
    const fleet = hedged({ one: {}, two: {} }, { delayMs: 100, attempts: 3 }, 5);
    for (const system of ['one', 'two']) {
      fleet.behaviours.set(system, (attempt, message) =>
        after(
          attempt.attempt === 1 ? 1000 : 10,
          attempt.attempt === 1 ? broken : { ...broken, mayRetry: false },
          fleet.clock,
        )(attempt, message),
      );
    }
    const { error } = await send(fleet, messageTo(toType, fleet.clock), safe);
    expect(error?.metadata).toMatchObject({ attempts: '2', stopped_by: 'pushback' });
  });

  test('ends with a definite no, which says that another may have acted', async () => {
    const fleet = hedged({ one: {} }, { delayMs: 100 });
    fleet.behaviours.set('one', (attempt, message) =>
      after(attempt.attempt === 1 ? 5000 : 10, rejected, fleet.clock)(attempt, message),
    );
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
      repeatSafety: 'IDEMPOTENT',
    });
    expect(error).toMatchObject({ reason: 'TARGET_REJECTED', executed: 'unknown' });
    expectNothingHeld(fleet);
  });

  test('is answered without waiting for the losers, whose end is seen when it comes', async () => {
    const fleet = hedged({ one: {} }, { delayMs: 100 });
    fleet.behaviours.set('one', async ({ attempt }) => {
      // Deaf to its signal.
      if (attempt === 1) await fleet.clock.sleep(3000);
      return attempt === 1 ? broken : ok;
    });
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
    expect(delivered?.delivery.attempts).toMatchObject([{ reason: 'cancelled' }, { reason: 'ok' }]);
    expect(fleet.loads.inFlight(endpointOf('one'))).toBe(1);
    await fleet.clock.advance(5000);
    expectNothingHeld(fleet);
    expect(fleet.log.get('m-1')).toMatchObject({
      state: 'DELIVERED',
      attempts: [{ reason: 'target_error' }, {}],
    });
    expect(fleet.observed).toHaveLength(2);
  });

  test('ends when the caller goes away', async () => {
    const fleet = hedged({ one: {} }, { delayMs: 100 });
    fleet.behaviours.set('one', after(60_000, ok, fleet.clock));
    const caller = new AbortController();
    const answer = expect(
      fleet.dispatcher.send(
        messageTo(toSystem('one'), fleet.clock),
        options({ ...safe, signal: caller.signal }),
      ),
    ).rejects.toMatchObject({ reason: 'CANCELLED', executed: 'unknown' });
    await fleet.clock.advance(200);
    caller.abort();
    await answer;
    expect(fleet.sent).toHaveLength(2);
    expectNothingHeld(fleet);
  });

  test.each(['first', 'second'])(
    'with a transport that throws at the %s attempt ends, and gives everything back',
    async (which) => {
      const fleet = hedged({ one: {} }, { delayMs: 100 });
      fleet.behaviours.set('one', async (attempt, message) => {
        if (attempt.attempt === (which === 'first' ? 1 : 2)) {
          await fleet.clock.sleep(200);
          throw new Error('defect');
        }
        return after(5000, ok, fleet.clock)(attempt, message);
      });
      const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
      expect(error?.message).toBe('defect');
      expect(fleet.log.get('m-1')).toMatchObject({ state: 'FAILED', reason: 'INTERNAL' });
      await fleet.clock.advance(5000);
      expectNothingHeld(fleet);
    },
  );
});

test('in any order of events there is one outcome, and everything is given back once', async () => {
  const result = fc.constantFrom<AttemptResult>(ok, { ...ok, reply }, refused, broken, rejected, timedOut);
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(result, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom<RepeatSafety>('SAFE', 'IDEMPOTENT'),
      fc.boolean(),
      async (scheduler, results, hedges, repeatSafety, leaves) => {
        const fleet = hedged({ one: {}, two: {} }, { attempts: hedges, delayMs: 10 }, 4);
        const caller = new AbortController();
        let atOnce = 0;
        let most = 0;
        const answer: Behaviour = ({ attempt, signal }) => {
          most = Math.max(most, (atOnce += 1));
          return new Promise((resolve) => {
            const end = (how: AttemptResult) => (): void => {
              atOnce -= 1;
              resolve(how);
            };
            const first = Promise.race([
              scheduler.schedule(Promise.resolve(results[attempt % results.length] ?? ok)),
              new Promise<AttemptResult>((abort) =>
                signal.addEventListener(
                  'abort',
                  () => void scheduler.schedule(Promise.resolve(cancelled)).then(abort),
                ),
              ),
            ]);
            void first.then((how) => end(how)());
          });
        };
        fleet.behaviours.set('one', answer).set('two', answer);
        let outcomes = 0;
        const done = fleet.dispatcher
          .send(messageTo(toType, fleet.clock), options({ repeatSafety, signal: caller.signal }))
          .then(
            () => (outcomes += 1),
            (error: unknown) => {
              expect(error).toMatchObject({ reason: expect.any(String) as string });
              outcomes += 1;
            },
          );
        if (leaves) void scheduler.schedule(Promise.resolve()).then(() => caller.abort());
        for (let tick = 0; tick < 60; tick += 1) {
          if (scheduler.count() > 0) await scheduler.waitNext(1);
          await fleet.clock.advance(tick % 3 === 0 ? 10 : 0);
        }
        await fleet.clock.advance(200_000);
        await scheduler.waitIdle();
        await fleet.clock.advance(200_000);
        await scheduler.waitIdle();
        await done;
        expect(outcomes).toBe(1);
        expect(atOnce).toBe(0);
        expect(most).toBeLessThanOrEqual(1 + hedges);
        expect(fleet.sent.length).toBeLessThanOrEqual(4);
        expect(fleet.observed).toHaveLength(fleet.sent.length);
        expect(fleet.log.get('m-1').attempts.map(({ number }) => number)).toEqual(
          fleet.sent.map((_, index) => index + 1),
        );
        expectNothingHeld(fleet);
      },
    ),
    { numRuns: 150 },
  );
});

test('a target that hangs is not asked beyond its attempts, however many hedges there are', async () => {
  const fleet = hedged({ one: {} }, { attempts: 5, delayMs: 1 }, 6);
  fleet.behaviours.set('one', hangUntilDeadline(fleet));
  const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
  expect(error?.reason).toBe('TARGET_TIMEOUT');
  expect(fleet.sent.length).toBeLessThanOrEqual(6);
  expectNothingHeld(fleet);
});
