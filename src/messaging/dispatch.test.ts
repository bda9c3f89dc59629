import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import type { RepeatSafety } from '../base/message.ts';
import { type Target, targetToString } from '../base/target.ts';
import type { AttemptResult } from '../base/transport.ts';
import {
  broken,
  busy,
  createFleet,
  endpointOf,
  hangUntilDeadline,
  messageTo,
  ok,
  options,
  refused,
  rejected,
  reply,
  retryPolicy,
  send,
  timedOut,
  toSystem,
  toType,
} from './fleet.fixture.ts';
import { explainCandidates } from './route-explanation.ts';

describe('what is repeated, by verdict and repeat safety', () => {
  const cases: [AttemptResult, RepeatSafety, systems: number, reason: string, executed: string][] = [
    [refused, 'UNSAFE', 3, 'CONNECT_FAILED', 'no'],
    [refused, 'SAFE', 3, 'CONNECT_FAILED', 'no'],
    [busy, 'UNSAFE', 3, 'RATE_LIMITED', 'no'],
    [rejected, 'SAFE', 1, 'TARGET_REJECTED', 'no'],
    [rejected, 'UNSAFE', 1, 'TARGET_REJECTED', 'no'],
    [broken, 'SAFE', 3, 'TARGET_FAILED', 'unknown'],
    [broken, 'IDEMPOTENT', 3, 'TARGET_FAILED', 'unknown'],
    [broken, 'KEYED', 3, 'TARGET_FAILED', 'unknown'],
    [broken, 'UNSAFE', 1, 'OUTCOME_UNKNOWN', 'unknown'],
    [timedOut, 'SAFE', 3, 'TARGET_TIMEOUT', 'unknown'],
    [timedOut, 'UNSAFE', 1, 'OUTCOME_UNKNOWN', 'unknown'],
    [{ ...broken, reason: 'garbage' }, 'SAFE', 3, 'BAD_REPLY', 'unknown'],
    [{ ...broken, reason: 'reply_too_large' }, 'SAFE', 1, 'REPLY_TOO_LARGE', 'unknown'],
    [{ ...broken, reason: 'reply_too_large' }, 'UNSAFE', 1, 'OUTCOME_UNKNOWN', 'unknown'],
  ];
  test.each(cases.map(([result, ...rest]) => [result.reason, ...rest, result] as const))(
    '%s of a %s message: %i attempts, %s',
    async (_reason, safety, attempts, reason, executed, result) => {
      const fleet = createFleet({ one: {} });
      fleet.behaviours.set('one', () => result);
      const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: safety });
      expect(error).toMatchObject({ reason, executed });
      expect(fleet.sent).toHaveLength(attempts);
      expect(error?.metadata).toMatchObject({ delivery_id: 'm-1', attempts: String(attempts) });
      expect(fleet.log.get('m-1')).toMatchObject({ state: 'FAILED', reason, systemId: 'one' });
      expect(fleet.budgetOf(toSystem('one'))).toMatchObject({ retriesInFlight: 0, callsInFlight: 0 });
      expect(fleet.loads.inFlight(endpointOf('one'))).toBe(0);
    },
  );

  test('no sequence of outcomes sends an UNSAFE message again once it may have acted', async () => {
    const outcome = fc.constantFrom(ok, refused, busy, rejected, broken, timedOut);
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 6 }), async (outcomes) => {
        const fleet = createFleet({ one: {}, two: {}, three: {} }, [retryPolicy(6)]);
        let acted = 0;
        for (const system of ['one', 'two', 'three']) {
          fleet.behaviours.set(system, () => {
            const result = outcomes.shift() ?? ok;
            if (result.verdict === 'OK' || result.verdict === 'MAY_HAVE_ACTED') acted += 1;
            return result;
          });
        }
        await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'UNSAFE' });
        expect(acted).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['IDEMPOTENT', 'KEYED'] as const)(
    'a %s message that may have acted stays on its system',
    async (safety) => {
      const fleet = createFleet({ one: {}, two: {} });
      fleet.behaviours.set('one', () => broken).set('two', () => broken);
      await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: safety });
      expect(new Set(fleet.sent.map(({ system }) => system)).size).toBe(1);
      expect(fleet.sent).toHaveLength(3);
    },
  );

  test('with repeat_scope TYPE it goes to the others of the type', async () => {
    const fleet = createFleet({ one: {}, two: {} }, [{ ...retryPolicy(3), repeatScope: 'TYPE' }]);
    fleet.behaviours.set('one', () => broken).set('two', () => broken);
    await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'KEYED' });
    expect(new Set(fleet.sent.map(({ system }) => system)).size).toBe(2);
  });
});

describe('failover', () => {
  test('goes at once to another system when nothing happened at the first', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    const startMs = fleet.clock.now();
    for (const system of ['one', 'two'])
      fleet.behaviours.set(system, ({ attempt }) => (attempt === 1 ? refused : ok));
    const { delivered } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'UNSAFE' });
    expect(delivered?.delivery).toMatchObject({
      state: 'DELIVERED',
      attempts: [{ verdict: 'NOT_REACHED', backoffMs: 0 }, { verdict: 'OK' }],
    });
    expect(new Set(fleet.sent.map(({ system }) => system)).size).toBe(2);
    expect(fleet.sent.every(({ atMs }) => atMs === startMs)).toBe(true);
  });

  test('of a SAFE message reaches the healthy one when the other broke off', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    fleet.behaviours.set('one', () => broken);
    for (let call = 0; call < 20; call += 1) {
      const { delivered } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'SAFE' });
      expect(delivered?.delivery.systemId).toBe('two');
    }
  });

  test('never goes to FAILED or DISCONNECTED systems, and says so', async () => {
    const fleet = createFleet({ one: { status: 'FAILED' }, two: { status: 'DISCONNECTED' } });
    const { error } = await send(fleet, messageTo(toType, fleet.clock));
    expect(error).toMatchObject({ reason: 'NO_HEALTHY_SYSTEM', executed: 'no' });
    expect(error?.message).toContain('one/rest FAILED, two/rest DISCONNECTED');
    expect(fleet.sent).toEqual([]);
  });

  test('tries UNHEALTHY systems only when nothing better is left, and shows it as panic', async () => {
    const fleet = createFleet({ one: { status: 'UNHEALTHY' }, two: { status: 'DEGRADED' } });
    const first = await send(fleet, messageTo(toType, fleet.clock));
    expect(first.delivered?.delivery).toMatchObject({ systemId: 'two', panic: false });
    fleet.statuses.set('two', 'FAILED');
    const second = await send(fleet, messageTo(toType, fleet.clock));
    expect(second.delivered?.delivery).toMatchObject({ systemId: 'one', panic: true });
  });

  test('does not panic where the policy forbids it', async () => {
    const fleet = createFleet({ one: { status: 'UNHEALTHY' } }, [{ ...retryPolicy(3), panic: false }]);
    const { error } = await send(fleet, messageTo(toType, fleet.clock));
    expect(error?.reason).toBe('NO_HEALTHY_SYSTEM');
  });

  test('uses a second interface of the same system', async () => {
    const fleet = createFleet({
      one: { endpoints: [endpointOf('one', 'rest'), endpointOf('one', 'backup')] },
    });
    fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? refused : ok));
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(delivered?.delivery.attempts.map((attempt) => attempt.interface)).toEqual(['rest', 'backup']);
  });
});

describe('what was asked already', () => {
  test('is counted by system: its second interface comes after a system that was not asked at all', async () => {
    const fleet = createFleet({
      one: { endpoints: [endpointOf('one', 'rest'), endpointOf('one', 'grpc')] },
      two: { endpoints: [endpointOf('two', 'rest'), endpointOf('two', 'grpc')] },
    });
    fleet.behaviours.set('one', () => refused);
    for (let call = 0; call < 40; call += 1) {
      const { error, delivered } = await send(fleet, messageTo(toType, fleet.clock, { maxAttempts: 2 }));
      expect(error).toBeUndefined();
      expect(delivered?.delivery.systemId).toBe('two');
    }
    expect(fleet.breakers.get(endpointOf('one', 'rest'))?.state).toBe('OPEN');
  });

  test('a wait that the target asks for is passed on only where asking again is right', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', () => ({ ...broken, retryAfterMs: 2000 }));
    const unsafe = await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: 'UNSAFE' });
    expect(unsafe.error).toMatchObject({ reason: 'OUTCOME_UNKNOWN', retryAfterMs: undefined });
    const safe = await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: 'SAFE' });
    expect(safe.error).toMatchObject({ reason: 'TARGET_FAILED', retryAfterMs: 2000 });
  });
});

describe('a wait that one target asks for', () => {
  test('does not keep a SAFE message from a healthy system that was not asked', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    fleet.behaviours.set('one', () => ({ ...broken, retryAfterMs: 120_000 }));
    for (let call = 0; call < 20; call += 1) {
      const { delivered } = await send(fleet, messageTo(toType, fleet.clock), {
        repeatSafety: 'SAFE',
        timeoutMs: 5000,
      });
      expect(delivered?.delivery.systemId).toBe('two');
    }
  });

  test('holds no retry of others back while it lasts', async () => {
    const fleet = createFleet({ one: {}, two: { type: 'other' } });
    fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? { ...busy, retryAfterMs: 20_000 } : ok));
    const waiting = Array.from({ length: 5 }, () =>
      fleet.dispatcher.send(messageTo(toSystem('one'), fleet.clock), options()),
    );
    await fleet.clock.advance(10);
    fleet.behaviours.set('two', ({ attempt }) => (attempt === 1 ? broken : ok));
    const { delivered } = await send(fleet, messageTo(toSystem('two'), fleet.clock), {
      repeatSafety: 'SAFE',
    });
    expect(delivered?.delivery.attempts).toHaveLength(2);
    await fleet.clock.advance(60_000);
    await Promise.allSettled(waiting);
  });
});

test('a refusal after an attempt that may have acted is no reply, even with return_rejections', async () => {
  const fleet = createFleet({ one: {} });
  fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? timedOut : { ...rejected }));
  const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
    repeatSafety: 'IDEMPOTENT',
    returnRejections: true,
  });
  expect(error).toMatchObject({ reason: 'TARGET_REJECTED', executed: 'unknown' });
});

test('the limit of the hub itself is said to be one', async () => {
  const fleet = createFleet({ one: {} });
  fleet.behaviours.set('one', () => ({
    ...refused,
    reason: 'concurrency_limited',
    detail: '1000 calls already wait',
  }));
  const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
  expect(error).toMatchObject({ reason: 'CONCURRENCY_LIMITED', executed: 'no', retryAfterMs: 1000 });
});

describe('time', () => {
  test('the caller hears a little before it gives up', async () => {
    const fleet = createFleet({ one: {} });
    const startMs = fleet.clock.now();
    fleet.behaviours.set('one', hangUntilDeadline(fleet));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
      callerDeadlineMs: startMs + 10_000,
      repeatSafety: 'UNSAFE',
    });
    expect(error?.reason).toBe('OUTCOME_UNKNOWN');
    expect(fleet.sent[0]?.timeoutMs).toBe(9500);
  });

  test('no attempt starts after the deadline', async () => {
    const fleet = createFleet({ one: {} }, [
      { ...retryPolicy(100), retry: { attempts: 100, initialDelayMs: 1000, factor: 1 } },
    ]);
    fleet.behaviours.set('one', () => refused);
    const startMs = fleet.clock.now();
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), { timeoutMs: 3000 });
    expect(error?.reason).toBe('CONNECT_FAILED');
    for (const { atMs } of fleet.sent) expect(atMs).toBeLessThan(startMs + 3000);
  });

  test('a message whose ttl is over is not sent', async () => {
    const fleet = createFleet({ one: {} });
    const message = messageTo(toSystem('one'), fleet.clock, {
      ttlMs: 50,
      acceptTimeMs: fleet.clock.now() - 100,
    });
    const { error } = await send(fleet, message);
    expect(error).toMatchObject({ reason: 'MESSAGE_EXPIRED', executed: 'no' });
    expect(fleet.log.get('m-1').state).toBe('EXPIRED');
    expect(fleet.sent).toEqual([]);
  });

  test('a repeatable attempt gets its share of the time, so that another can follow', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', hangUntilDeadline(fleet));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
      timeoutMs: 30_000,
      repeatSafety: 'SAFE',
    });
    expect(error?.reason).toBe('TARGET_TIMEOUT');
    expect(fleet.sent).toHaveLength(3);
    expect(fleet.sent[0]?.timeoutMs).toBe(10_000);
  });

  test('a wait that the target asks for is kept', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? { ...busy, retryAfterMs: 5000 } : ok));
    await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect((fleet.sent[1]?.atMs ?? 0) - (fleet.sent[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(5000);
  });

  test('while it waits, the delivery shows as RETRYING with the next attempt', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? { ...busy, retryAfterMs: 5000 } : ok));
    const answer = fleet.dispatcher.send(messageTo(toSystem('one'), fleet.clock), options());
    await fleet.clock.advance(10);
    expect(fleet.log.get('m-1')).toMatchObject({ state: 'RETRYING', attempts: [{ number: 1 }] });
    expect(fleet.log.get('m-1').nextAttemptTimeMs).toBeGreaterThan(fleet.clock.now());
    await fleet.clock.advance(10_000);
    expect((await answer).delivery.state).toBe('DELIVERED');
  });

  test('a caller that goes away while the hub waits ends the delivery as cancelled', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', () => ({ ...busy, retryAfterMs: 5000 }));
    const caller = new AbortController();
    const answer = fleet.dispatcher.send(
      messageTo(toSystem('one'), fleet.clock),
      options({ signal: caller.signal }),
    );
    const failure = expect(answer).rejects.toMatchObject({ reason: 'CANCELLED', executed: 'no' });
    await fleet.clock.advance(10);
    caller.abort();
    await failure;
    expect(fleet.log.get('m-1').state).toBe('CANCELLED');
    expect(fleet.budgetOf(toSystem('one')).retriesInFlight).toBe(0);
  });
});

describe('the breaker', () => {
  test('opens after five failures, then refuses with the time to come back, and lets trials through', async () => {
    const fleet = createFleet({ one: {} }, [retryPolicy(1)]);
    fleet.behaviours.set('one', () => refused);
    for (let call = 0; call < 5; call += 1) await send(fleet, messageTo(toSystem('one'), fleet.clock));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(error).toMatchObject({ reason: 'BREAKER_OPEN', executed: 'no' });
    expect(error?.retryAfterMs).toBeGreaterThan(50_000);
    expect(fleet.sent).toHaveLength(5);
    fleet.behaviours.set('one', () => ok);
    await fleet.clock.advance(60_000);
    for (let call = 0; call < 3; call += 1) await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(fleet.breakers.get(endpointOf('one'))?.state).toBe('CLOSED');
  });

  test('that is open leaves the rest of the type to serve', async () => {
    const fleet = createFleet({ one: {}, two: {} });
    await fleet.breakers.trip(endpointOf('one'), { cause: 'test' });
    for (let call = 0; call < 10; call += 1) {
      const { delivered } = await send(fleet, messageTo(toType, fleet.clock));
      expect(delivered?.delivery.attempts).toMatchObject([{ systemId: 'two' }]);
    }
  });

  test('is not opened by what a caller in a hurry cuts off', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', hangUntilDeadline(fleet));
    for (let call = 0; call < 10; call += 1) {
      await send(fleet, messageTo(toSystem('one'), fleet.clock), { timeoutMs: 500, repeatSafety: 'UNSAFE' });
    }
    expect(fleet.breakers.get(endpointOf('one'))?.state).toBe('CLOSED');
  });
});

describe('refusals', () => {
  test('come back as replies with return_rejections, with the delivery still marked as failed', async () => {
    const fleet = createFleet({ one: {} });
    fleet.behaviours.set('one', () => rejected);
    const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock), {
      returnRejections: true,
    });
    expect(delivered).toMatchObject({
      reply: { status: '404' },
      delivery: { state: 'FAILED', reason: 'TARGET_REJECTED' },
    });
  });

  test('quote the target: status and the beginning of its body', async () => {
    const fleet = createFleet({ one: {} });
    const data = new Uint8Array(5000).fill(120);
    fleet.behaviours.set('one', () => ({ ...rejected, reply: { ...reply, status: '404', data } }));
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(error?.metadata).toMatchObject({ http_status: '404', system_id: 'one', interface: 'rest' });
    expect(error?.metadata['body']).toHaveLength(1024);
  });

  test('of an unknown system, type and capability name what is missing', async () => {
    const fleet = createFleet({});
    const targets: [Target, string][] = [
      [toSystem('ghost'), 'SYSTEM_NOT_FOUND'],
      [toType, 'NO_ROUTE'],
      [{ by: 'capability', capability: 'fly' }, 'NO_ROUTE'],
    ];
    for (const [target, reason] of targets) {
      const { error } = await send(fleet, messageTo(target, fleet.clock));
      expect(error).toMatchObject({ reason, executed: 'no' });
      expect(error?.metadata['target']).toBe(targetToString(target));
    }
  });

  test('of a message that went through too many hubs end a loop', async () => {
    const fleet = createFleet({ one: {} });
    expect((await send(fleet, messageTo(toSystem('one'), fleet.clock, { hops: 16 }))).error).toBeUndefined();
    expect((await send(fleet, messageTo(toSystem('one'), fleet.clock, { hops: 17 }))).error?.reason).toBe(
      'LOOP_DETECTED',
    );
  });
});

test('retries beyond the budget are not made', async () => {
  const fleet = createFleet({ one: {} });
  fleet.behaviours.set('one', () => refused);
  const budget = fleet.budgetOf(toSystem('one'));
  for (let held = 0; held < 3; held += 1) expect(budget.tryTake()).toBe(true);
  const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
  expect(error?.metadata['stopped_by']).toBe('budget');
  expect(fleet.sent).toHaveLength(1);
});

test('a failover to a healthy system that was not asked yet needs no budget', async () => {
  const fleet = createFleet({ one: {}, two: {} });
  const budget = fleet.budgetOf(toType);
  for (let held = 0; held < 3; held += 1) expect(budget.tryTake()).toBe(true);
  fleet.behaviours.set('one', () => broken);
  const calls = Array.from({ length: 64 }, (_, call) =>
    send(fleet, messageTo(toType, fleet.clock, { id: `m-${call}` }), { repeatSafety: 'SAFE' }),
  );
  for (const { error } of await Promise.all(calls)) expect(error).toBeUndefined();
  expect(fleet.sent.some(({ system }) => system === 'one')).toBe(true);
});

test('a failover that finds its system refusing is a retry of the other, and takes from the budget', async () => {
  const fleet = createFleet({ one: {}, two: {} });
  fleet.statuses.set('two', 'DEGRADED');
  const budget = fleet.budgetOf(toType);
  for (let held = 0; held < 3; held += 1) expect(budget.tryTake()).toBe(true);
  fleet.behaviours.set('one', () => {
    // Its breaker opens between the decision to ask it and the asking.
    queueMicrotask(() => void fleet.breakers.trip(endpointOf('two'), { state: 'FORCED_OPEN', cause: 'x' }));
    return broken;
  });
  const { error } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'SAFE' });
  expect(error?.metadata['stopped_by']).toBe('budget');
  expect(fleet.sent.map(({ system }) => system)).toEqual(['one']);
});

test('a failover to systems that are not well takes from the budget', async () => {
  const fleet = createFleet({ one: {}, two: { status: 'UNHEALTHY' } });
  const budget = fleet.budgetOf(toType);
  for (let held = 0; held < 3; held += 1) expect(budget.tryTake()).toBe(true);
  fleet.behaviours.set('one', () => broken);
  const { error } = await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'SAFE' });
  expect(error?.metadata['stopped_by']).toBe('budget');
});

test('every attempt is observed with what it says about the target', async () => {
  const fleet = createFleet({ one: {} });
  fleet.behaviours.set('one', ({ attempt }) => (attempt === 1 ? broken : ok));
  await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety: 'SAFE' });
  expect(fleet.observed.map(({ signal }) => signal)).toEqual(['failure', 'success']);
});

test('the log keeps the newest deliveries and forgets the oldest', async () => {
  const fleet = createFleet({ one: {} });
  for (let call = 0; call < 6; call += 1)
    await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: `m-${call}` }));
  expect(() => fleet.log.get('m-0')).toThrow(HubError);
  expect(fleet.log.get('m-5').state).toBe('DELIVERED');
});

test('the explanation gives every candidate with its reason, in the order in which they are tried', async () => {
  const fleet = createFleet({
    good: {},
    slow: { status: 'DEGRADED' },
    sick: { status: 'UNHEALTHY' },
    gone: { status: 'DISCONNECTED' },
    tripped: {},
  });
  await fleet.breakers.trip(endpointOf('tripped'), { cause: 'by hand' });
  const plan = fleet.router.plan(
    {
      target: toType,
      messageType: 't',
      kind: 'QUERY',
      source: '',
      messageId: '',
      correlationId: '',
      headers: {},
      repeatSafety: undefined,
      maxAttempts: 2,
      timeoutMs: 1000,
    },
    { dryRun: true },
  );
  expect(plan).toMatchObject({
    attempts: 2,
    timeoutMs: 1000,
    repeatSafety: { repeatSafety: 'SAFE', from: 'kind' },
  });
  const shown = explainCandidates(plan, { ...fleet, messageType: 't' }).map(
    ({ candidate, usable, reason }) => [candidate.systemId, usable, reason],
  );
  expect(shown).toEqual([
    ['good', true, 'tried first: HEALTHY, 0 in flight'],
    ['slow', true, 'choice 2: DEGRADED, 0 in flight'],
    ['sick', false, 'UNHEALTHY: tried only when nothing better is left'],
    ['gone', false, 'out of rotation: DISCONNECTED'],
    ['tripped', false, expect.stringMatching(/^breaker FORCED_OPEN: by hand/)],
  ]);
  expect(fleet.sent).toEqual([]);
});
