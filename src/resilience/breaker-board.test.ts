import { describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock, type FakeClock } from '../base/fake-clock.ts';
import { Feed, type FeedEvent } from '../base/feed.ts';
import { BreakerBoard, type BreakerSnapshot } from './breaker-board.ts';
import { type EndpointKey, endpointKeyToString } from './endpoint-map.ts';
import { unregisteredForcedMax } from './forced-breaker-book.ts';
import { createForcedStore } from './forced-breakers.fixture.ts';
import { type BreakerConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

const echo: EndpointKey = { systemId: 'echo', interface: 'rest' };
const forcedOpen = { messageType: '', state: 'FORCED_OPEN' } as const;
const ledger: EndpointKey = { systemId: 'ledger', interface: 'grpc' };

/** A clock whose monotonic time runs on by most of a millisecond with each look, as a busy machine's does. */
function createSkewedClock(): FakeClock {
  const clock = createFakeClock();
  let looks = 0;
  return { ...clock, pendingTimers: 0, monotonic: () => clock.monotonic() + (looks += 1) * 0.7 };
}

function setUp(store = createForcedStore(), clock = createFakeClock()) {
  const feed = new Feed<BreakerSnapshot>({ clock });
  const configs = new Map<string, Partial<BreakerConfig>>();
  const faults: unknown[] = [];
  const board = new BreakerBoard({
    clock,
    feed,
    forced: store.port,
    configOf: (key) => ({ ...defaultPolicy.breaker, ...configs.get(endpointKeyToString(key)) }),
    onFault: (error) => faults.push(error),
  });
  const fail = (key: EndpointKey, count = 5): void => {
    for (let i = 0; i < count; i += 1) {
      const answer = board.acquire(key, 'data');
      if (answer.admitted) answer.settle('failure', 'HTTP 503');
    }
  };
  return { board, feed, clock, configs, faults, store, fail, startMs: clock.now() };
}

const stateIn = (feed: Feed<BreakerSnapshot>, key: EndpointKey): string | undefined =>
  feed.get(endpointKeyToString(key))?.state;

describe('publishing', () => {
  test('a breaker is seen from the moment its endpoint appears', () => {
    const { board, feed, startMs } = setUp();
    board.ensure(echo);
    expect([...feed.values()]).toEqual([
      { ...echo, messageType: '', state: 'CLOSED', stateTimeMs: startMs, failures: 0, cause: '' },
    ]);
    expect(board.get(ledger)).toBeUndefined();
    board.acquire(ledger, 'data');
    expect(stateIn(feed, ledger)).toBe('CLOSED');
  });

  test('OPEN is published with its cause and end, and HALF_OPEN on time without any call', async () => {
    const { board, feed, clock, fail, startMs } = setUp();
    await clock.advance(1000);
    fail(echo);
    expect(feed.get('echo/rest')).toEqual({
      ...echo,
      messageType: '',
      state: 'OPEN',
      stateTimeMs: startMs + 1000,
      openUntilMs: startMs + 61_000,
      failures: 5,
      cause: '5 failures in a row; the last: HTTP 503',
    });
    await clock.advance(59_999);
    expect(stateIn(feed, echo)).toBe('OPEN');
    await clock.advance(1);
    expect(feed.get('echo/rest')).toMatchObject({ state: 'HALF_OPEN', stateTimeMs: startMs + 61_000 });
    expect(feed.get('echo/rest')).not.toHaveProperty('openUntilMs');
    expect(clock.pendingTimers).toBe(0);
    for (let i = 0; i < 3; i += 1) {
      const answer = board.acquire(echo, 'data');
      if (answer.admitted) answer.settle('success');
    }
    expect(feed.get('echo/rest')).toMatchObject({ state: 'CLOSED', cause: '3 trial calls succeeded' });
  });

  test('a watcher sees each state in turn', async () => {
    const { board, feed, clock, fail } = setUp();
    board.ensure(echo);
    const abort = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      const note = (event: FeedEvent<BreakerSnapshot>): void => {
        if (event.kind === 'update' || event.kind === 'snapshot')
          seen.push(...event.items.map((i) => i.state));
      };
      for await (const event of feed.watch({ signal: abort.signal })) note(event);
    })();
    await clock.advance(1);
    fail(echo);
    await clock.advance(60_000);
    abort.abort();
    await watching;
    expect(seen).toEqual(['CLOSED', 'OPEN', 'HALF_OPEN']);
  });

  test('the timer runs on after it fired too early', async () => {
    const clock = createFakeClock();
    // As a real timer that is cut to its longest, or rounds down.
    const early = { ...clock, after: (ms: number, run: () => void) => clock.after(ms * 0.6, run) };
    const feed = new Feed<BreakerSnapshot>({ clock });
    const board = new BreakerBoard({
      clock: early,
      feed,
      forced: createForcedStore().port,
      configOf: () => ({ ...defaultPolicy.breaker, consecutiveFailures: 1 }),
      onFault: () => undefined,
    });
    const answer = board.acquire(echo, 'data');
    if (answer.admitted) answer.settle('failure');
    await clock.advance(59_000);
    expect(stateIn(feed, echo)).toBe('OPEN');
    await clock.advance(1100);
    expect(stateIn(feed, echo)).toBe('HALF_OPEN');
  });
});

test('breakers of different interfaces know nothing of each other', () => {
  const { board, fail } = setUp();
  fail(echo);
  expect(board.acquire({ ...echo, interface: 'grpc' }, 'data').admitted).toBe(true);
  expect(board.acquire(echo, 'data').admitted).toBe(false);
  expect(board.list().map(({ state }) => state)).toEqual(['OPEN', 'CLOSED']);
});

test('peek creates nothing and agrees with acquire', () => {
  const { board, fail } = setUp();
  expect(board.peek(echo, 'data')).toBeUndefined();
  expect(board.list()).toEqual([]);
  fail(echo);
  expect(board.peek(echo, 'data')).toMatchObject({ state: 'OPEN', retryAfterMs: 60_000 });
});

test('endpoints that are gone take their breaker, timer and feed entry along', async () => {
  const { board, feed, clock, fail } = setUp();
  const inFlight = board.acquire(echo, 'data');
  fail(echo);
  board.ensure(ledger);
  board.forget(echo);
  expect(board.list()).toMatchObject([ledger]);
  expect([...feed.values()]).toMatchObject([ledger]);
  expect(clock.pendingTimers).toBe(0);
  if (inFlight.admitted) inFlight.settle('failure');
  await clock.advance(100_000);
  expect(feed.get('echo/rest')).toBeUndefined();
});

test('a breaker that was removed and came back does not hear from calls of its former life', () => {
  const { board, feed, clock, configs } = setUp();
  configs.set('echo/rest', { consecutiveFailures: 1 });
  const old = board.acquire(echo, 'data');
  board.forget(echo);
  board.ensure(echo);
  if (old.admitted) old.settle('failure');
  expect(board.get(echo)?.state).toBe('CLOSED');
  expect(stateIn(feed, echo)).toBe('CLOSED');
  expect(clock.pendingTimers).toBe(0);
});

test('settings are taken anew by ensure for one, by reconfigure for all', () => {
  const { board, configs, fail } = setUp();
  board.ensure(echo);
  board.ensure(ledger);
  configs.set('echo/rest', { consecutiveFailures: 1 });
  configs.set('ledger/grpc', { consecutiveFailures: 1 });
  board.ensure(echo);
  fail(echo, 1);
  fail(ledger, 1);
  expect(board.list().map(({ state }) => state)).toEqual(['OPEN', 'CLOSED']);
  board.reconfigure();
  fail(ledger, 1);
  expect(board.get(ledger)?.state).toBe('OPEN');
});

describe('trip and reset', () => {
  test('a trip is durable, seen, and refuses calls until the reset', async () => {
    const { board, feed, store, startMs } = setUp();
    board.ensure(echo);
    const [tripped] = await board.trip(echo, { cause: 'ann: disk swap' });
    expect(tripped).toEqual({
      ...echo,
      messageType: '',
      state: 'FORCED_OPEN',
      stateTimeMs: startMs,
      failures: 0,
      cause: 'ann: disk swap',
    });
    expect(feed.get('echo/rest')).toEqual(tripped);
    expect([...store.kept.values()]).toEqual([
      { ...echo, messageType: '', state: 'FORCED_OPEN', cause: 'ann: disk swap', sinceMs: startMs },
    ]);
    expect(board.acquire(echo, 'data')).toMatchObject({
      admitted: false,
      state: 'FORCED_OPEN',
      cause: 'ann: disk swap',
    });
    expect(await board.reset(echo, { cause: 'ann: done' })).toMatchObject([
      { state: 'CLOSED', cause: 'ann: done' },
    ]);
    expect(store.kept.size).toBe(0);
    expect(board.acquire(echo, 'data').admitted).toBe(true);
  });

  test('a trip with an end turns HALF_OPEN on time and is forgotten by the store', async () => {
    const { board, feed, clock, store, startMs } = setUp();
    board.ensure(echo);
    await board.trip(echo, { forMs: 5000, cause: 'x' });
    expect(feed.get('echo/rest')).toMatchObject({ openUntilMs: startMs + 5000 });
    await clock.advance(5000);
    expect(stateIn(feed, echo)).toBe('HALF_OPEN');
    expect(store.kept.size).toBe(0);
  });

  test('a reset closes a breaker that opened by itself', async () => {
    const { board, clock, fail } = setUp();
    fail(echo);
    await board.reset(echo, { cause: 'by hand' });
    expect(board.get(echo)).toMatchObject({ state: 'CLOSED', failures: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  test('of an unknown breaker is BREAKER_NOT_FOUND', async () => {
    const { board } = setUp();
    await expect(board.trip(echo, { cause: 'x' })).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND' });
    await expect(board.reset(echo, { cause: 'x' })).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND' });
  });

  test('change nothing when the store cannot keep it', async () => {
    const { board, store } = setUp();
    const full = new HubError({ reason: 'STORE_UNAVAILABLE', message: 'disk full' });
    board.ensure(echo);
    store.fail(full);
    await expect(board.trip(echo, { cause: 'x' })).rejects.toBe(full);
    expect(board.get(echo)?.state).toBe('CLOSED');
    store.fail(undefined);
    await board.trip(echo, { cause: 'x' });
    store.fail(full);
    await expect(board.reset(echo, { cause: 'y' })).rejects.toBe(full);
    expect(board.get(echo)?.state).toBe('FORCED_OPEN');
  });

  test('at the same time end in the order in which they were asked for, in memory as in the store', async () => {
    const { board, store } = setUp();
    board.ensure(echo);
    const asked = [
      board.trip(echo, { cause: 'one' }),
      board.reset(echo, { cause: 'two' }),
      board.trip(echo, { cause: 'three' }),
    ];
    expect((await Promise.all(asked)).map(([breaker]) => breaker?.state)).toEqual([
      'FORCED_OPEN',
      'CLOSED',
      'FORCED_OPEN',
    ]);
    expect(store.kept.get('echo/rest')?.cause).toBe('three');
    expect(board.get(echo)).toMatchObject({ state: 'FORCED_OPEN', cause: 'three' });
  });

  test('a change that the store is slow to keep holds up those asked for after it', async () => {
    const { board, store, clock } = setUp();
    board.ensure(echo);
    const release = store.hold();
    const asked = [board.trip(echo, { cause: 'one' }), board.reset(echo, { cause: 'two' })];
    await clock.advance(100);
    release();
    await Promise.all(asked);
    expect(board.get(echo)).toMatchObject({ state: 'CLOSED', cause: 'two' });
    expect(store.kept.size).toBe(0);
  });

  test('forcing it anew while the former one ends keeps the new row', async () => {
    const { board, clock, store } = setUp();
    board.ensure(echo);
    await board.trip(echo, { forMs: 1000, cause: 'first' });
    const release = store.hold();
    const second = board.trip(echo, { cause: 'second' });
    await clock.advance(1000);
    expect(board.get(echo)?.state).toBe('HALF_OPEN');
    release();
    await second;
    await board.close();
    expect(board.get(echo)).toMatchObject({ state: 'FORCED_OPEN', cause: 'second' });
    expect(store.kept.get('echo/rest')?.cause).toBe('second');
  });

  test('a store that cannot forget an ended one is reported, and nothing else breaks', async () => {
    const { board, clock, store, faults } = setUp();
    board.ensure(echo);
    await board.trip(echo, { forMs: 1000, cause: 'x' });
    const full = new Error('disk full');
    store.fail(full);
    await clock.advance(1000);
    expect(faults).toEqual([full]);
    expect(board.get(echo)?.state).toBe('HALF_OPEN');
  });
});

describe('after a restart', () => {
  test('a forced state holds once its endpoint appears, with its first time and its end', async () => {
    const { board, store, clock, startMs } = setUp();
    board.ensure(echo);
    await board.trip(echo, { forMs: 10_000, cause: 'ann' });
    await board.close();
    await clock.advance(4000);
    const next = setUp(store, clock);
    await next.board.load();
    expect(next.board.list()).toEqual([]);
    next.board.ensure(echo);
    expect(next.board.get(echo)).toMatchObject({
      state: 'FORCED_OPEN',
      stateTimeMs: startMs,
      openUntilMs: startMs + 10_000,
      cause: 'ann',
    });
    await clock.advance(6000);
    expect(stateIn(next.feed, echo)).toBe('HALF_OPEN');
  });

  test('its times are those that were given, whatever fractions the clocks are apart', async () => {
    const { board, store, clock, startMs } = setUp(createForcedStore(), createSkewedClock());
    board.ensure(echo);
    const [tripped] = await board.trip(echo, { forMs: 10_000, cause: 'ann' });
    expect(tripped).toMatchObject({ stateTimeMs: startMs, openUntilMs: startMs + 10_000 });
    const next = setUp(store, clock);
    await next.board.load();
    next.board.ensure(echo);
    expect(next.board.get(echo)).toEqual(tripped);
  });

  test('it holds for endpoints that were there before the load', async () => {
    const store = createForcedStore([{ ...echo, ...forcedOpen, cause: 'ann', sinceMs: 0 }]);
    const { board } = setUp(store);
    board.ensure(echo);
    await board.load();
    expect(board.acquire(echo, 'data').admitted).toBe(false);
  });

  test('one that has ended meanwhile is dropped', async () => {
    const store = createForcedStore([{ ...echo, ...forcedOpen, cause: 'ann', sinceMs: 0, untilMs: 1 }]);
    const { board } = setUp(store);
    await board.load();
    board.ensure(echo);
    await board.close();
    expect(board.get(echo)?.state).toBe('CLOSED');
    expect(store.kept.size).toBe(0);
  });
});

describe('a forced state of an endpoint that is gone', () => {
  test('holds again when the endpoint comes back', async () => {
    const { board } = setUp();
    board.ensure(echo);
    await board.trip(echo, { cause: 'ann' });
    board.forget(echo);
    board.ensure(echo);
    expect(board.acquire(echo, 'data')).toMatchObject({ admitted: false, cause: 'ann' });
  });

  test('is one of a bounded number, of which the oldest are forgotten', async () => {
    const rows = Array.from({ length: unregisteredForcedMax + 2 }, (_, i) => ({
      systemId: `s${i}`,
      interface: 'rest',
      ...forcedOpen,
      cause: '',
      sinceMs: i,
    }));
    const store = createForcedStore(rows);
    const { board } = setUp(store);
    await board.load();
    board.ensure({ systemId: 's0', interface: 'rest' });
    board.ensure({ systemId: 's1', interface: 'rest' });
    board.forget({ systemId: 's1', interface: 'rest' });
    await board.close();
    expect(store.kept.size).toBe(unregisteredForcedMax + 1);
    expect([store.kept.has('s0/rest'), store.kept.has('s1/rest')]).toEqual([true, false]);
  });
});
