import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import { breakerKeyToString } from '../resilience/breaker-key.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import { createForcedStore } from '../resilience/forced-breakers.fixture.ts';
import type { BreakerConfig } from '../resilience/policy.ts';
import { defaultPolicy } from '../resilience/policy-fields.ts';
import { createBreakerHandlers } from './breaker-handlers.ts';
import type { ServiceDefinition } from './call.ts';
import {
  callUnary,
  createTestRegistry,
  httpInterface,
  openWatch,
  shownEvent,
  violations,
} from './handler-call.fixture.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';

const { listBreakers, watchBreakers, tripBreaker, resetBreaker, listBreakerTransitions } =
  ResilienceService.method;

function setUp(change: Partial<BreakerConfig> = {}) {
  const clock = createFakeClock();
  const registry = createTestRegistry(clock);
  const feed = new Feed<BreakerSnapshot>({ clock });
  const forced = createForcedStore();
  const board = new BreakerBoard({
    clock,
    feed,
    forced: forced.port,
    configOf: () => ({ ...defaultPolicy.breaker, ...change }),
    onFault: (error) => {
      throw error;
    },
  });
  const service: ServiceDefinition = {
    service: ResilienceService,
    schemas: resilienceRequestSchemas,
    handlers: createBreakerHandlers({
      board,
      feed,
      directory: registry.directory,
    }) as unknown as ServiceDefinition['handlers'],
  };
  /** Registers a system with interfaces of these names; each gets a breaker. */
  const put = (id: string, ...names: string[]): void => {
    registry.put(id, { interfaces: names.map((name) => httpInterface(name, `http://${id}.test`)) });
    for (const key of registry.directory.endpointsOf(id)) board.ensure(key);
  };
  const fail = (key: EndpointKey, count = 5): void => {
    for (let at = 0; at < count; at += 1) {
      const answer = board.acquire(key, 'data');
      if (answer.admitted) answer.settle('failure', 'HTTP 503');
    }
  };
  const list = async (init: Parameters<typeof callUnary<typeof listBreakers>>[2] = {}): Promise<string[]> =>
    (await callUnary(service, listBreakers, init)).breakers.map(breakerKeyToString);
  return { ...registry, clock, feed, forced, board, service, put, fail, list };
}

describe('ListBreakers', () => {
  test('shows every registered interface, by system and then by interface', async () => {
    const { put, list } = setUp();
    put('b', 'rest');
    put('a.b', 'rest');
    put('a-b', 'rest');
    put('a', 'rest', 'grpc');
    expect(await list()).toEqual(['a/grpc', 'a/rest', 'a-b/rest', 'a.b/rest', 'b/rest']);
  });

  test('shows state, times, failures and cause', async () => {
    const { put, fail, service, clock } = setUp();
    put('a', 'rest');
    await clock.advance(1000);
    const openedMs = clock.now();
    fail({ systemId: 'a', interface: 'rest' });
    const { breakers } = await callUnary(service, listBreakers);
    expect(breakers).toMatchObject([
      {
        systemId: 'a',
        interface: 'rest',
        state: BreakerState.OPEN,
        failures: 5,
        cause: '5 failures in a row; the last: HTTP 503',
      },
    ]);
    expect(timestampMs(breakers[0]!.stateTime!)).toBe(openedMs);
    expect(timestampMs(breakers[0]!.openUntilTime!)).toBe(openedMs + 60_000);
    await clock.advance(60_000);
    const [halfOpen] = (await callUnary(service, listBreakers)).breakers;
    expect([halfOpen!.state, halfOpen!.openUntilTime]).toEqual([BreakerState.HALF_OPEN, undefined]);
  });

  test('goes page by page, also when what a page ended with is gone', async () => {
    const { put, list, service, board } = setUp();
    put('a', 'one', 'two', 'three');
    put('a-b', 'one');
    put('b', 'one');
    const first = await callUnary(service, listBreakers, { pageSize: 2 });
    expect(first.breakers.map(breakerKeyToString)).toEqual(['a/one', 'a/three']);
    board.forget({ systemId: 'a', interface: 'three' });
    const second = await callUnary(service, listBreakers, { pageSize: 2, pageToken: first.nextPageToken });
    expect(second.breakers.map(breakerKeyToString)).toEqual(['a/two', 'a-b/one']);
    expect(await list({ pageSize: 2, pageToken: second.nextPageToken })).toEqual(['b/one']);
  });

  test('has pages of 100 unless asked, and of at most 1000', async () => {
    const { put, list } = setUp();
    for (let at = 0; at < 1001; at += 1) put(`s${at}`, 'rest');
    expect(await list()).toHaveLength(100);
    expect(await list({ pageSize: 1000 })).toHaveLength(1000);
    expect(await list({ pageSize: 5000 })).toHaveLength(1000);
  });

  test('filters by system and state; UNSPECIFIED is any', async () => {
    const { put, fail, list } = setUp();
    put('a', 'one', 'two');
    put('b', 'one');
    fail({ systemId: 'a', interface: 'two' });
    const { UNSPECIFIED, CLOSED, OPEN, HALF_OPEN } = BreakerState;
    const all = ['a/one', 'a/two', 'b/one'];
    expect(await list({ systemId: 'a' })).toEqual(['a/one', 'a/two']);
    expect(await list({ systemId: 'nobody' })).toEqual([]);
    expect(await list({ states: [OPEN, HALF_OPEN] })).toEqual(['a/two']);
    expect(await list({ states: [CLOSED], systemId: 'a' })).toEqual(['a/one']);
    expect(await list({ states: [UNSPECIFIED] })).toEqual(all);
    expect(await list({ states: [OPEN, UNSPECIFIED] })).toEqual(all);
  });

  test('takes a token of the same filter only, however it is spelled', async () => {
    const { put, list, service } = setUp();
    put('a', 'one', 'two');
    const { CLOSED, OPEN } = BreakerState;
    const first = await callUnary(service, listBreakers, { states: [CLOSED, OPEN], pageSize: 1 });
    const { nextPageToken: pageToken } = first;
    expect(await list({ states: [OPEN, CLOSED, OPEN], pageToken })).toEqual(['a/two']);
    for (const other of [
      { pageToken },
      { systemId: 'a', states: [CLOSED, OPEN], pageToken },
      { pageToken: 'x' },
    ]) {
      await expect(callUnary(service, listBreakers, other)).rejects.toMatchObject({ reason: 'BAD_CURSOR' });
    }
  });
});

describe('WatchBreakers', () => {
  test('begins with all, then tells each change of state and removals by system and interface', async () => {
    const { put, fail, board, service } = setUp();
    put('a', 'one', 'two');
    put('b', 'one');
    const watch = openWatch(service, watchBreakers);
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['snapshot a,a,b last']);
    fail({ systemId: 'b', interface: 'one' });
    const { seen } = await watch.toBookmark();
    expect(seen).toMatchObject([
      { case: 'update', value: { items: [{ systemId: 'b', interface: 'one', state: BreakerState.OPEN }] } },
    ]);
    board.forget({ systemId: 'a', interface: 'two' });
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['removed a/two']);
  });

  test('shows those of one system', async () => {
    const { put, fail, service } = setUp();
    put('a', 'one');
    put('a-b', 'one');
    const watch = openWatch(service, watchBreakers, { systemId: 'a' });
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['snapshot a last']);
    fail({ systemId: 'a-b', interface: 'one' });
    fail({ systemId: 'a', interface: 'one' });
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['update a']);
  });

  test('resumes with what changed since, of the same system only', async () => {
    const { put, fail, board, service } = setUp();
    for (const id of ['a', 'b', 'c']) put(id, 'one');
    const first = openWatch(service, watchBreakers);
    const { token: resumeToken } = await first.toBookmark();
    first.abort.abort();
    fail({ systemId: 'a', interface: 'one' });
    board.forget({ systemId: 'c', interface: 'one' });
    const resumed = await openWatch(service, watchBreakers, { resumeToken }).toBookmark();
    expect(resumed.seen.map(shownEvent)).toEqual(['update a', 'removed c/one']);
    const one = openWatch(service, watchBreakers, { systemId: 'a' });
    const { token } = await one.toBookmark();
    for (const of of [resumeToken, token]) {
      const other = openWatch(service, watchBreakers, { systemId: 'b', resumeToken: of });
      expect((await other.toBookmark()).seen.map(shownEvent)).toEqual(['reset', 'snapshot b last']);
    }
  });

  test('ends with HUB_DRAINING when the hub drains, and leaves no watcher', async () => {
    const { service, feed } = setUp();
    const watch = openWatch(service, watchBreakers);
    await watch.toBookmark();
    watch.abort.abort(new HubError({ reason: 'HUB_DRAINING', message: 'the hub is shutting down' }));
    await expect(watch.events.next()).rejects.toMatchObject({ reason: 'HUB_DRAINING' });
    expect(feed.watchers).toBe(0);
  });
});

describe('TripBreaker', () => {
  test('opens one interface durably, and says who did it and why', async () => {
    const { put, board, forced, service, clock } = setUp();
    put('a', 'one', 'two');
    const { breakers } = await callUnary(service, tripBreaker, {
      systemId: 'a',
      interface: 'one',
      cause: 'moving house',
      duration: { seconds: 90n },
    });
    expect(breakers).toMatchObject([
      {
        systemId: 'a',
        interface: 'one',
        state: BreakerState.FORCED_OPEN,
        cause: 'tripped by alice: moving house',
      },
    ]);
    expect(timestampMs(breakers[0]!.openUntilTime!)).toBe(clock.now() + 90_000);
    expect(forced.kept.get('a/one')).toMatchObject({ untilMs: clock.now() + 90_000 });
    expect(board.get({ systemId: 'a', interface: 'two' })?.state).toBe('CLOSED');
    expect(board.acquire({ systemId: 'a', interface: 'one' }, 'data')).toMatchObject({ admitted: false });
    await clock.advance(90_000);
    expect(board.get({ systemId: 'a', interface: 'one' })?.state).not.toBe('FORCED_OPEN');
    await clock.advance(0);
    expect(forced.kept.size).toBe(0);
  });

  test('opens every interface when none is named, until it is reset', async () => {
    const { put, forced, service, clock, list } = setUp();
    put('a', 'one', 'two');
    put('b', 'one');
    const { breakers } = await callUnary(service, tripBreaker, { systemId: 'a' });
    expect(breakers.map(breakerKeyToString)).toEqual(['a/one', 'a/two']);
    expect(breakers.map(({ cause, openUntilTime }) => [cause, openUntilTime])).toEqual([
      ['tripped by alice', undefined],
      ['tripped by alice', undefined],
    ]);
    expect([...forced.kept.keys()]).toEqual(['a/one', 'a/two']);
    await clock.advance(365 * 86_400_000);
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual(['a/one', 'a/two']);
  });

  test('a second time replaces duration and cause', async () => {
    const { put, service, clock } = setUp();
    put('a', 'one');
    await callUnary(service, tripBreaker, { systemId: 'a', cause: 'first', duration: { seconds: 10n } });
    await clock.advance(5000);
    const { breakers } = await callUnary(service, tripBreaker, { systemId: 'a', cause: 'second' });
    expect(breakers).toMatchObject([{ cause: 'tripped by alice: second' }]);
    await clock.advance(60_000);
    expect((await callUnary(service, listBreakers)).breakers).toMatchObject([
      { state: BreakerState.FORCED_OPEN },
    ]);
  });

  test('keeps the longest cause that it takes whole', async () => {
    const { put, service, forced } = setUp();
    put('a', 'one');
    const cause = '🚧'.repeat(500);
    const { breakers } = await callUnary(service, tripBreaker, { systemId: 'a', cause });
    expect(breakers[0]!.cause).toBe(`tripped by alice: ${cause}`);
    expect(forced.kept.get('a/one')?.cause).toBe(`tripped by alice: ${cause}`);
  });

  test('with validate_only checks everything and changes nothing', async () => {
    const { put, forced, service } = setUp();
    put('a', 'one');
    const { breakers } = await callUnary(service, tripBreaker, { systemId: 'a', validateOnly: true });
    expect(breakers).toMatchObject([{ state: BreakerState.CLOSED, cause: '' }]);
    expect(forced.calls).toEqual([]);
    await expect(
      callUnary(service, tripBreaker, { systemId: 'nobody', validateOnly: true }),
    ).rejects.toMatchObject({ reason: 'SYSTEM_NOT_FOUND' });
    await expect(
      callUnary(service, tripBreaker, { systemId: 'a', interface: 'none', validateOnly: true }),
    ).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND' });
  });

  test('holds closed what it is told to, until the time is over', async () => {
    const { put, fail, service, board, clock } = setUp();
    put('a', 'one');
    const { breakers } = await callUnary(service, tripBreaker, {
      systemId: 'a',
      state: BreakerState.FORCED_CLOSED,
      duration: { seconds: 60n },
      cause: 'a drill',
    });
    expect(breakers).toMatchObject([
      { state: BreakerState.FORCED_CLOSED, cause: 'held closed by alice: a drill' },
    ]);
    fail({ systemId: 'a', interface: 'one' }, 100);
    expect(board.get({ systemId: 'a', interface: 'one' })?.state).toBe('FORCED_CLOSED');
    await clock.advance(60_000);
    expect(board.get({ systemId: 'a', interface: 'one' })?.state).toBe('CLOSED');
  });

  test('opens that of one message type, where each has one of its own', async () => {
    const { put, service, list, board } = setUp({ scope: 'MESSAGE_TYPE' });
    put('a', 'one', 'two');
    const { breakers } = await callUnary(service, tripBreaker, { systemId: 'a', messageType: 'pay' });
    expect(breakers.map(breakerKeyToString)).toEqual(['a/one/pay', 'a/two/pay']);
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual(['a/one/pay', 'a/two/pay']);
    expect(board.acquire({ systemId: 'a', interface: 'one' }, 'pay').admitted).toBe(false);
    expect(board.acquire({ systemId: 'a', interface: 'one' }, 'ask').admitted).toBe(true);
    expect(await list()).toEqual(['a/one', 'a/one/ask', 'a/one/pay', 'a/two', 'a/two/pay']);
    const reset = await callUnary(service, resetBreaker, { systemId: 'a', messageType: 'ask' });
    expect(reset.breakers.map(breakerKeyToString)).toEqual(['a/one/ask']);
    await callUnary(service, resetBreaker, { systemId: 'a', messageType: 'pay' });
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual([]);
  });

  test('says why a message type has no breaker of its own', async () => {
    const { put, service } = setUp();
    put('a', 'one');
    for (const validateOnly of [true, false]) {
      await expect(
        callUnary(service, tripBreaker, { systemId: 'a', messageType: 'pay', validateOnly }),
      ).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND', metadata: { message_type: 'pay' } });
      await expect(
        callUnary(service, resetBreaker, { systemId: 'a', messageType: 'pay', validateOnly }),
      ).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND', metadata: { message_type: 'pay' } });
    }
  });

  test('changes nothing when the store refuses', async () => {
    const { put, forced, service, list } = setUp();
    put('a', 'one');
    forced.fail(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'the disk is full' }));
    await expect(callUnary(service, tripBreaker, { systemId: 'a' })).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    expect(forced.calls).toEqual(['save a/one']);
    expect(await list({ states: [BreakerState.CLOSED] })).toEqual(['a/one']);
  });
});

describe('ResetBreaker', () => {
  test('closes what opened by itself and by force, durably, and forgets failures', async () => {
    const { put, fail, board, forced, service } = setUp();
    put('a', 'one', 'two');
    await callUnary(service, tripBreaker, { systemId: 'a', interface: 'one' });
    fail({ systemId: 'a', interface: 'two' });
    const { breakers } = await callUnary(service, resetBreaker, { systemId: 'a' });
    expect(breakers).toMatchObject([
      { interface: 'one', state: BreakerState.CLOSED, failures: 0, cause: 'reset by alice' },
      { interface: 'two', state: BreakerState.CLOSED, failures: 0, cause: 'reset by alice' },
    ]);
    expect(forced.calls).toEqual(['save a/one', 'remove a/one']);
    expect(forced.kept.size).toBe(0);
    fail({ systemId: 'a', interface: 'two' }, 4);
    expect(board.get({ systemId: 'a', interface: 'two' })?.state).toBe('CLOSED');
  });

  test('resets one interface and leaves the others', async () => {
    const { put, service, list } = setUp();
    put('a', 'one', 'two');
    await callUnary(service, tripBreaker, { systemId: 'a' });
    await callUnary(service, resetBreaker, { systemId: 'a', interface: 'two' });
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual(['a/one']);
  });

  test('with validate_only changes nothing', async () => {
    const { put, service, forced } = setUp();
    put('a', 'one');
    await callUnary(service, tripBreaker, { systemId: 'a' });
    const { breakers } = await callUnary(service, resetBreaker, { systemId: 'a', validateOnly: true });
    expect(breakers).toMatchObject([{ state: BreakerState.FORCED_OPEN }]);
    expect(forced.kept.size).toBe(1);
  });

  test('leaves a forced breaker open when the store refuses', async () => {
    const { put, service, forced, list } = setUp();
    put('a', 'one');
    await callUnary(service, tripBreaker, { systemId: 'a' });
    forced.fail(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'the disk is full' }));
    await expect(callUnary(service, resetBreaker, { systemId: 'a' })).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual(['a/one']);
  });
});

describe('ListBreakerTransitions', () => {
  test('shows the newest first, with cause and time', async () => {
    const { put, fail, service, clock } = setUp();
    put('a', 'one');
    fail({ systemId: 'a', interface: 'one' });
    const openedMs = clock.now();
    await clock.advance(60_000);
    await callUnary(service, tripBreaker, { systemId: 'a', cause: 'moving house' });
    const { transitions } = await callUnary(service, listBreakerTransitions);
    expect(transitions).toMatchObject([
      { from: BreakerState.HALF_OPEN, to: BreakerState.FORCED_OPEN, cause: 'tripped by alice: moving house' },
      { from: BreakerState.OPEN, to: BreakerState.HALF_OPEN },
      {
        systemId: 'a',
        interface: 'one',
        messageType: '',
        from: BreakerState.CLOSED,
        to: BreakerState.OPEN,
        cause: '5 failures in a row; the last: HTTP 503',
      },
    ]);
    expect(transitions.map(({ time }) => timestampMs(time!))).toEqual([
      openedMs + 60_000,
      openedMs + 60_000,
      openedMs,
    ]);
  });

  test('goes page by page while more happens, and filters by system, interface and time', async () => {
    const { put, fail, service, clock } = setUp();
    put('a', 'one', 'two');
    put('b', 'one');
    for (const [systemId, name] of [
      ['a', 'one'],
      ['a', 'two'],
      ['b', 'one'],
    ] as const) {
      fail({ systemId, interface: name });
      await clock.advance(1000);
    }
    const names = async (init: Parameters<typeof callUnary<typeof listBreakerTransitions>>[2]) => {
      const { transitions, nextPageToken } = await callUnary(service, listBreakerTransitions, init);
      return { names: transitions.map(breakerKeyToString), nextPageToken };
    };
    const first = await names({ pageSize: 2 });
    expect(first.names).toEqual(['b/one', 'a/two']);
    await callUnary(service, resetBreaker, { systemId: 'b' });
    expect(await names({ pageSize: 2, pageToken: first.nextPageToken })).toEqual({
      names: ['a/one'],
      nextPageToken: '',
    });
    expect((await names({ systemId: 'a' })).names).toEqual(['a/two', 'a/one']);
    expect((await names({ systemId: 'a', interface: 'one' })).names).toEqual(['a/one']);
    const startTime = timestampFromMs(clock.now() - 2000);
    expect((await names({ systemId: 'a', startTime })).names).toEqual(['a/two']);
    await expect(names({ systemId: 'a', pageToken: first.nextPageToken })).rejects.toMatchObject({
      reason: 'BAD_CURSOR',
    });
  });
});

test.each([tripBreaker, resetBreaker])('$name says which system or interface nobody has', async (method) => {
  const { put, service } = setUp();
  put('a', 'one');
  await expect(callUnary(service, method, { systemId: 'nobody' })).rejects.toMatchObject({
    reason: 'SYSTEM_NOT_FOUND',
    metadata: { system_id: 'nobody' },
  });
  await expect(callUnary(service, method, { systemId: 'a', interface: 'none' })).rejects.toMatchObject({
    reason: 'BREAKER_NOT_FOUND',
    metadata: { system_id: 'a', interface: 'none' },
  });
});

describe('the rules', () => {
  const { service } = setUp();
  const fields = (found: readonly string[]): string[] => found.map((text) => text.split(': ')[0] ?? '');

  test('report everything at once', () => {
    const list = { systemId: 'NO', states: [99 as never], pageSize: -1, pageToken: 'a b' };
    expect(fields(violations(service, listBreakers, list)).sort()).toEqual([
      'page_size',
      'page_token',
      'states[0]',
      'system_id',
    ]);
    const eleven = Array.from({ length: 11 }, () => BreakerState.OPEN);
    expect(fields(violations(service, listBreakers, { states: eleven }))).toEqual(['states']);
    const watch = { systemId: 'NO', resumeToken: 'x'.repeat(1025) };
    expect(fields(violations(service, watchBreakers, watch))).toEqual(['system_id', 'resume_token']);
    const trip = {
      interface: 'NO',
      duration: { nanos: 1 },
      cause: 'x'.repeat(501),
      state: BreakerState.HALF_OPEN,
      messageType: 'NO',
    };
    expect(fields(violations(service, tripBreaker, trip)).sort()).toEqual([
      'cause',
      'duration',
      'interface',
      'message_type',
      'state',
      'system_id',
    ]);
    expect(fields(violations(service, resetBreaker, { interface: 'NO', messageType: 'NO' }))).toEqual([
      'system_id',
      'interface',
      'message_type',
    ]);
    const history = { systemId: 'NO', interface: 'NO', startTime: { nanos: -1 }, pageSize: -1 };
    expect(fields(violations(service, listBreakerTransitions, history)).sort()).toEqual([
      'interface',
      'page_size',
      'start_time',
      'system_id',
    ]);
  });

  test('take what stands at the limits', () => {
    for (const seconds of [1n, 30n * 86_400n]) {
      const init = { systemId: 'a', duration: { seconds }, cause: 'ä'.repeat(500) };
      expect(violations(service, tripBreaker, init)).toEqual([]);
    }
    const tooLong = { systemId: 'a', duration: { seconds: 30n * 86_400n + 1n } };
    expect(fields(violations(service, tripBreaker, tooLong))).toEqual(['duration']);
    expect(violations(service, listBreakers, { pageSize: 1_000_000 })).toEqual([]);
    expect(violations(service, watchBreakers, {})).toEqual([]);
  });
});
