import { timestampMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import { type EndpointKey, endpointKeyToString } from '../resilience/endpoint-map.ts';
import type { ForcedBreaker, ForcedBreakers } from '../resilience/forced-breakers.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import { defaultPolicy } from '../resilience/policy-fields.ts';
import {
  callUnary,
  createTestRegistry,
  httpInterface,
  openWatch,
  shownEvent,
  violations,
} from './handler-call.fixture.ts';
import { createResilienceService } from './resilience-service.ts';

const { listBreakers, watchBreakers, tripBreaker, resetBreaker } = ResilienceService.method;

/** A store in memory that can be told to refuse, with a log of what was asked of it. */
function createForced() {
  const kept = new Map<string, ForcedBreaker>();
  const calls: string[] = [];
  const fault: { error?: HubError } = {};
  const port: ForcedBreakers = {
    load: async () => [...kept.values()],
    save: async (forced) => {
      calls.push(`save ${endpointKeyToString(forced)}`);
      if (fault.error) throw fault.error;
      kept.set(endpointKeyToString(forced), forced);
    },
    remove: async (key) => {
      calls.push(`remove ${endpointKeyToString(key)}`);
      if (fault.error) throw fault.error;
      kept.delete(endpointKeyToString(key));
    },
  };
  return { kept, calls, fault, port };
}

function setUp() {
  const clock = createFakeClock();
  const registry = createTestRegistry(clock);
  const feed = new Feed<BreakerSnapshot>({ clock });
  const forced = createForced();
  const board = new BreakerBoard({
    clock,
    feed,
    forced: forced.port,
    configOf: () => defaultPolicy.breaker,
    onFault: (error) => {
      throw error;
    },
  });
  const service = createResilienceService({
    board,
    feed,
    directory: registry.directory,
    policies: new PolicyBook([]),
  });
  /** Registers a system with interfaces of these names; each gets a breaker. */
  const put = (id: string, ...names: string[]): void => {
    registry.put(id, { interfaces: names.map((name) => httpInterface(name, `http://${id}.test`)) });
    for (const key of registry.directory.endpointsOf(id)) board.ensure(key);
  };
  const fail = (key: EndpointKey, count = 5): void => {
    for (let at = 0; at < count; at += 1) {
      const answer = board.acquire(key);
      if (answer.admitted) answer.settle('failure', 'HTTP 503');
    }
  };
  const list = async (init: Parameters<typeof callUnary<typeof listBreakers>>[2] = {}): Promise<string[]> =>
    (await callUnary(service, listBreakers, init)).breakers.map(endpointKeyToString);
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
    expect(first.breakers.map(endpointKeyToString)).toEqual(['a/one', 'a/three']);
    board.forget({ systemId: 'a', interface: 'three' });
    const second = await callUnary(service, listBreakers, { pageSize: 2, pageToken: first.nextPageToken });
    expect(second.breakers.map(endpointKeyToString)).toEqual(['a/two', 'a-b/one']);
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
    expect(board.acquire({ systemId: 'a', interface: 'one' })).toMatchObject({ admitted: false });
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
    expect(breakers.map(endpointKeyToString)).toEqual(['a/one', 'a/two']);
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

  test('changes nothing when the store refuses', async () => {
    const { put, forced, service, list } = setUp();
    put('a', 'one');
    forced.fault.error = new HubError({ reason: 'STORE_UNAVAILABLE', message: 'the disk is full' });
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
    forced.fault.error = new HubError({ reason: 'STORE_UNAVAILABLE', message: 'the disk is full' });
    await expect(callUnary(service, resetBreaker, { systemId: 'a' })).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    expect(await list({ states: [BreakerState.FORCED_OPEN] })).toEqual(['a/one']);
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
    const trip = { interface: 'NO', duration: { nanos: 1 }, cause: 'x'.repeat(501) };
    expect(fields(violations(service, tripBreaker, trip)).sort()).toEqual([
      'cause',
      'duration',
      'interface',
      'system_id',
    ]);
    expect(fields(violations(service, resetBreaker, { interface: 'NO' }))).toEqual([
      'system_id',
      'interface',
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
