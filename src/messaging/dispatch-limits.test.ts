import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Priority } from '../base/message.ts';
import type { Policy } from '../resilience/policy.ts';
import {
  after,
  broken,
  createFleet,
  endpointOf,
  messageTo,
  ok,
  options,
  policy,
  refused,
  send,
  toSystem,
  toType,
} from './fleet.fixture.ts';

const forLedgers = { types: ['ledger'] };
const places = (maxCalls: number, queue = 0, queueTimeMs = 1000): Policy =>
  policy({ name: 'places', limits: { concurrency: { maxCalls, queue, queueTimeMs } } }, forLedgers);

describe('a message that waited for a place at a system that is out of rotation by then', () => {
  const first = (fleet: ReturnType<typeof createFleet>): void => {
    fleet.behaviours.set('one', async (transport, message) => {
      const result = await after(500, ok, fleet.clock)(transport, message);
      fleet.statuses.set('one', 'FAILED');
      return result;
    });
  };

  test('is not sent there, and told why', async () => {
    const fleet = createFleet({ one: {} }, [places(1, 5)]);
    first(fleet);
    const [, waited] = await Promise.all(
      ['m-1', 'm-2'].map((id) => send(fleet, messageTo(toSystem('one'), fleet.clock, { id }))),
    );
    expect(waited?.error).toMatchObject({ reason: 'NO_HEALTHY_SYSTEM', executed: 'no' });
    expect(fleet.sent).toHaveLength(1);
    expect(fleet.core.limits.states('one')).toMatchObject([{ current: 0, waiting: 0 }]);
  });

  test('goes to another one', async () => {
    const fleet = createFleet({ one: {}, two: {} }, [places(1, 5)]);
    first(fleet);
    fleet.behaviours.set('two', after(600, ok, fleet.clock));
    const ended = await Promise.all(
      ['m-1', 'm-2', 'm-3', 'm-4'].map((id) => send(fleet, messageTo(toType, fleet.clock, { id }))),
    );
    expect(ended.map(({ delivered }) => delivered?.delivery.state)).toEqual(ended.map(() => 'DELIVERED'));
    expect(fleet.sent.filter(({ system }) => system === 'one')).toHaveLength(1);
  });
});

describe('the rate of a caller', () => {
  const callers = policy({ name: 'callers', limits: { callerRate: { perSecond: 1, burst: 2 } } });

  test('refuses what is too much, before anything else, and says all about it', async () => {
    const fleet = createFleet({ one: {} }, [callers]);
    const sender = 'key:alice';
    for (let call = 0; call < 2; call += 1) {
      expect((await send(fleet, messageTo(toSystem('one'), fleet.clock, { sender }))).error).toBeUndefined();
    }
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-3', sender }));
    expect(error).toMatchObject({ reason: 'RATE_LIMITED', executed: 'no' });
    expect(error?.metadata).toMatchObject({
      delivery_id: 'm-3',
      policy: 'callers',
      limit: 'limits.caller_rate',
      subject: sender,
      maximum: '2',
    });
    expect(error?.retryAfterMs).toBeGreaterThan(0);
    expect(fleet.sent).toHaveLength(2);
    expect(fleet.log.get('m-3')).toMatchObject({ state: 'FAILED', reason: 'RATE_LIMITED', attempts: [] });
    expect(fleet.events).toEqual([{ kind: 'limit_refused', limit: 'limits.caller_rate' }]);
  });

  test('is counted by principal; of those without one by the system that sends', async () => {
    const fleet = createFleet({ one: {} }, [callers]);
    const reasons: (string | undefined)[] = [];
    for (const [sender, source] of [
      ['anonymous', 'shop'],
      ['anonymous', 'shop'],
      ['anonymous', 'shop'],
      ['anonymous', 'crm'],
      ['anonymous', ''],
      ['key:alice', 'shop'],
      ['key:alice', 'crm'],
      ['key:alice', 'erp'],
    ] as const) {
      const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { sender, source }));
      reasons.push(error?.reason);
    }
    const limited = 'RATE_LIMITED';
    expect(reasons).toEqual([
      undefined,
      undefined,
      limited,
      undefined,
      undefined,
      undefined,
      undefined,
      limited,
    ]);
  });

  test('has no fallback: it is the caller who is too quick, not the target that fails', async () => {
    const fixed = {
      kind: 'static_reply',
      reply: { status: '200', contentType: '', dataBase64: '' },
    } as const;
    const fleet = createFleet({ one: {} }, [{ ...callers, fallback: [fixed] }]);
    for (let call = 0; call < 2; call += 1) await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect((await send(fleet, messageTo(toSystem('one'), fleet.clock))).error?.reason).toBe('RATE_LIMITED');
  });

  test('counts a message once, however many attempts it takes', async () => {
    const fleet = createFleet({ one: {} }, [callers]);
    fleet.behaviours.set('one', ({ attempt }) => (attempt < 3 ? broken : ok));
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
      repeatSafety: 'SAFE',
    });
    expect(delivered?.delivery.attempts).toHaveLength(3);
    fleet.behaviours.delete('one');
    expect((await send(fleet, messageTo(toSystem('one'), fleet.clock))).error).toBeUndefined();
  });
});

describe('a target without room', () => {
  test('is passed over for the next candidate, without waiting', async () => {
    const fleet = createFleet({ one: {}, two: {} }, [places(1, 10)]);
    for (const system of ['one', 'two']) fleet.behaviours.set(system, after(500, ok, fleet.clock));
    const startMs = fleet.clock.now();
    await Promise.all([1, 2].map((call) => send(fleet, messageTo(toType, fleet.clock, { id: `m-${call}` }))));
    expect(new Set(fleet.sent.map(({ system }) => system)).size).toBe(2);
    expect(fleet.sent.every(({ atMs }) => atMs === startMs)).toBe(true);
  });

  test('lets the message wait when nobody has room, and the trace says how long', async () => {
    const fleet = createFleet({ one: {} }, [places(1, 10)]);
    fleet.behaviours.set('one', after(300, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    await fleet.clock.advance(100);
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }));
    expect(delivered?.delivery.attempts).toMatchObject([{ queueTimeMs: 200, latencyMs: 300 }]);
    expect((await first).delivered?.delivery.attempts).toMatchObject([{ queueTimeMs: 0 }]);
  });

  test('and without a queue refuses, which is no attempt at it', async () => {
    const fleet = createFleet({ one: {} }, [places(1)]);
    fleet.behaviours.set('one', after(300, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }));
    expect(error).toMatchObject({ reason: 'CONCURRENCY_LIMITED', executed: 'no' });
    expect(error?.metadata).toMatchObject({
      policy: 'places',
      limit: 'limits.concurrency',
      subject: 'one',
      current: '1',
      maximum: '1',
    });
    expect(error?.retryAfterMs).toBeGreaterThan(0);
    expect(fleet.log.get('m-2')).toMatchObject({ state: 'FAILED', attempts: [] });
    await first;
    expect(fleet.sent).toHaveLength(1);
  });

  test('by its rate refuses with the time to come back', async () => {
    const rate = policy({ name: 'rate', limits: { targetRate: { perSecond: 0.1, burst: 1 } } }, forLedgers);
    const fleet = createFleet({ one: {} }, [rate]);
    await send(fleet, messageTo(toSystem('one'), fleet.clock));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(error).toMatchObject({ reason: 'RATE_LIMITED', executed: 'no' });
    // The first one took 100 ms of the 10 s that a token takes.
    expect(error?.retryAfterMs).toBe(9900);
    expect(error?.metadata).toMatchObject({ limit: 'limits.target_rate', policy: 'rate' });
  });

  test('has its fallbacks asked', async () => {
    const fleet = createFleet({ one: {}, backup: { type: 'archive' } }, [
      { ...places(1), fallback: [{ kind: 'target', target: toSystem('backup') }] },
    ]);
    fleet.behaviours.set('one', after(300, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }));
    expect(delivered?.delivery.fallbackUsed).toBe('system:backup');
    await first;
  });

  test('after an attempt that failed ends the delivery with that failure, and names the limit', async () => {
    const rate = policy({ name: 'rate', limits: { targetRate: { perSecond: 0.1, burst: 1 } } }, forLedgers);
    const fleet = createFleet({ one: {} }, [rate]);
    fleet.behaviours.set('one', () => broken);
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: 'SAFE' });
    expect(error).toMatchObject({ reason: 'TARGET_FAILED', executed: 'unknown' });
    expect(error?.metadata).toMatchObject({
      attempts: '1',
      stopped_by: 'limit',
      limit: 'limits.target_rate',
    });
  });
});

describe('a wait for room', () => {
  test('ends with the deadline of the message: nothing starts after it', async () => {
    const fleet = createFleet({ one: {} }, [places(1, 10, 60_000)]);
    fleet.behaviours.set('one', after(5000, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }), {
      timeoutMs: 500,
    });
    expect(error).toMatchObject({ executed: 'no' });
    await first;
    expect(fleet.sent).toHaveLength(1);
  });

  test('ends when the caller goes away', async () => {
    const fleet = createFleet({ one: {} }, [places(1, 10, 60_000)]);
    fleet.behaviours.set('one', after(5000, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    const caller = new AbortController();
    const answer = expect(
      fleet.dispatcher.send(
        messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }),
        options({ signal: caller.signal }),
      ),
    ).rejects.toMatchObject({ reason: 'CANCELLED', executed: 'no' });
    await fleet.clock.advance(100);
    caller.abort();
    await answer;
    await first;
    expect(fleet.sent).toHaveLength(1);
  });

  test('holds no trial of the breaker, and a breaker that opened meanwhile gives the room back', async () => {
    const fleet = createFleet({ one: {} }, [places(1, 10, 60_000)]);
    fleet.behaviours.set('one', after(1000, ok, fleet.clock));
    const first = send(fleet, messageTo(toSystem('one'), fleet.clock));
    const waiting = send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }));
    await fleet.clock.advance(100);
    await fleet.breakers.trip(endpointOf('one'), { cause: 'test' });
    await first;
    expect((await waiting).error).toMatchObject({ reason: 'BREAKER_OPEN', executed: 'no' });
    await fleet.breakers.reset(endpointOf('one'), { cause: 'test' });
    expect((await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-3' }))).error).toBeUndefined();
    expect(fleet.core.limits.states('one')).toMatchObject([{ current: 0, waiting: 0 }]);
  });
});

test('a transport that throws gives the room back, and the delivery has ended', async () => {
  const fleet = createFleet({ one: {} }, [places(1)]);
  fleet.behaviours.set('one', () => {
    throw new Error('defect');
  });
  const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
  expect(error?.message).toBe('defect');
  expect(fleet.log.get('m-1')).toMatchObject({ state: 'FAILED', reason: 'INTERNAL' });
  expect(fleet.core.limits.states('one')).toMatchObject([{ current: 0 }]);
  expect(fleet.loads.inFlight(endpointOf('one'))).toBe(0);
});

test('a hedge takes room like any other attempt, and never waits for it', async () => {
  const fleet = createFleet({ one: {} }, [places(1, 10), policy({ hedge: { attempts: 1, delayMs: 100 } })]);
  fleet.behaviours.set('one', after(500, ok, fleet.clock));
  await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: 'SAFE' });
  expect(fleet.sent).toHaveLength(1);
});

test('however messages meet, there are never more at a target than allowed, and all room comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(
        fc.record({
          result: fc.constantFrom(ok, broken, refused),
          priority: fc.constantFrom<Priority>('LOW', 'NORMAL', 'EMERGENCY'),
          leaves: fc.boolean(),
        }),
        { minLength: 2, maxLength: 8 },
      ),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      async (scheduler, messages, maxCalls, queue, hedges) => {
        const fleet = createFleet({ one: {}, two: {} }, [
          places(maxCalls, queue),
          policy({ hedge: { attempts: hedges ? 2 : 0, delayMs: 5 } }),
        ]);
        const atOnce = new Map<string, number>();
        let most = 0;
        for (const system of ['one', 'two']) {
          fleet.behaviours.set(system, async (_options, { id }) => {
            const now = (atOnce.get(system) ?? 0) + 1;
            atOnce.set(system, now);
            most = Math.max(most, now);
            await scheduler.schedule(Promise.resolve());
            atOnce.set(system, (atOnce.get(system) ?? 0) - 1);
            return messages[Number(id)]?.result ?? ok;
          });
        }
        let outcomes = 0;
        const all = messages.map(async ({ priority, leaves }, index) => {
          const caller = new AbortController();
          if (leaves) void scheduler.schedule(Promise.resolve()).then(() => caller.abort());
          await scheduler.schedule(Promise.resolve());
          await fleet.dispatcher
            .send(
              messageTo(toType, fleet.clock, { id: String(index), priority }),
              options({ repeatSafety: 'SAFE', signal: caller.signal }),
            )
            .catch(() => undefined);
          outcomes += 1;
        });
        for (let tick = 0; tick < 150; tick += 1) {
          if (scheduler.count() > 0) await scheduler.waitNext(1);
          await fleet.clock.advance(tick % 4 === 0 ? 5 : 0);
        }
        while (outcomes < messages.length || scheduler.count() > 0) {
          await scheduler.waitIdle();
          await fleet.clock.advance(1000);
        }
        await Promise.all(all);
        expect(most).toBeLessThanOrEqual(maxCalls);
        for (const system of ['one', 'two']) {
          expect(fleet.loads.inFlight(endpointOf(system))).toBe(0);
          for (const state of fleet.core.limits.states(system))
            expect(state).toMatchObject({ current: 0, waiting: 0 });
        }
        expect(fleet.budgetOf(toType)).toMatchObject({ callsInFlight: 0, retriesInFlight: 0 });
      },
    ),
    { numRuns: 60 },
  );
});
