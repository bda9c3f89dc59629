import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import type { BreakerSignal } from './breaker-signal.ts';
import { type BreakerPermit, type BreakerRefusal, CircuitBreaker } from './circuit-breaker.ts';
import { type BreakerConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

function setUp(change: Partial<BreakerConfig> = {}) {
  let nowMs = 0;
  const states: string[] = [];
  const config = { ...defaultPolicy.breaker, ...change };
  const breaker = new CircuitBreaker({
    clock: { monotonic: () => nowMs },
    config,
    onChange: (state) => states.push(state.kind),
  });
  const permit = (): BreakerPermit => {
    const answer = breaker.acquire();
    if (!answer.admitted) throw new Error(`refused: ${answer.state}`);
    return answer;
  };
  const refusal = (): BreakerRefusal => {
    const answer = breaker.acquire();
    if (answer.admitted) throw new Error('admitted');
    return answer;
  };
  const call = (...signals: BreakerSignal[]): void => {
    for (const signal of signals) permit().settle(signal, 'HTTP 503');
  };
  const wait = (ms: number): number => (nowMs += ms);
  return { breaker, states, config, permit, refusal, call, wait };
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('while closed', () => {
  test('the fifth failure in a row opens it', () => {
    const { breaker, call, refusal, wait } = setUp();
    call(...times(4, 'failure' as const), 'success', ...times(4, 'failure' as const));
    expect(breaker.state.kind).toBe('CLOSED');
    call('failure');
    wait(10_000);
    expect(refusal()).toEqual({
      admitted: false,
      state: 'OPEN',
      retryAfterMs: 50_000,
      cause: '5 failures in a row; the last: HTTP 503',
    });
  });

  test('what is ignored neither counts nor breaks a row of failures', () => {
    const { breaker, call } = setUp();
    call('failure', 'failure', 'ignored', 'failure', 'failure', ...times(100, 'ignored' as const));
    expect(breaker.state.kind).toBe('CLOSED');
    call('failure');
    expect(breaker.state.kind).toBe('OPEN');
  });

  test('half of at least 20 calls within a minute open it', () => {
    const { breaker, call, refusal } = setUp();
    for (let i = 0; i < 9; i += 1) call('failure', 'success');
    call('failure');
    expect(breaker.state.kind).toBe('CLOSED');
    call('success');
    expect(refusal().cause).toBe('10 of 20 calls failed within 60 s');
  });

  test('one failure less than half does not', () => {
    const { breaker, call } = setUp();
    for (let i = 0; i < 50; i += 1) call('success', 'success', 'failure');
    expect(breaker.state.kind).toBe('CLOSED');
  });

  test('failures of more than a minute ago are forgotten by the rate', () => {
    const { breaker, call, wait } = setUp();
    for (let i = 0; i < 9; i += 1) call('failure', 'success');
    wait(60_000);
    call('failure', 'success');
    expect(breaker.state).toMatchObject({ kind: 'CLOSED', window: { calls: 2, failures: 1 } });
  });

  test('a rule that is 0 is off', () => {
    const { breaker, call } = setUp({ consecutiveFailures: 0, failureRate: 0 });
    call(...times(1000, 'failure' as const));
    expect(breaker.state.kind).toBe('CLOSED');
  });
});

function openBreaker(change: Partial<BreakerConfig> = {}) {
  const set = setUp(change);
  set.call(...times(5, 'failure' as const));
  set.states.length = 0;
  return set;
}

describe('once open', () => {
  test('it lets nothing through for a minute, then three trials, which close it', () => {
    const { states, permit, refusal, wait, breaker } = openBreaker();
    wait(59_999);
    expect(refusal().retryAfterMs).toBe(1);
    wait(1);
    const trials = [permit(), permit(), permit()];
    expect(trials.map(({ trial }) => trial)).toEqual([true, true, true]);
    expect(refusal()).toMatchObject({ state: 'HALF_OPEN', retryAfterMs: 1000 });
    trials[0]?.settle('success');
    expect(refusal().state).toBe('HALF_OPEN');
    trials[1]?.settle('success');
    trials[2]?.settle('success');
    expect(states).toEqual(['HALF_OPEN', 'CLOSED']);
    expect(breaker.state).toMatchObject({ consecutiveFailures: 0, window: { calls: 0 } });
    expect(permit().trial).toBe(false);
  });

  test('one failed trial opens it for another minute', () => {
    const { states, permit, refusal, wait } = openBreaker();
    wait(60_000);
    const [first, second] = [permit(), permit()];
    first.settle('success');
    second.settle('failure', 'connection refused');
    expect(states).toEqual(['HALF_OPEN', 'OPEN']);
    expect(refusal()).toMatchObject({
      retryAfterMs: 60_000,
      cause: 'a trial call failed; the last: connection refused',
    });
  });

  test('an ignored trial gives its slot back', () => {
    const { permit, refusal, wait, breaker } = openBreaker({ halfOpenCalls: 1 });
    wait(60_000);
    permit().settle('ignored');
    const again = permit();
    expect(refusal().state).toBe('HALF_OPEN');
    again.settle('success');
    expect(breaker.state.kind).toBe('CLOSED');
  });

  test('a trial that never reports loses its slot after the open time, and its late failure still counts', () => {
    const { permit, refusal, wait, states } = openBreaker({ halfOpenCalls: 1 });
    wait(60_000);
    const lost = permit();
    wait(59_999);
    expect(refusal().state).toBe('HALF_OPEN');
    wait(1);
    const second = permit();
    expect(refusal().state).toBe('HALF_OPEN');
    lost.settle('failure');
    expect(states).toEqual(['HALF_OPEN', 'OPEN']);
    second.settle('success');
    expect(states).toEqual(['HALF_OPEN', 'OPEN']);
  });

  test('trials that never report do not pile up', () => {
    const { breaker, permit, wait } = openBreaker();
    for (let round = 0; round < 10; round += 1) {
      wait(60_000);
      for (let i = 0; i < 3; i += 1) permit();
    }
    expect(breaker.state.kind === 'HALF_OPEN' && breaker.state.trials.length).toBe(3);
  });

  test('refresh shows the half-open state without a call', () => {
    const { breaker, wait, states } = openBreaker();
    expect(breaker.nextChangeMs).toBe(60_000);
    wait(59_999);
    breaker.refresh();
    expect(states).toEqual([]);
    wait(1);
    breaker.refresh();
    expect(states).toEqual(['HALF_OPEN']);
    expect(breaker.nextChangeMs).toBe(Infinity);
  });

  test('peek says what acquire would, and takes nothing', () => {
    const { breaker, permit, wait, states } = openBreaker({ halfOpenCalls: 1 });
    expect(breaker.peek()).toMatchObject({ state: 'OPEN', retryAfterMs: 60_000 });
    wait(60_000);
    expect([breaker.peek(), breaker.peek()]).toEqual([undefined, undefined]);
    expect(states).toEqual([]);
    permit();
    expect(breaker.peek()).toMatchObject({ state: 'HALF_OPEN' });
  });

  test('calls that began before it opened change nothing', () => {
    const { permit, breaker, call, wait } = setUp();
    const early = [permit(), permit(), permit()];
    call(...times(5, 'failure' as const));
    early[0]?.settle('success');
    expect(breaker.state.kind).toBe('OPEN');
    wait(60_000);
    breaker.refresh();
    early[1]?.settle('failure');
    early[2]?.settle('success');
    expect(breaker.state).toMatchObject({ kind: 'HALF_OPEN', successes: 0 });
  });
});

describe('forced', () => {
  const trip = {
    type: 'force',
    kind: 'FORCED_OPEN',
    atMs: 0,
    untilMs: Infinity,
    cause: 'by ann: disk swap',
  } as const;

  test('open, it stays so until it is reset', () => {
    const { breaker, refusal, permit, wait, states } = setUp();
    breaker.apply(trip);
    wait(1e9);
    expect(refusal()).toEqual({
      admitted: false,
      state: 'FORCED_OPEN',
      retryAfterMs: undefined,
      cause: 'by ann: disk swap',
    });
    breaker.apply({ type: 'reset', atMs: 1e9, cause: 'by ann' });
    expect(permit().trial).toBe(false);
    expect(states).toEqual(['FORCED_OPEN', 'CLOSED']);
  });

  test('open with an end, it is then tried out', () => {
    const { breaker, refusal, permit, wait } = setUp();
    breaker.apply({ ...trip, untilMs: 5000 });
    wait(4000);
    expect(refusal()).toMatchObject({ state: 'FORCED_OPEN', retryAfterMs: 1000 });
    wait(1000);
    expect(permit().trial).toBe(true);
  });

  test('calls in flight do not end it', () => {
    const { breaker, permit } = setUp();
    const early = permit();
    breaker.apply(trip);
    early.settle('success');
    expect(breaker.state.kind).toBe('FORCED_OPEN');
  });

  test('closed, it lets calls through whatever happens', () => {
    const { breaker, call, permit, states, wait } = setUp();
    breaker.apply({ ...trip, kind: 'FORCED_CLOSED' });
    call(...times(1000, 'failure' as const));
    wait(1e9);
    expect(breaker.peek()).toBeUndefined();
    expect(permit().trial).toBe(false);
    expect(states).toEqual(['FORCED_CLOSED']);
  });

  test('closed with an end, it is then closed with fresh counts', () => {
    const { breaker, call, permit, states, wait } = setUp();
    breaker.apply({ ...trip, kind: 'FORCED_CLOSED', untilMs: 5000 });
    const early = times(5, 0).map(permit);
    call(...times(100, 'failure' as const));
    wait(5000);
    call('failure');
    for (const each of early) each.settle('failure');
    expect(breaker.state).toMatchObject({
      kind: 'CLOSED',
      consecutiveFailures: 1,
      cause: 'the time of being forced closed is over: by ann: disk swap',
    });
    expect(states).toEqual(['FORCED_CLOSED', 'CLOSED']);
  });
});

describe('slow calls', () => {
  const slow = { slowCallRate: 0.5, slowCallTimeMs: 1000, minimumCalls: 4 };

  test('count when they are as long as the time says, successes as well as failures', () => {
    const { breaker, permit, refusal } = setUp({ ...slow, failureRate: 0, consecutiveFailures: 0 });
    permit().settle('success', 'HTTP 200', 1000);
    permit().settle('failure', 'HTTP 503', 2000);
    permit().settle('success', 'HTTP 200', 999);
    expect(breaker.state.kind).toBe('CLOSED');
    permit().settle('success', 'HTTP 200', 0);
    expect(refusal()).toMatchObject({ state: 'OPEN', cause: '2 of 4 calls took 1 s or longer within 60 s' });
  });

  test('that got no answer at all are slow however little time they had, and failed', () => {
    const { permit, refusal } = setUp({ ...slow, failureRate: 1 });
    for (let i = 0; i < 2; i += 1) {
      permit().settle('success', '', 1);
      permit().settle('failure', 'no answer', Infinity);
    }
    expect(refusal().cause).toBe('2 of 4 calls took 1 s or longer within 60 s; the last: no answer');
  });

  test('do not open it below the minimum of calls, nor where the rule is off', () => {
    const few = setUp(slow);
    for (let i = 0; i < 3; i += 1) few.permit().settle('success', '', 5000);
    expect(few.breaker.state.kind).toBe('CLOSED');
    const off = setUp({ ...slow, slowCallRate: 0 });
    for (let i = 0; i < 100; i += 1) off.permit().settle('success', '', 5000);
    expect(off.breaker.state.kind).toBe('CLOSED');
  });

  test('that are ignored do not count', () => {
    const { breaker, permit } = setUp(slow);
    for (let i = 0; i < 100; i += 1) permit().settle('ignored', '', 5000);
    expect(breaker.state.kind).toBe('CLOSED');
  });

  test('open it again as trials, where the rule is on', () => {
    const rule = { slowCallRate: 0.5, slowCallTimeMs: 1000 };
    const on = openBreaker(rule);
    on.wait(60_000);
    on.permit().settle('success', '', 1500);
    expect(on.refusal().cause).toBe('a trial call took 1.5 s, slow is 1 s or longer');
    const off = openBreaker({ ...rule, slowCallRate: 0 });
    off.wait(60_000);
    for (let i = 0; i < 3; i += 1) off.permit().settle('success', '', 1500);
    expect(off.breaker.state.kind).toBe('CLOSED');
  });

  test('are counted afresh when another time is slow', () => {
    const { breaker, config, permit } = setUp(slow);
    for (let i = 0; i < 3; i += 1) permit().settle('success', '', 2000);
    breaker.configure({ ...config, slowCallTimeMs: 5000 });
    permit().settle('success', '', 2000);
    expect(breaker.state).toMatchObject({ kind: 'CLOSED', window: { calls: 1, slow: 0 } });
  });
});

describe('trials that outlive their epoch', () => {
  test('keep their slots for the time that they were given, so that there are never more at the target', () => {
    const { breaker, wait, refusal } = openBreaker({ halfOpenCalls: 2, openForMs: 1000 });
    wait(1000);
    const trials = [breaker.acquire(5000), breaker.acquire(5000)];
    const [first] = trials;
    if (first?.admitted === true) first.settle('failure');
    wait(1000);
    // One of the two is still at the target.
    expect(breaker.acquire(5000).admitted).toBe(true);
    expect(refusal().state).toBe('HALF_OPEN');
    wait(4000);
    expect(breaker.acquire(5000).admitted).toBe(true);
    expect(refusal().state).toBe('HALF_OPEN');
  });
});

describe('other settings', () => {
  test('hold from the next call on', () => {
    const { breaker, config, call } = setUp();
    call('failure', 'failure');
    breaker.configure({ ...config, consecutiveFailures: 3 });
    call('failure');
    expect(breaker.state.kind).toBe('OPEN');
  });

  test('with another window begin to count the rate afresh, but keep the row of failures', () => {
    const { breaker, config, permit, states } = setUp();
    const inFlight = times(5, 0).map(permit);
    for (const each of inFlight.slice(0, 4)) each.settle('failure');
    breaker.configure({ ...config, windowMs: 10_000 });
    expect(breaker.state).toMatchObject({ consecutiveFailures: 4, window: { windowMs: 10_000, calls: 0 } });
    expect(states).toEqual([]);
    inFlight[4]?.settle('failure');
    expect(breaker.state.kind).toBe('OPEN');
  });

  test('that ask for fewer trials than have succeeded close it', () => {
    const { breaker, config, permit, wait } = openBreaker();
    wait(60_000);
    permit().settle('success');
    breaker.configure({ ...config, halfOpenCalls: 1 });
    expect(breaker.peek()).toBeUndefined();
    expect(permit().trial).toBe(false);
  });
});

test('a permit settles once', () => {
  const { breaker, permit } = setUp({ consecutiveFailures: 2 });
  const one = permit();
  one.settle('failure');
  one.settle('failure');
  one.settle('success');
  expect(breaker.state).toMatchObject({ kind: 'CLOSED', consecutiveFailures: 1, window: { calls: 1 } });
});

test('a cause is cut to its longest', () => {
  const { breaker, permit, refusal } = setUp({ consecutiveFailures: 1 });
  permit().settle('failure', 'x'.repeat(10_000));
  expect(breaker.state.kind).toBe('OPEN');
  expect(refusal().cause.length).toBeLessThan(300);
});

test('works on a Clock', () => {
  const breaker = new CircuitBreaker({ clock: createFakeClock(), config: defaultPolicy.breaker });
  expect(breaker.acquire().admitted).toBe(true);
});
