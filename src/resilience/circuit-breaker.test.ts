import fc from 'fast-check';
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
    expect(refusal().cause).toBe('10 of 20 calls failed within 60 s; the last: HTTP 503');
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
  const trip = { type: 'trip', atMs: 0, untilMs: Infinity, cause: 'by ann: disk swap' } as const;

  test('open, it stays so until it is reset', () => {
    const { breaker, refusal, permit, wait, states } = setUp();
    breaker.apply(trip);
    wait(1e9);
    expect(refusal()).toEqual({
      admitted: false,
      state: 'FORCED_OPEN',
      retryAfterMs: 60_000,
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

describe('under any interleaving', () => {
  const config: BreakerConfig = {
    consecutiveFailures: 2,
    failureRate: 0.5,
    minimumCalls: 4,
    windowMs: 1000,
    openForMs: 500,
    halfOpenCalls: 2,
  };
  const anyAction = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: 'acquire' } as const) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        which: fc.nat(),
        signal: fc.constantFrom<BreakerSignal>('success', 'failure', 'ignored'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 600 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'refresh' } as const) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('trip' as const),
        forMs: fc.constantFrom(Infinity, 300),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'reset' } as const) },
  );

  test('the machine keeps its promises', () => {
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 120 }), (actions) => {
        let nowMs = 0;
        const breaker = new CircuitBreaker({ clock: { monotonic: () => nowMs }, config });
        const permits: { permit: BreakerPermit; epoch: number; sinceMs: number }[] = [];
        for (const action of actions) {
          const before = { ...breaker.state };
          const failuresBefore = before.kind === 'CLOSED' ? before.consecutiveFailures : 0;
          let settled: { epoch: number; signal: BreakerSignal } | undefined;
          switch (action.do) {
            case 'acquire': {
              const peeked = breaker.peek();
              const answer = breaker.acquire();
              // peek and acquire agree, always.
              expect(answer.admitted ? undefined : answer).toEqual(peeked);
              if (answer.admitted) {
                permits.push({ permit: answer, epoch: breaker.state.epoch, sinceMs: nowMs });
                expect(['CLOSED', 'HALF_OPEN']).toContain(breaker.state.kind);
                expect(answer.trial).toBe(breaker.state.kind === 'HALF_OPEN');
              } else {
                expect(answer.retryAfterMs).toBeGreaterThanOrEqual(1);
              }
              break;
            }
            case 'settle': {
              const [chosen] = permits.splice(action.which % (permits.length || 1), 1);
              if (chosen === undefined) break;
              settled = { epoch: chosen.epoch, signal: action.signal };
              chosen.permit.settle(action.signal);
              break;
            }
            case 'wait':
              nowMs += action.ms;
              break;
            case 'refresh':
              breaker.refresh();
              break;
            case 'trip':
              breaker.apply({ type: 'trip', atMs: nowMs, untilMs: nowMs + action.forMs, cause: 'x' });
              break;
            case 'reset':
              breaker.apply({ type: 'reset', atMs: nowMs, cause: 'x' });
              break;
          }
          const after = breaker.state;
          // Never more trials in flight than allowed, those aside that lost their slot for being silent too long.
          const trials = permits.filter(
            ({ permit, epoch, sinceMs }) =>
              permit.trial && epoch === after.epoch && nowMs < sinceMs + config.openForMs,
          );
          expect(trials.length).toBeLessThanOrEqual(config.halfOpenCalls);
          if (after.kind === 'HALF_OPEN')
            expect(after.trials.length).toBeLessThanOrEqual(config.halfOpenCalls);
          // Epochs only grow, by one new state at a time at most two (time, then an event).
          expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
          // Only a reset or a full set of successful trials closes.
          if (after.kind === 'CLOSED' && before.kind !== 'CLOSED' && action.do !== 'reset') {
            expect(before).toMatchObject({ kind: 'HALF_OPEN', successes: config.halfOpenCalls - 1 });
            expect(settled).toEqual({ epoch: before.epoch, signal: 'success' });
          }
          // Only a call of the present epoch opens; while half open, one failure does.
          if (after.kind === 'OPEN' && before.kind !== 'OPEN') {
            expect(settled?.epoch).toBe(before.epoch);
            expect(after.untilMs).toBe(nowMs + config.openForMs);
          }
          if (
            before.kind === 'HALF_OPEN' &&
            settled?.signal === 'failure' &&
            settled.epoch === before.epoch
          ) {
            expect(after.kind).toBe('OPEN');
          }
          // A forced state ends by reset or by its own end only.
          if (before.kind === 'FORCED_OPEN' && after.kind !== 'FORCED_OPEN') {
            expect(action.do === 'reset' || nowMs >= before.untilMs).toBe(true);
          }
          // Calls of an earlier epoch change nothing.
          if (settled !== undefined && settled.epoch !== before.epoch) {
            expect(after.kind).toBe(before.kind);
            expect(after.epoch).toBe(before.epoch);
            if (after.kind === 'CLOSED') expect(after.consecutiveFailures).toBe(failuresBefore);
          }
          if (after.kind === 'CLOSED') {
            expect(after.consecutiveFailures).toBeLessThan(config.consecutiveFailures);
            expect(after.window.failures).toBeLessThanOrEqual(after.window.calls);
          }
        }
        // However it got here, it is not stuck: reset aside, silence and three good calls close it.
        if (breaker.state.kind === 'FORCED_OPEN' && breaker.state.untilMs === Infinity) return;
        nowMs += 1000;
        for (let i = 0; i < config.halfOpenCalls; i += 1) {
          const answer = breaker.acquire();
          if (!answer.admitted) throw new Error(`stuck ${answer.state}`);
          answer.settle('success');
        }
        expect(breaker.state.kind).toBe('CLOSED');
      }),
      { numRuns: 2000 },
    );
  });
});

test('works on a Clock', () => {
  const breaker = new CircuitBreaker({ clock: createFakeClock(), config: defaultPolicy.breaker });
  expect(breaker.acquire().admitted).toBe(true);
});
