import { expect, test } from 'vitest';
import {
  after,
  broken,
  createFleet,
  messageTo,
  ok,
  options,
  policy,
  rejected,
  send,
  toSystem,
} from './fleet.fixture.ts';

const cached = policy({ replyCache: { ttlMs: 10_000 }, retry: { attempts: 1 } });
const safe = { repeatSafety: 'SAFE' } as const;

test('a read that was answered is answered again without asking anybody, with its age', async () => {
  const fleet = createFleet({ one: {} }, [cached]);
  await send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
  await fleet.clock.advance(5000);
  const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }), safe);
  expect(delivered?.reply).toEqual(ok.reply);
  expect(delivered?.delivery).toMatchObject({
    id: 'm-2',
    state: 'DELIVERED',
    cached: true,
    stale: false,
    attempts: [],
    fallbackUsed: '',
  });
  expect(delivered?.delivery.replyAgeMs).toBeGreaterThanOrEqual(5000);
  expect(fleet.log.get('m-2')).toEqual(delivered?.delivery);
  expect(fleet.sent).toHaveLength(1);
  expect(fleet.events).toEqual([
    { kind: 'reply_cache', hit: false },
    { kind: 'reply_cache', hit: true },
  ]);
});

test('what is no read is always asked', async () => {
  const fleet = createFleet({ one: {} }, [cached]);
  for (const repeatSafety of ['SAFE', 'IDEMPOTENT', 'KEYED', 'UNSAFE'] as const) {
    await send(fleet, messageTo(toSystem('one'), fleet.clock), { repeatSafety });
  }
  expect(fleet.sent).toHaveLength(4);
});

test('equal reads at the same time are one delivery, each with a record of its own', async () => {
  const fleet = createFleet({ one: {} }, [cached]);
  fleet.behaviours.set('one', after(300, ok, fleet.clock));
  const ids = ['m-1', 'm-2', 'm-3'];
  const all = await Promise.all(
    ids.map((id) => send(fleet, messageTo(toSystem('one'), fleet.clock, { id }), safe)),
  );
  expect(fleet.sent).toHaveLength(1);
  expect(all.map(({ delivered }) => delivered?.delivery)).toMatchObject([
    { id: 'm-1', cached: false, attempts: [{}] },
    { id: 'm-2', cached: true, attempts: [], systemId: 'one', latencyMs: 300 },
    { id: 'm-3', cached: true, attempts: [], systemId: 'one' },
  ]);
});

test('a caller that waits for another’s delivery ends by its own time, or by going away, and alone', async () => {
  const fleet = createFleet({ one: {} }, [cached]);
  fleet.behaviours.set('one', after(5000, ok, fleet.clock));
  const first = send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
  const caller = new AbortController();
  const gone = expect(
    fleet.dispatcher.send(
      messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }),
      options({ ...safe, signal: caller.signal }),
    ),
  ).rejects.toMatchObject({ reason: 'CANCELLED', executed: 'no' });
  const hurried = send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-3' }), {
    ...safe,
    timeoutMs: 500,
  });
  await fleet.clock.advance(100);
  caller.abort();
  await gone;
  expect((await hurried).error?.reason).toBe('TARGET_TIMEOUT');
  expect((await first).delivered?.delivery.state).toBe('DELIVERED');
  expect(fleet.log.get('m-2').state).toBe('CANCELLED');
  expect(fleet.log.get('m-3')).toMatchObject({ state: 'FAILED', reason: 'TARGET_TIMEOUT' });
});

test('a caller whose time ends while it waits for another’s delivery gets its fallback all the same', async () => {
  const fixed = { kind: 'static_reply', reply: { status: '203', contentType: '', dataBase64: '' } } as const;
  const fleet = createFleet({ one: {} }, [{ ...cached, fallback: [fixed] }]);
  fleet.behaviours.set('one', after(5000, ok, fleet.clock));
  const first = send(fleet, messageTo(toSystem('one'), fleet.clock), safe);
  const hurried = send(fleet, messageTo(toSystem('one'), fleet.clock, { id: 'm-2' }), {
    ...safe,
    timeoutMs: 500,
  });
  expect((await hurried).delivered).toMatchObject({
    reply: { status: '203' },
    delivery: { state: 'DELIVERED', fallbackUsed: 'static_reply', cached: false, latencyMs: 500 },
  });
  expect((await first).delivered?.delivery).toMatchObject({ state: 'DELIVERED', fallbackUsed: '' });
});

test('a failure is everybody’s, and is not kept', async () => {
  const fleet = createFleet({ one: {} }, [cached]);
  fleet.behaviours.set('one', after(300, broken, fleet.clock));
  const ids = ['m-1', 'm-2'];
  const all = await Promise.all(
    ids.map((id) => send(fleet, messageTo(toSystem('one'), fleet.clock, { id }), safe)),
  );
  expect(all.map(({ error }) => error?.reason)).toEqual(['TARGET_FAILED', 'TARGET_FAILED']);
  for (const id of ids) expect(fleet.log.get(id)).toMatchObject({ state: 'FAILED', reason: 'TARGET_FAILED' });
  fleet.behaviours.set('one', () => ok);
  expect((await send(fleet, messageTo(toSystem('one'), fleet.clock), safe)).delivered?.delivery.cached).toBe(
    false,
  );
});

test('neither a refusal that was taken as a reply nor a fallback’s answer is kept', async () => {
  const fixed = { kind: 'static_reply', reply: { status: '203', contentType: '', dataBase64: '' } } as const;
  const fleet = createFleet({ one: {} }, [{ ...cached, fallback: [fixed] }]);
  fleet.behaviours.set('one', () => rejected);
  const refusals = { ...safe, returnRejections: true };
  expect((await send(fleet, messageTo(toSystem('one'), fleet.clock), refusals)).delivered?.reply.status).toBe(
    '404',
  );
  fleet.behaviours.set('one', () => broken);
  expect((await send(fleet, messageTo(toSystem('one'), fleet.clock), safe)).delivered?.reply.status).toBe(
    '203',
  );
  fleet.behaviours.set('one', () => ok);
  const { delivered } = await send(fleet, messageTo(toSystem('one'), fleet.clock), refusals);
  expect(delivered).toMatchObject({ reply: { status: '200' }, delivery: { cached: false } });
});

test('a cached answer counts against the limit of its caller too', async () => {
  const fleet = createFleet({ one: {} }, [
    policy({ replyCache: { ttlMs: 10_000 }, limits: { callerRate: { perSecond: 0.1, burst: 2 } } }),
  ]);
  const reasons: (string | undefined)[] = [];
  for (let call = 0; call < 3; call += 1) {
    reasons.push((await send(fleet, messageTo(toSystem('one'), fleet.clock), safe)).error?.reason);
  }
  expect(reasons).toEqual([undefined, undefined, 'RATE_LIMITED']);
});
