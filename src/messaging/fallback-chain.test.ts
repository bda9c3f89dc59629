import { describe, expect, test } from 'vitest';
import type { RepeatSafety } from '../base/message.ts';
import type { FallbackStep } from '../resilience/policy.ts';
import {
  broken,
  busy,
  createFleet,
  type FleetSystem,
  hangUntilDeadline,
  messageTo,
  ok,
  policy,
  refused,
  rejected,
  reply,
  send,
  timedOut,
  toSystem,
  toType,
} from './fleet.fixture.ts';

const backup: FallbackStep = { kind: 'target', target: toSystem('backup') };
const sameType: FallbackStep = { kind: 'same_type' };
const lastGood: FallbackStep = { kind: 'last_good' };
const fixed: FallbackStep = {
  kind: 'static_reply',
  reply: { status: '203', contentType: 'text/plain', dataBase64: Buffer.from('away').toString('base64') },
};
/** A ledger, `main`, with a fallback chain, and a `backup` of another type. */
function fleetWith(chain: readonly FallbackStep[], others: Record<string, FleetSystem> = {}) {
  const policies = [policy({ fallback: chain, retry: { attempts: 2 } }, { types: ['ledger'] })];
  return createFleet({ main: {}, backup: { type: 'archive' }, ...others }, policies);
}

describe('another target answers', () => {
  test.each<[string, RepeatSafety, 'asked' | 'not asked']>([
    ['nobody is reached', 'UNSAFE', 'asked'],
    ['the target says it did nothing', 'UNSAFE', 'asked'],
    ['it may have acted', 'UNSAFE', 'not asked'],
    ['it may have acted', 'IDEMPOTENT', 'not asked'],
    ['it may have acted', 'KEYED', 'not asked'],
    ['it may have acted', 'SAFE', 'asked'],
    ['a definite no', 'SAFE', 'not asked'],
  ])('after %s with a %s message: %s', async (what, repeatSafety, asked) => {
    const result = {
      'nobody is reached': refused,
      'the target says it did nothing': busy,
      'it may have acted': broken,
      'a definite no': rejected,
    }[what];
    const fleet = fleetWith([backup]);
    fleet.behaviours.set('main', () => result ?? ok);
    const { delivered, error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
      repeatSafety,
    });
    expect(fleet.sent.some(({ system }) => system === 'backup')).toBe(asked === 'asked');
    if (asked === 'asked') {
      expect(delivered?.delivery).toMatchObject({
        state: 'DELIVERED',
        fallbackUsed: 'system:backup',
        systemId: 'backup',
        stale: false,
      });
      expect(delivered?.delivery.attempts.at(-1)).toMatchObject({ fallback: 'system:backup', number: 3 });
    } else expect(error?.metadata).not.toHaveProperty('fallbacks');
  });

  test('when the target cannot be routed to at all', async () => {
    const cases: [FleetSystem | undefined, string][] = [
      [undefined, 'not registered'],
      [{ status: 'FAILED' }, 'failed'],
    ];
    for (const [system, name] of cases) {
      const fleet = createFleet({ backup: { type: 'archive' }, ...(system && { main: system }) }, [
        policy({ fallback: [backup] }, { systemIds: ['main'] }),
      ]);
      const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock));
      expect([name, delivered?.delivery.fallbackUsed]).toEqual([name, 'system:backup']);
    }
  });

  test('of the same type, but never the system that was addressed', async () => {
    const fleet = fleetWith([sameType], { other: {} });
    fleet.behaviours.set('main', () => refused);
    const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock));
    expect(delivered?.delivery).toMatchObject({ fallbackUsed: 'type:ledger', systemId: 'other' });
    fleet.behaviours.set('other', () => refused);
    const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock));
    expect(error?.metadata).toMatchObject({ fallbacks: 'type:ledger: CONNECT_FAILED', attempts: '2' });
    expect(fleet.sent.filter(({ system }) => system === 'main')).toHaveLength(4);
  });

  test('no system is asked in two steps', async () => {
    const fleet = fleetWith(
      [{ kind: 'target', target: { by: 'capability', capability: 'book' } }, sameType],
      {
        other: {},
      },
    );
    for (const system of ['main', 'other', 'backup']) fleet.behaviours.set(system, () => refused);
    await send(fleet, messageTo(toSystem('main'), fleet.clock));
    const steps = new Map<string, Set<string>>();
    for (const { systemId, fallback } of fleet.log.get('m-1').attempts) {
      steps.set(systemId, (steps.get(systemId) ?? new Set()).add(fallback));
    }
    expect([...steps.values()].every(({ size }) => size === 1)).toBe(true);
    expect(fleet.log.get('m-1')).toMatchObject({ state: 'FAILED', reason: 'CONNECT_FAILED' });
  });

  test('has no fallbacks of its own, so that no chain leads in a circle', async () => {
    const fleet = createFleet({ one: { type: 'a' }, two: { type: 'b' } }, [
      policy(
        { name: 'a', retry: { attempts: 1 }, fallback: [{ kind: 'target', target: toSystem('two') }] },
        { types: ['a'] },
      ),
      policy(
        { name: 'b', retry: { attempts: 1 }, fallback: [{ kind: 'target', target: toSystem('one') }] },
        { types: ['b'] },
      ),
    ]);
    fleet.behaviours.set('one', () => refused).set('two', () => refused);
    const { error } = await send(fleet, messageTo(toSystem('one'), fleet.clock));
    expect(error).toMatchObject({ reason: 'CONNECT_FAILED', executed: 'no' });
    expect(fleet.sent.map(({ system }) => system)).toEqual(['one', 'two', 'two']);
  });

  test('keeps to its own time and attempts, within the deadline of the message', async () => {
    const fleet = fleetWith([{ ...backup, timeoutMs: 2000, attempts: 1 }]);
    fleet.behaviours.set('main', () => refused).set('backup', hangUntilDeadline(fleet));
    const startMs = fleet.clock.now();
    const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'SAFE' });
    expect(error?.metadata['fallbacks']).toBe('system:backup: TARGET_TIMEOUT');
    expect(fleet.sent.filter(({ system }) => system === 'backup')).toMatchObject([{ timeoutMs: 2000 }]);
    expect(fleet.clock.now() - startMs).toBeLessThan(3000);
  });

  test('that may have acted ends the chain: the outcome is unknown, whatever else there is', async () => {
    for (const repeatSafety of ['UNSAFE', 'IDEMPOTENT', 'KEYED'] as const) {
      const fleet = fleetWith([backup, fixed]);
      fleet.behaviours.set('main', () => refused).set('backup', () => timedOut);
      const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety });
      expect(error).toMatchObject({ reason: 'OUTCOME_UNKNOWN', executed: 'unknown' });
      expect(error?.metadata).toMatchObject({ fallback: 'system:backup', system_id: 'backup' });
      expect(fleet.log.get('m-1').reason).toBe('OUTCOME_UNKNOWN');
    }
  });

  test('that acted and whose answer is no reply ends the chain too', async () => {
    const fleet = fleetWith([backup, fixed]);
    const { reply: _none, ...unreadable } = ok;
    fleet.behaviours.set('main', () => refused).set('backup', () => ({ ...unreadable, reason: 'bad_reply' }));
    const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock));
    expect(error).toMatchObject({ reason: 'BAD_REPLY', executed: 'yes' });
  });
});

describe('time', () => {
  test('a read leaves its fallback up to half of it', async () => {
    const fleet = fleetWith([backup]);
    fleet.behaviours.set('main', hangUntilDeadline(fleet));
    const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
      repeatSafety: 'SAFE',
      timeoutMs: 20_000,
    });
    expect(delivered?.delivery.fallbackUsed).toBe('system:backup');
    const asked = fleet.sent.find(({ system }) => system === 'backup');
    expect(asked?.deadlineMs).toBe((fleet.sent[0]?.atMs ?? 0) + 20_000);
    expect(asked?.atMs).toBeLessThanOrEqual((fleet.sent[0]?.atMs ?? 0) + 10_000);
  });

  test('an attempt that must not be repeated has all of it, because it will have no fallback', async () => {
    const fleet = fleetWith([backup]);
    fleet.behaviours.set('main', hangUntilDeadline(fleet));
    const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
      repeatSafety: 'UNSAFE',
      timeoutMs: 20_000,
    });
    expect(error?.reason).toBe('OUTCOME_UNKNOWN');
    expect(fleet.sent).toMatchObject([{ system: 'main', timeoutMs: 20_000 }]);
  });

  test('a target that hangs still opens its breaker when a fallback shortens its attempts', async () => {
    const fleet = fleetWith([{ ...backup, timeoutMs: 30_000 }]);
    fleet.behaviours.set('main', hangUntilDeadline(fleet));
    for (let call = 0; call < 3; call += 1) {
      await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'SAFE' });
    }
    expect(fleet.observed.filter(({ signal }) => signal === 'failure')).toHaveLength(5);
    expect(fleet.breakers.list().find(({ systemId }) => systemId === 'main')?.state).toBe('OPEN');
  });

  test('a fixed reply needs none: it answers a target that hung until the end', async () => {
    const fleet = fleetWith([fixed]);
    fleet.behaviours.set('main', hangUntilDeadline(fleet));
    const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
      repeatSafety: 'SAFE',
      timeoutMs: 3000,
    });
    expect(delivered).toMatchObject({ reply: { status: '203' }, delivery: { fallbackUsed: 'static_reply' } });
  });

  test('a message whose time is over has no fallback', async () => {
    const fleet = fleetWith([fixed]);
    const message = messageTo(toSystem('main'), fleet.clock, {
      ttlMs: 50,
      acceptTimeMs: fleet.clock.now() - 100,
    });
    expect((await send(fleet, message)).error?.reason).toBe('MESSAGE_EXPIRED');
  });

  test('a caller that goes away ends the chain as cancelled', async () => {
    const fleet = fleetWith([backup, fixed]);
    const caller = new AbortController();
    fleet.behaviours
      .set('main', () => refused)
      .set('backup', () => {
        caller.abort();
        return { ...refused, reason: 'cancelled' };
      });
    const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { signal: caller.signal });
    expect(error).toMatchObject({ reason: 'CANCELLED', executed: 'no' });
    expect(fleet.log.get('m-1').state).toBe('CANCELLED');
  });
});

describe('a fixed reply', () => {
  test('is as the policy says, and never stands for an unknown outcome', async () => {
    const fleet = fleetWith([fixed]);
    fleet.behaviours.set('main', () => refused);
    const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock));
    expect(delivered?.reply).toMatchObject({ status: '203', contentType: 'text/plain', headers: {} });
    expect(new TextDecoder().decode(delivered?.reply.data)).toBe('away');
    expect(delivered?.delivery).toMatchObject({ fallbackUsed: 'static_reply', attempts: [{}, {}] });
    fleet.behaviours.set('main', () => broken);
    expect((await send(fleet, messageTo(toSystem('main'), fleet.clock))).error?.reason).toBe(
      'OUTCOME_UNKNOWN',
    );
  });
});

describe('the last good reply', () => {
  const safe = { repeatSafety: 'SAFE' } as const;

  test('answers a read, marked as stale with its age', async () => {
    const fleet = fleetWith([lastGood]);
    await send(fleet, messageTo(toSystem('main'), fleet.clock), safe);
    fleet.behaviours.set('main', () => broken);
    await fleet.clock.advance(60_000);
    const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock), safe);
    expect(delivered?.reply.data).toEqual(reply.data);
    expect(delivered?.delivery).toMatchObject({ fallbackUsed: 'last_good', stale: true, cached: false });
    expect(delivered?.delivery.replyAgeMs).toBeGreaterThanOrEqual(60_000);
  });

  test('is not given when it is too old, or for a message that is no read', async () => {
    const fleet = fleetWith([{ ...lastGood, maxAgeMs: 1000 }]);
    await send(fleet, messageTo(toSystem('main'), fleet.clock), safe);
    fleet.behaviours.set('main', () => refused);
    await fleet.clock.advance(2000);
    const tooOld = await send(fleet, messageTo(toSystem('main'), fleet.clock), safe);
    expect(tooOld.error?.metadata['fallbacks']).toBe('last_good: no reply that is new enough is kept');
    const noRead = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'KEYED' });
    expect(noRead.error?.metadata['fallbacks']).toContain('only for SAFE messages');
  });
});

test('steps go in order, the first that answers ends the chain, and each is counted', async () => {
  const fleet = fleetWith([lastGood, backup, fixed]);
  fleet.behaviours.set('main', () => refused).set('backup', () => refused);
  const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'SAFE' });
  expect(delivered?.delivery.fallbackUsed).toBe('static_reply');
  expect(fleet.events).toEqual([
    { kind: 'fallback', step: 'last_good', answered: false },
    { kind: 'fallback', step: 'target', answered: false },
    { kind: 'fallback', step: 'static_reply', answered: true },
  ]);
});

test('when all fail, the error is the target’s own, with what the fallbacks came to', async () => {
  const fleet = fleetWith([backup, { kind: 'target', target: { by: 'type', type: 'nobody' } }]);
  fleet.behaviours.set('main', () => broken).set('backup', () => refused);
  const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'SAFE' });
  expect(error).toMatchObject({ reason: 'TARGET_FAILED', executed: 'unknown' });
  expect(error?.metadata).toMatchObject({
    fallbacks: 'system:backup: CONNECT_FAILED; type:nobody: NO_ROUTE',
    system_id: 'main',
  });
});

test('when a step may have acted with a read, the error says so, whatever the target says', async () => {
  const fleet = fleetWith([backup]);
  fleet.behaviours.set('main', () => refused).set('backup', () => timedOut);
  const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), { repeatSafety: 'SAFE' });
  expect(error).toMatchObject({ reason: 'TARGET_TIMEOUT', executed: 'unknown' });
  expect(error?.metadata).toMatchObject({ fallbacks: 'system:backup: TARGET_TIMEOUT', system_id: 'backup' });
});

test('a caller that goes away in a step is told what the target may have done before', async () => {
  const fleet = fleetWith([backup]);
  const caller = new AbortController();
  fleet.behaviours
    .set('main', () => broken)
    .set('backup', () => {
      caller.abort();
      return { ...refused, reason: 'cancelled' };
    });
  const { error } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
    repeatSafety: 'SAFE',
    signal: caller.signal,
  });
  expect(error).toMatchObject({ reason: 'CANCELLED', executed: 'unknown' });
});

test('with return_rejections the target’s own answer is given when no fallback answered', async () => {
  const fleet = fleetWith([backup]);
  fleet.behaviours.set('main', () => broken).set('backup', () => refused);
  const { delivered } = await send(fleet, messageTo(toSystem('main'), fleet.clock), {
    repeatSafety: 'SAFE',
    returnRejections: true,
  });
  expect(delivered).toMatchObject({
    reply: { status: '503' },
    delivery: { state: 'FAILED', reason: 'TARGET_FAILED' },
  });
});

test('without a fallback nothing is reserved', async () => {
  const fleet = createFleet({ main: {} });
  fleet.behaviours.set('main', hangUntilDeadline(fleet));
  await send(fleet, messageTo(toType, fleet.clock), { repeatSafety: 'SAFE', timeoutMs: 30_000 });
  expect(fleet.sent[0]?.timeoutMs).toBe(10_000);
});
