import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import { BreakerBoard, type BreakerSnapshot } from './breaker-board.ts';
import { breakerTypesMax } from './breaker-endpoint.ts';
import { breakerKeyToString } from './breaker-key.ts';
import type { EndpointKey } from './endpoint-map.ts';
import { createForcedStore } from './forced-breakers.fixture.ts';
import { type BreakerConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

const echo: EndpointKey = { systemId: 'echo', interface: 'rest' };

function setUp(store = createForcedStore(), clock = createFakeClock()) {
  const feed = new Feed<BreakerSnapshot>({ clock });
  const config: { now: BreakerConfig } = {
    now: { ...defaultPolicy.breaker, consecutiveFailures: 2, scope: 'MESSAGE_TYPE' },
  };
  const board = new BreakerBoard({
    clock,
    feed,
    forced: store.port,
    configOf: () => config.now,
    onFault: (error) => {
      throw error;
    },
  });
  const scope = (scope: BreakerConfig['scope']): void => {
    config.now = { ...config.now, scope };
    board.reconfigure();
  };
  const fail = (messageType: string, count = 2): void => {
    for (let call = 0; call < count; call += 1) {
      const answer = board.acquire(echo, messageType);
      if (answer.admitted) answer.settle('failure', 'HTTP 503');
    }
  };
  const admits = (messageType: string): boolean => {
    const peeked = board.peek(echo, messageType);
    const answer = board.acquire(echo, messageType);
    // peek and acquire agree, always.
    expect(answer.admitted ? undefined : answer).toEqual(peeked);
    if (answer.admitted) answer.settle('ignored');
    return answer.admitted;
  };
  const states = (): Record<string, string> =>
    Object.fromEntries(board.list().map((breaker) => [breakerKeyToString(breaker), breaker.state]));
  const history = (): string[] =>
    [...board.history.newestFirst()]
      .reverse()
      .map((each) => `${breakerKeyToString(each)} ${each.from}>${each.to}: ${each.cause}`);
  return { board, feed, store, clock, scope, fail, admits, states, history };
}

describe('with a breaker for each message type', () => {
  test('one that fails leaves the others alone', () => {
    const { fail, admits, states, feed } = setUp();
    fail('pay');
    expect([admits('pay'), admits('ask')]).toEqual([false, true]);
    expect(states()).toEqual({ 'echo/rest': 'CLOSED', 'echo/rest/pay': 'OPEN', 'echo/rest/ask': 'CLOSED' });
    expect(feed.get('echo/rest/pay')).toMatchObject({ ...echo, messageType: 'pay', state: 'OPEN' });
  });

  test('a look creates none', () => {
    const { board, states } = setUp();
    board.ensure(echo);
    expect(board.peek(echo, 'pay')).toBeUndefined();
    expect(board.met(echo, 'pay')).toBeUndefined();
    expect(states()).toEqual({ 'echo/rest': 'CLOSED' });
  });

  test('those beyond the hundredth share that of the interface', () => {
    const { board, fail, admits, states } = setUp();
    for (let type = 0; type < breakerTypesMax; type += 1) board.acquire(echo, `t${type}`);
    fail('late');
    expect(Object.keys(states()).length).toBe(breakerTypesMax + 1);
    expect([admits('late'), admits('later'), admits('t0')]).toEqual([false, false, true]);
    expect(board.met(echo, 'later')).toMatchObject({ messageType: '', state: 'OPEN' });
  });

  test('all go with their endpoint, with timers and feed entries', async () => {
    const { board, fail, feed, clock } = setUp();
    const inFlight = board.acquire(echo, 'pay');
    fail('pay');
    board.forget(echo);
    expect([board.list(), [...feed.values()], clock.pendingTimers]).toEqual([[], [], 0]);
    if (inFlight.admitted) inFlight.settle('failure');
    await clock.advance(100_000);
    expect([...feed.values()]).toEqual([]);
  });
});

describe('when the scope changes', () => {
  test('to message types, each begins afresh', () => {
    const { board, scope, fail, admits, history } = setUp();
    scope('INTERFACE');
    fail('pay');
    expect(admits('ask')).toBe(false);
    scope('MESSAGE_TYPE');
    expect([admits('pay'), admits('ask')]).toEqual([true, true]);
    expect(board.get(echo)?.state).toBe('CLOSED');
    expect(history().at(-1)).toBe(
      'echo/rest OPEN>CLOSED: each message type has a breaker of its own from now on',
    );
  });

  test('to the interface, those of the types go', () => {
    const { scope, fail, admits, states, feed } = setUp();
    fail('pay');
    scope('INTERFACE');
    expect(states()).toEqual({ 'echo/rest': 'CLOSED' });
    expect([...feed.values()].length).toBe(1);
    expect(admits('pay')).toBe(true);
  });

  test('no forced state is lost, neither that of a type nor that of the interface', async () => {
    const { board, scope, admits, states } = setUp();
    board.ensure(echo);
    await board.trip({ ...echo, messageType: 'pay' }, { cause: 'ann' });
    scope('INTERFACE');
    expect([admits('pay'), admits('ask')]).toEqual([false, true]);
    expect(states()).toEqual({ 'echo/rest': 'CLOSED', 'echo/rest/pay': 'FORCED_OPEN' });
    await board.reset({ ...echo, messageType: 'pay' }, { cause: 'ann' });
    expect(states()).toEqual({ 'echo/rest': 'CLOSED' });
    await board.trip(echo, { cause: 'ann' });
    scope('MESSAGE_TYPE');
    expect([admits('pay'), admits('ask')]).toEqual([false, false]);
  });

  test('one that is forced for a time shares the interface’s once that is over', async () => {
    const { board, scope, admits, states, clock } = setUp();
    board.ensure(echo);
    await board.trip({ ...echo, messageType: 'pay' }, { cause: 'ann', forMs: 5000 });
    scope('INTERFACE');
    await clock.advance(5000);
    expect(states()).toEqual({ 'echo/rest': 'CLOSED' });
    expect(admits('pay')).toBe(true);
  });
});

describe('a forced state', () => {
  test('of an interface holds for all types, the ones to come included', async () => {
    const { board, admits, fail, states, store } = setUp();
    fail('pay');
    const shown = await board.trip(echo, { cause: 'ann' });
    expect(shown.map(({ messageType, state }) => [messageType, state])).toEqual([
      ['', 'FORCED_OPEN'],
      ['pay', 'FORCED_OPEN'],
    ]);
    expect(board.met(echo, 'new')?.state).toBe('FORCED_OPEN');
    expect([admits('pay'), admits('new')]).toEqual([false, false]);
    expect([...store.kept.keys()]).toEqual(['echo/rest']);
    await board.reset(echo, { cause: 'ann' });
    expect(new Set(Object.values(states()))).toEqual(new Set(['CLOSED']));
  });

  test('of a type wins over that of its interface, and gives way to a later one', async () => {
    const { board, admits, store } = setUp();
    board.ensure(echo);
    await board.trip(echo, { cause: 'ann' });
    await board.trip({ ...echo, messageType: 'pay' }, { cause: 'ann', state: 'FORCED_CLOSED' });
    expect([admits('pay'), admits('ask')]).toEqual([true, false]);
    expect([...store.kept.keys()]).toEqual(['echo/rest', 'echo/rest/pay']);
    await board.trip(echo, { cause: 'bob' });
    expect(admits('pay')).toBe(false);
    expect([...store.kept.keys()]).toEqual(['echo/rest']);
  });

  test('of an interface that ends is tried out by each type, and leaves no breaker half-open that nobody meets', async () => {
    const { board, clock, fail, states, admits } = setUp();
    fail('pay', 1);
    await board.trip(echo, { cause: 'ann', forMs: 1000 });
    await clock.advance(1000);
    expect(states()).toEqual({ 'echo/rest': 'CLOSED', 'echo/rest/pay': 'HALF_OPEN' });
    for (let type = 1; type < breakerTypesMax; type += 1) admits(`t${type}`);
    await board.trip(echo, { cause: 'ann', forMs: 1000 });
    await clock.advance(1000);
    // Now further types share it.
    expect(states()['echo/rest']).toBe('HALF_OPEN');
  });

  test('of an interface ends for its types on time, although the wall clock was set back', async () => {
    const clock = createFakeClock();
    let stepMs = 0;
    const { board, states } = setUp(createForcedStore(), { ...clock, now: () => clock.now() + stepMs });
    board.ensure(echo);
    await board.trip(echo, { cause: 'ann', forMs: 1000 });
    // The type's time is over a little before the interface's.
    stepMs = 10;
    board.acquire(echo, 'pay');
    stepMs = -3_600_000;
    await clock.advance(1000);
    expect(states()).toMatchObject({ 'echo/rest/pay': 'HALF_OPEN' });
  });

  test('of a type that ends, or is reset, leaves it to that of its interface', async () => {
    const { board, clock, states } = setUp();
    board.ensure(echo);
    await board.trip(echo, { cause: 'ann' });
    const pay = { ...echo, messageType: 'pay' };
    await board.trip(pay, { cause: 'ann', state: 'FORCED_CLOSED', forMs: 1000 });
    await clock.advance(1000);
    expect(states()['echo/rest/pay']).toBe('FORCED_OPEN');
    await board.trip(pay, { cause: 'ann', state: 'FORCED_CLOSED' });
    expect(await board.reset(pay, { cause: 'ann' })).toMatchObject([{ state: 'FORCED_OPEN', cause: 'ann' }]);
  });

  test('survives a restart, also of a type that nobody called yet, whatever the scope', async () => {
    const { board, store, clock } = setUp();
    board.ensure(echo);
    await board.trip({ ...echo, messageType: 'pay' }, { cause: 'ann', state: 'FORCED_CLOSED', forMs: 9000 });
    await board.trip({ ...echo, messageType: 'ask' }, { cause: 'ann' });
    await board.close();
    for (const scope of ['MESSAGE_TYPE', 'INTERFACE'] as const) {
      const next = setUp(store, clock);
      next.scope(scope);
      await next.board.load();
      next.board.ensure(echo);
      expect(next.states()).toEqual({
        'echo/rest': 'CLOSED',
        'echo/rest/pay': 'FORCED_CLOSED',
        'echo/rest/ask': 'FORCED_OPEN',
      });
      expect(next.history()).toEqual([]);
    }
  });

  test('closed with an end is durable, then forgotten, and the breaker works again', async () => {
    const { board, fail, admits, store, clock, history } = setUp();
    fail('pay');
    await board.trip(echo, { cause: 'ann', state: 'FORCED_CLOSED', forMs: 5000 });
    fail('pay', 100);
    expect(admits('pay')).toBe(true);
    expect(store.kept.get('echo/rest')).toMatchObject({ state: 'FORCED_CLOSED' });
    await clock.advance(5000);
    expect(store.kept.size).toBe(0);
    fail('pay');
    expect(admits('pay')).toBe(false);
    expect(history().filter((line) => line.startsWith('echo/rest/pay'))).toEqual([
      'echo/rest/pay CLOSED>OPEN: 2 failures in a row; the last: HTTP 503',
      'echo/rest/pay OPEN>FORCED_CLOSED: ann',
      'echo/rest/pay FORCED_CLOSED>CLOSED: the time of being forced closed is over: ann',
      'echo/rest/pay CLOSED>OPEN: 2 failures in a row; the last: HTTP 503',
    ]);
  });

  test('without end says no time to come back, with an end it does', async () => {
    const { board } = setUp();
    board.ensure(echo);
    await board.trip(echo, { cause: 'ann' });
    expect(board.peek(echo, 'pay')?.retryAfterMs).toBeUndefined();
    await board.trip(echo, { cause: 'ann', forMs: 5000 });
    expect(board.peek(echo, 'pay')?.retryAfterMs).toBe(5000);
  });

  test('of a type is BREAKER_NOT_FOUND where types share, and where there are too many', async () => {
    const { board, scope } = setUp();
    const pay = { ...echo, messageType: 'pay' };
    board.ensure(echo);
    await expect(board.reset(pay, { cause: 'x' })).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND' });
    for (let type = 0; type < breakerTypesMax; type += 1) board.acquire(echo, `t${type}`);
    await expect(board.trip(pay, { cause: 'x' })).rejects.toMatchObject({ reason: 'BREAKER_NOT_FOUND' });
    scope('INTERFACE');
    expect(() => board.requireTrippable(pay)).toThrow(/share|of its own/);
    expect(() => board.requireTrippable(echo)).not.toThrow();
  });

  test('that the store cannot keep changes nothing', async () => {
    const { board, store, admits } = setUp();
    board.ensure(echo);
    store.fail(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'disk full' }));
    const pay = { ...echo, messageType: 'pay' };
    await expect(board.trip(pay, { cause: 'x' })).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect(admits('pay')).toBe(true);
  });
});

test('each change is in the history, with its cause', async () => {
  const { board, fail, clock, history } = setUp();
  fail('pay');
  await clock.advance(60_000);
  for (let trial = 0; trial < 3; trial += 1) {
    const answer = board.acquire(echo, 'pay');
    if (answer.admitted) answer.settle('success');
  }
  await board.trip({ ...echo, messageType: 'pay' }, { cause: 'ann' });
  await board.trip({ ...echo, messageType: 'pay' }, { cause: 'bob' });
  await board.reset({ ...echo, messageType: 'pay' }, { cause: 'cid' });
  await board.reset({ ...echo, messageType: 'pay' }, { cause: 'cid' });
  expect(history()).toEqual([
    'echo/rest/pay CLOSED>OPEN: 2 failures in a row; the last: HTTP 503',
    'echo/rest/pay OPEN>HALF_OPEN: the time of being open is over: 2 failures in a row; the last: HTTP 503',
    'echo/rest/pay HALF_OPEN>CLOSED: 3 trial calls succeeded',
    'echo/rest/pay CLOSED>FORCED_OPEN: ann',
    'echo/rest/pay FORCED_OPEN>FORCED_OPEN: bob',
    'echo/rest/pay FORCED_OPEN>CLOSED: cid',
  ]);
});

test('what is forced is what was asked for last, in memory as in the store, after any changes and a restart', async () => {
  const types = ['', 'pay', 'ask'];
  const anyAction = fc.oneof(
    fc.record({
      do: fc.constant('trip'),
      type: fc.constantFrom(...types),
      state: fc.constantFrom('FORCED_OPEN' as const, 'FORCED_CLOSED' as const),
      forMs: fc.constantFrom(undefined, 1000, 5000),
    }),
    fc.record({ do: fc.constant('reset'), type: fc.constantFrom(...types) }),
    fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 3000 }) }),
    fc.record({ do: fc.constantFrom('call', 'INTERFACE', 'MESSAGE_TYPE', 'forget', 'restart') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyAction, { maxLength: 25 }), async (actions) => {
      const store = createForcedStore();
      const clock = createFakeClock();
      let fleet = setUp(store, clock);
      fleet.board.ensure(echo);
      let scope: BreakerConfig['scope'] = 'MESSAGE_TYPE';
      /** By type: what holds, and until when. */
      const model = new Map<string, { state: string; untilMs: number }>();
      const inForce = (type: string): string | undefined => {
        const found = [type, ''].map((each) => model.get(each)).find((each) => each !== undefined);
        return found?.state;
      };
      for (const action of actions) {
        const type = 'type' in action ? action.type : '';
        const key = { ...echo, messageType: type };
        if ('state' in action) {
          const { state, forMs } = action;
          const options = { cause: 'x', state, ...(forMs === undefined ? {} : { forMs }) };
          const done = await fleet.board.trip(key, options).catch(() => undefined);
          // Only that of a type that shares the interface's is refused.
          expect(done === undefined).toBe(type !== '' && scope === 'INTERFACE' && !model.has(type));
          if (done !== undefined) {
            if (type === '') model.clear();
            model.set(type, { state, untilMs: clock.now() + (forMs ?? Infinity) });
          }
        } else if (action.do === 'reset') {
          const done = await fleet.board.reset(key, { cause: 'x' }).catch(() => undefined);
          if (done !== undefined && type === '') model.clear();
          if (done !== undefined) model.delete(type);
        } else if ('ms' in action) await clock.advance(action.ms);
        else if (action.do === 'call') for (const each of types.slice(1)) fleet.admits(each);
        else if (action.do === 'forget') {
          fleet.board.forget(echo);
          fleet.board.ensure(echo);
        } else if (action.do === 'restart') {
          await fleet.board.close();
          fleet = setUp(store, clock);
          fleet.scope(scope);
          await fleet.board.load();
          fleet.board.ensure(echo);
        } else {
          scope = action.do;
          fleet.scope(scope);
        }
        for (const [each, { untilMs }] of model) if (untilMs <= clock.now()) model.delete(each);
        await clock.advance(0);
        expect([...store.kept.keys()].sort()).toEqual(
          [...model.keys()].map((each) => breakerKeyToString({ ...echo, messageType: each })).sort(),
        );
        for (const each of types.slice(1)) {
          expect(fleet.admits(each)).toBe(inForce(each) !== 'FORCED_OPEN');
          if (inForce(each) !== undefined) expect(fleet.board.met(echo, each)?.state).toBe(inForce(each));
        }
        expect([...fleet.feed.values()].map(breakerKeyToString).sort()).toEqual(
          Object.keys(fleet.states()).sort(),
        );
      }
      await fleet.board.close();
    }),
    { numRuns: 200 },
  );
});
