import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { Priority } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { freePort } from './free-port.ts';
import { createHubClients, plainJson, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { type PacedTarget, startPacedTarget } from './paced-target.ts';

/** Breakers never open, so that each test meets the mechanism that it is about. */
const settings = `
policies:
  - name: calm
    match: { types: [hedged, mixed, chained, backup, narrow, rated, cached] }
    breaker: { consecutive_failures: 0, failure_rate: 0 }
  - name: hedged
    match: { types: [hedged] }
    retry: { attempts: 4, initial_delay: 10ms }
    hedge: { attempts: 2, delay: 100ms }
    fallback:
      - { target: 'type:backup', timeout: 1s }
      - { static_reply: { json: { nobody: true } } }
  - name: mixed
    match: { types: [mixed] }
    retry: { attempts: 5, initial_delay: 5ms }
    hedge: { attempts: 3, delay: 5ms }
    limits: { concurrency: { max_calls: 3, queue: 30, queue_time: 200ms } }
    reply_cache: { ttl: 60s }
    fallback:
      - { target: 'type:backup', timeout: 300ms, attempts: 3 }
      - { last_good: {} }
      - { static_reply: { json: { nobody: true } } }
  - name: chained
    match: { types: [chained] }
    retry: { attempts: 2, initial_delay: 10ms }
    fallback:
      - { same_type: {} }
      - { target: 'type:backup', timeout: 1s }
      - { last_good: { max_age: 1h } }
      - { static_reply: { status: '203', json: { nobody: true } } }
  - name: narrow
    match: { types: [narrow] }
    limits: { concurrency: { max_calls: 4, queue: 100, queue_time: 20s } }
  - name: rated
    match: { types: [rated] }
    limits: { target_rate: { per_second: 20, burst: 5 } }
  - name: cached
    match: { types: [cached] }
    reply_cache: { ttl: 60s }
  - name: cached-for-all
    match: { types: [cached], message_types: [public] }
    reply_cache: { ttl: 60s, shared: true }
`;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-chain-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});

let systems = 0;

/** Registers systems of a type that go when the test ends. */
async function register(type: string, ...uris: string[]): Promise<AsyncDisposable & { ids: string[] }> {
  const ids: string[] = [];
  for (const uri of uris) {
    systems += 1;
    const id = `${type}-${systems}`;
    ids.push(id);
    await clients.registry.registerSystem({
      system: { id, type, name: id, version: '1', interfaces: [{ name: 'main', uri }] },
    });
  }
  return {
    ids,
    [Symbol.asyncDispose]: async () => {
      for (const systemId of ids) await clients.registry.deregisterSystem({ systemId });
    },
  };
}

interface Asked {
  /** A system, or `type:` and a type. */
  readonly to: string;
  readonly type?: string;
  readonly source?: string;
  readonly priority?: Priority;
  readonly safety?: RepeatSafety;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function messageTo({ to, type = 'balance', source = '', priority = Priority.UNSPECIFIED }: Asked) {
  const byType = to.startsWith('type:');
  return {
    type,
    source,
    priority,
    payload: { case: undefined },
    target: {
      target: byType
        ? ({ case: 'type', value: to.slice('type:'.length) } as const)
        : ({ case: 'systemId', value: to } as const),
    },
  };
}

function send(asked: Asked) {
  const { safety = RepeatSafety.SAFE, timeoutMs = 20_000, signal } = asked;
  return clients.messaging.sendMessage(
    { message: messageTo(asked), repeatSafety: safety },
    { timeoutMs, ...(signal !== undefined && { signal }) },
  );
}

/** What limits say of a target by a dry run. */
async function limitOf(asked: Asked): Promise<readonly [current: number, waiting: number]> {
  const { plan } = await clients.messaging.explainRoute({ message: messageTo(asked) });
  const [limit] = plan!.limits;
  return [limit!.current, limit!.waiting];
}

const slowFirst = (number: number) => ({ afterMs: number === 1 ? Infinity : 0 });
const fails = () => ({ fails: true });
const hangs = () => ({ afterMs: Infinity });

describe.each(['http', 'grpc'] as const)('over %s', (protocol) => {
  async function targets(count: number): Promise<readonly PacedTarget[]> {
    return Promise.all(Array.from({ length: count }, async () => startPacedTarget(protocol)));
  }

  test('a read that hangs is asked a second time beside it, and the first attempt is given up', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(slowFirst);
    await using _ = await register('hedged', target.uri);
    const { reply, delivery } = await send({ to: 'type:hedged' });
    expect(reply?.status).toBe(protocol === 'http' ? '200' : 'OK');
    expect(delivery!.attempts.map(({ hedge, verdict, reason }) => [hedge, verdict, reason])).toEqual([
      [false, Verdict.MAY_HAVE_ACTED, 'cancelled'],
      [true, Verdict.OK, 'ok'],
    ]);
    expect(delivery?.fallbackUsed).toBe('');
    await vi.waitFor(() => expect([target.givenUp, target.inFlight, target.acted]).toEqual([1, 0, 2]));
  });

  test.each([
    ['hangs', hangs],
    ['fails', fails],
  ])('an UNSAFE message whose target %s acts once: no retry, hedge or fallback', async (_, pace) => {
    const [one, two, backup] = await targets(3);
    one!.pace(pace);
    two!.pace(pace);
    await using _pool = await register('hedged', one!.uri, two!.uri);
    await using _backup = await register('backup', backup!.uri);
    const refusal = await refusalOf(
      send({ to: 'type:hedged', safety: RepeatSafety.UNSAFE, timeoutMs: 2500 }),
    );
    expect(refusal).toMatchObject({ reason: 'OUTCOME_UNKNOWN', metadata: { executed: 'unknown' } });
    expect([one!.acted + two!.acted, backup!.acted]).toEqual([1, 0]);
    await Promise.all([one!.close(), two!.close(), backup!.close()]);
  });

  test('an UNSAFE message acts at most once, whatever targets, limits, fallbacks and callers do', async () => {
    const all = await targets(3);
    const paces = [
      () => ({ afterMs: 15 }),
      hangs,
      fails,
      () => ({ afterMs: 5, resets: true }),
      () => ({ resets: true }),
      () => ({ afterMs: 60 }),
    ];
    for (const [place, target] of all.entries()) {
      target.pace((number) => paces[(number * 7 + place) % paces.length]!());
    }
    const dead = `${protocol}://127.0.0.1:${await freePort()}`;
    await using _pool = await register('mixed', dead, all[0]!.uri, all[1]!.uri);
    await using _backup = await register('backup', all[2]!.uri);
    const calls = Array.from({ length: 150 }, async (_, call) => {
      const caller = new AbortController();
      const timer = setTimeout(() => caller.abort(), call % 3 === 0 ? 3 * call : 10_000);
      const asked = { to: 'type:mixed', safety: RepeatSafety.UNSAFE, timeoutMs: 400 + 5 * call };
      const { signal } = caller;
      const error = await send({ ...asked, signal }).then(
        () => undefined,
        (thrown: unknown) => refusalOf(Promise.reject(thrown as Error)),
      );
      clearTimeout(timer);
      return error;
    });
    const errors = await Promise.all(calls);
    const acted = all.flatMap(({ messageIds }) => messageIds);
    expect(acted.length).toBeGreaterThan(20);
    expect(new Set(acted).size).toBe(acted.length);
    // Who is told that nothing was done may send it again.
    for (const error of errors) {
      if (error?.metadata.executed === 'no') expect(acted).not.toContain(error.metadata.delivery_id);
    }
    expect(all[0]!.peak).toBeLessThanOrEqual(3);
    await vi.waitFor(async () => {
      const { plan } = await clients.messaging.explainRoute({ message: messageTo({ to: 'type:mixed' }) });
      expect(plan!.limits.map(({ current, waiting }) => [current, waiting])).toEqual([
        [0, 0],
        [0, 0],
        [0, 0],
      ]);
    });
    await Promise.all(all.map(async (target) => target.close()));
  });

  test('a chain goes on to the next step until one answers, and says which', async () => {
    const [good, backup] = await targets(2);
    const dead = `${protocol}://127.0.0.1:${await freePort()}`;
    await using pool = await register('chained', dead, good!.uri);
    await using _backup = await register('backup', backup!.uri);
    const to = pool.ids[0]!;
    for (const safety of [RepeatSafety.SAFE, RepeatSafety.UNSAFE]) {
      expect((await send({ to, safety })).delivery?.fallbackUsed).toBe('type:chained');
    }
    expect([good!.acted, backup!.acted]).toEqual([2, 0]);

    good!.pace(fails);
    expect((await send({ to })).delivery?.fallbackUsed).toBe('type:backup');
    // It may have acted in the first step of the chain.
    expect(await refusalOf(send({ to, safety: RepeatSafety.UNSAFE }))).toMatchObject({
      reason: 'OUTCOME_UNKNOWN',
      metadata: { fallback: 'type:chained' },
    });
    expect(backup!.acted).toBe(1);

    await backup!.close();
    const { reply, delivery } = await send({ to });
    expect([reply?.status, plainJson(reply?.payload), delivery?.fallbackUsed]).toEqual([
      '203',
      { nobody: true },
      'static_reply',
    ]);
    await good!.close();
  });

  test('the last good reply answers when nobody else does, marked as stale with its age', async () => {
    await using target = await startPacedTarget(protocol);
    await using pool = await register('chained', target.uri);
    const to = pool.ids[0]!;
    const first = await send({ to });
    target.pace(fails);
    const { reply, delivery } = await send({ to });
    expect(delivery).toMatchObject({ fallbackUsed: 'last_good', stale: true });
    expect(reply?.payload).toEqual(first.reply?.payload);
    expect(delivery?.replyAge).toBeDefined();
    // Another question has no such reply, and another caller neither.
    expect((await send({ to, type: 'other' })).delivery?.fallbackUsed).toBe('static_reply');
    expect((await send({ to, source: 'shop' })).delivery?.fallbackUsed).toBe('static_reply');
  });

  test('no more attempts are in flight at a target than its limit, and none are counted after', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(() => ({ afterMs: 20 }));
    await using pool = await register('narrow', target.uri);
    const to = pool.ids[0]!;
    const calls = Array.from({ length: 60 }, async () => send({ to, safety: RepeatSafety.UNSAFE }));
    const ended = await Promise.all(calls);
    expect([target.acted, target.peak]).toEqual([60, 4]);
    expect(ended.some(({ delivery }) => delivery?.attempts[0]?.queueTime !== undefined)).toBe(true);
    expect(await limitOf({ to })).toEqual([0, 0]);
  });

  test('who goes away, or has no time left, while it waits for a place never reaches the target', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(hangs);
    await using pool = await register('narrow', target.uri);
    const to = pool.ids[0]!;
    const caller = new AbortController();
    const unsafe = { to, safety: RepeatSafety.UNSAFE };
    const filling = Array.from({ length: 4 }, async () =>
      send({ ...unsafe, signal: caller.signal }).catch(() => undefined),
    );
    await vi.waitFor(() => expect(target.inFlight).toBe(4));
    const leaving = new AbortController();
    const waiting = Array.from({ length: 5 }, async () => send({ ...unsafe, signal: leaving.signal }));
    const hurried = refusalOf(send({ ...unsafe, timeoutMs: 600 }));
    await vi.waitFor(async () => expect(await limitOf({ to })).toEqual([4, 6]));
    leaving.abort();
    for (const end of await Promise.allSettled(waiting)) expect(end.status).toBe('rejected');
    expect(await hurried).toMatchObject({
      reason: 'CONCURRENCY_LIMITED',
      metadata: { executed: 'no', policy: 'narrow', limit: 'limits.concurrency', current: '4', maximum: '4' },
    });
    await vi.waitFor(async () => expect(await limitOf({ to })).toEqual([4, 0]));
    caller.abort();
    await Promise.all(filling);
    await vi.waitFor(async () => expect(await limitOf({ to })).toEqual([0, 0]));
    expect(target.acted).toBe(4);
  });

  test('places come back after attempts that end in every way, and after the limit changed', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace((number) => [hangs, fails, () => ({ afterMs: 10 })][number % 3]!());
    await using pool = await register('narrow', target.uri);
    const to = pool.ids[0]!;
    const policy = (maxCalls: number) => ({
      name: 'narrower',
      match: { systemIds: [to] },
      limits: { concurrency: { maxCalls } },
    });
    const calls = Array.from({ length: 40 }, async (_, call) =>
      send({ to, safety: RepeatSafety.UNSAFE, timeoutMs: 300 + 10 * call }).catch(() => undefined),
    );
    for (const maxCalls of [1, 8, 0, 2]) {
      await clients.resilience.putPolicy({ policy: policy(maxCalls) });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all(calls);
    await clients.resilience.deletePolicy({ name: 'narrower' });
    await vi.waitFor(async () => expect(await limitOf({ to })).toEqual([0, 0]));
  });

  test('a target gets no more than its rate, and the refusal says when to come back', async () => {
    await using target = await startPacedTarget(protocol);
    await using pool = await register('rated', target.uri);
    const to = pool.ids[0]!;
    const startMs = performance.now();
    const refusals: Promise<unknown>[] = [];
    while (performance.now() - startMs < 1000) {
      refusals.push(
        send({ to }).then(
          () => undefined,
          async (error: unknown) => refusalOf(Promise.reject(error as Error)),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const ended = await Promise.all(refusals);
    const seconds = (performance.now() - startMs) / 1000;
    expect(target.acted).toBeLessThanOrEqual(5 + 20 * seconds);
    expect(target.acted).toBeGreaterThanOrEqual(20);
    expect(ended.find((each) => each !== undefined)).toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { policy: 'rated', limit: 'limits.target_rate', maximum: '5', executed: 'no' },
    });
  });

  test('of a full queue the newest of the lowest priority makes room for a higher one', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(slowFirst);
    await using pool = await register('narrow', target.uri);
    const to = pool.ids[0]!;
    await clients.resilience.putPolicy({
      policy: {
        name: 'tiny',
        match: { systemIds: [to] },
        limits: { concurrency: { maxCalls: 1, queue: 2 } },
      },
    });
    const first = new AbortController();
    const holding = send({ to, signal: first.signal }).catch(() => undefined);
    await vi.waitFor(() => expect(target.inFlight).toBe(1));
    const low: ReturnType<typeof send>[] = [];
    for (const waiting of [1, 2]) {
      low.push(send({ to, priority: Priority.LOW }));
      await vi.waitFor(async () => expect((await limitOf({ to }))[1]).toBe(waiting));
    }
    const displaced = refusalOf(low[1]!);
    const urgent = send({ to, priority: Priority.EMERGENCY });
    expect(await displaced).toMatchObject({ reason: 'CONCURRENCY_LIMITED', metadata: { executed: 'no' } });
    first.abort();
    await holding;
    const numbers = (await Promise.all([urgent, low[0]!])).map(({ reply }) => plainJson(reply?.payload));
    expect(numbers).toEqual([2, 3]);
    await clients.resilience.deletePolicy({ name: 'tiny' });
  });

  test('equal reads are asked once; another caller, and everybody after an invalidation, asks anew', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(() => ({ afterMs: 50 }));
    await using pool = await register('cached', target.uri);
    const to = pool.ids[0]!;
    const all = await Promise.all(Array.from({ length: 20 }, async () => send({ to })));
    expect(target.acted).toBe(1);
    expect(all.filter(({ delivery }) => delivery?.cached).length).toBe(19);
    expect((await send({ to })).delivery).toMatchObject({ cached: true, attempts: [] });
    expect((await send({ to, source: 'shop' })).delivery?.cached).toBe(false);
    expect((await send({ to, safety: RepeatSafety.UNSAFE })).delivery?.cached).toBe(false);
    expect(target.acted).toBe(3);
    const { forgotten } = await clients.resilience.invalidateReplies({
      target: { target: { case: 'systemId', value: to } },
    });
    expect(forgotten).toBe(2);
    expect((await send({ to })).delivery?.cached).toBe(false);
  });

  test('whoever asks for others may go away: those who wait are answered', async () => {
    await using target = await startPacedTarget(protocol);
    target.pace(slowFirst);
    await using pool = await register('cached', target.uri);
    const to = pool.ids[0]!;
    const leader = new AbortController();
    const gone = send({ to, signal: leader.signal }).catch(() => 'gone');
    await vi.waitFor(() => expect(target.inFlight).toBe(1));
    const others = Array.from({ length: 5 }, async () => send({ to }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    leader.abort();
    expect(await gone).toBe('gone');
    const numbers = (await Promise.all(others)).map(({ reply }) => plainJson(reply?.payload));
    expect(numbers).toEqual([2, 2, 2, 2, 2]);
    await vi.waitFor(() => expect(target.givenUp).toBe(1));
  });
});

test('callers that share replies are not given one that its target means for one of them', async () => {
  await using target = await startPacedTarget('http');
  target.pace(() => ({ afterMs: 50, headers: { 'cache-control': 'private' } }));
  await using pool = await register('cached', target.uri);
  const sources = ['shop', 'bank', 'mail'];
  const all = await Promise.all(
    sources.map(async (source) => send({ to: pool.ids[0]!, type: 'public', source })),
  );
  expect(new Set(all.map(({ reply }) => plainJson(reply?.payload))).size).toBe(3);
  expect(all.some(({ delivery }) => delivery?.cached)).toBe(false);
});
