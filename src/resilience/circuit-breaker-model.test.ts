import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BreakerSignal } from './breaker-signal.ts';
import type { BreakerState, ForcedKind } from './breaker-state.ts';
import { type BreakerPermit, CircuitBreaker } from './circuit-breaker.ts';
import type { BreakerConfig } from './policy.ts';

const anyConfig: fc.Arbitrary<BreakerConfig> = fc.record({
  consecutiveFailures: fc.constantFrom(0, 1, 2, 3),
  failureRate: fc.constantFrom(0, 0.3, 0.5, 1),
  minimumCalls: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.constantFrom(1000, 5000),
  openForMs: fc.constantFrom(100, 500),
  halfOpenCalls: fc.integer({ min: 1, max: 3 }),
  slowCallRate: fc.constantFrom(0, 0.5, 1),
  slowCallTimeMs: fc.constantFrom(10, 100),
  scope: fc.constant('INTERFACE' as const),
});
const anySignal = fc.constantFrom<BreakerSignal>('success', 'success', 'failure', 'ignored');
const anyLatency = fc.constantFrom(0, 9, 10, 99, 100, Infinity);
const anyForcedKind = fc.constantFrom<ForcedKind>('FORCED_OPEN', 'FORCED_CLOSED');

const anyAction = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('acquire'), callMs: fc.constantFrom(0, 50, 800) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      which: fc.nat(),
      signal: anySignal,
      latencyMs: anyLatency,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 600 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('force'),
      kind: anyForcedKind,
      forMs: fc.constantFrom(Infinity, 300),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset') }) },
);

interface ModelCall {
  readonly epoch: number;
  readonly trial: boolean;
  readonly slotUntilMs: number;
  settled: boolean;
}

/** The breaker as simple as can be: it remembers every call there ever was, and counts anew whenever it is asked. */
class Model {
  kind: BreakerState['kind'] = 'CLOSED';
  epoch = 0;
  readonly #config: BreakerConfig;
  readonly #calls: ModelCall[] = [];
  /** What ended in this epoch while CLOSED or HALF_OPEN. */
  #ended: { atMs: number; failed: boolean; slow: boolean }[] = [];
  #untilMs = Infinity;

  constructor(config: BreakerConfig) {
    this.#config = config;
  }

  #enter(kind: BreakerState['kind'], untilMs = Infinity): void {
    this.kind = kind;
    this.epoch += 1;
    this.#ended = [];
    this.#untilMs = untilMs;
  }

  pass(nowMs: number): void {
    if (nowMs < this.#untilMs) return;
    this.#enter(this.kind === 'FORCED_CLOSED' ? 'CLOSED' : 'HALF_OPEN');
  }

  slotsTaken(nowMs: number): number {
    return this.#calls.filter((call) => call.trial && !call.settled && nowMs < call.slotUntilMs).length;
  }

  acquire(nowMs: number, callMs: number): ModelCall | undefined {
    this.pass(nowMs);
    if (this.kind === 'OPEN' || this.kind === 'FORCED_OPEN') return undefined;
    const trial = this.kind === 'HALF_OPEN';
    const { halfOpenCalls, openForMs } = this.#config;
    if (trial && this.slotsTaken(nowMs) + this.#ended.length >= halfOpenCalls) return undefined;
    const slotUntilMs = nowMs + Math.max(openForMs, callMs);
    const call: ModelCall = { epoch: this.epoch, trial, slotUntilMs, settled: false };
    this.#calls.push(call);
    return call;
  }

  settle(call: ModelCall, signal: BreakerSignal, latencyMs: number, nowMs: number): void {
    call.settled = true;
    if (call.epoch !== this.epoch || signal === 'ignored') return;
    const config = this.#config;
    const end = { atMs: nowMs, failed: signal === 'failure', slow: latencyMs >= config.slowCallTimeMs };
    if (this.kind === 'HALF_OPEN') {
      this.#ended.push(end);
      if (end.failed || (end.slow && config.slowCallRate > 0)) this.#enter('OPEN', nowMs + config.openForMs);
      else if (this.#ended.length >= config.halfOpenCalls) this.#enter('CLOSED');
    } else if (this.kind === 'CLOSED') {
      this.#ended.push(end);
      if (this.#shouldOpen(nowMs)) this.#enter('OPEN', nowMs + config.openForMs);
    }
  }

  counts(nowMs: number): { calls: number; failures: number; slow: number } {
    const bucketOf = (ms: number): number => Math.floor(ms / (this.#config.windowMs / 10));
    const recent = this.#ended.filter(({ atMs }) => bucketOf(atMs) > bucketOf(nowMs) - 10);
    return {
      calls: recent.length,
      failures: recent.filter(({ failed }) => failed).length,
      slow: recent.filter(({ slow }) => slow).length,
    };
  }

  #shouldOpen(nowMs: number): boolean {
    const { consecutiveFailures: row, failureRate, slowCallRate, minimumCalls } = this.#config;
    if (row > 0 && this.#ended.length >= row && this.#ended.slice(-row).every(({ failed }) => failed)) {
      return true;
    }
    const { calls, failures, slow } = this.counts(nowMs);
    if (calls < minimumCalls) return false;
    return (
      (failureRate > 0 && failures / calls >= failureRate) ||
      (slowCallRate > 0 && slow / calls >= slowCallRate)
    );
  }

  force(kind: ForcedKind, untilMs: number): void {
    this.#enter(kind, untilMs);
  }

  reset(): void {
    this.#enter('CLOSED');
  }
}

test('the machine does what the model does, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(anyConfig, fc.array(anyAction, { maxLength: 120 }), (config, actions) => {
      let nowMs = 0;
      const breaker = new CircuitBreaker({ clock: { monotonic: () => nowMs }, config });
      const model = new Model(config);
      const inFlight: { permit: BreakerPermit; call: ModelCall }[] = [];
      for (const action of actions) {
        switch (action.do) {
          case 'acquire': {
            const callMs = 'callMs' in action ? action.callMs : 0;
            const peeked = breaker.peek();
            const answer = breaker.acquire(callMs);
            const call = model.acquire(nowMs, callMs);
            expect(answer.admitted).toBe(call !== undefined);
            // peek and acquire agree, always.
            expect(answer.admitted ? undefined : answer).toEqual(peeked);
            if (!answer.admitted || call === undefined) {
              if (!answer.admitted && answer.state !== 'FORCED_OPEN') {
                expect(answer.retryAfterMs).toBeGreaterThanOrEqual(1);
              }
              break;
            }
            expect(answer.trial).toBe(call.trial);
            inFlight.push({ permit: answer, call });
            break;
          }
          case 'settle': {
            if (!('which' in action)) break;
            const [chosen] = inFlight.splice(action.which % (inFlight.length || 1), 1);
            if (chosen === undefined) break;
            chosen.permit.settle(action.signal, 'x', action.latencyMs);
            model.settle(chosen.call, action.signal, action.latencyMs, nowMs);
            break;
          }
          case 'wait':
            if ('ms' in action) nowMs += action.ms;
            break;
          case 'refresh':
            breaker.refresh();
            model.pass(nowMs);
            break;
          case 'force': {
            if (!('kind' in action)) break;
            const { kind, forMs } = action;
            breaker.apply({ type: 'force', kind, atMs: nowMs, untilMs: nowMs + forMs, cause: 'x' });
            model.force(kind, nowMs + forMs);
            break;
          }
          default:
            breaker.apply({ type: 'reset', atMs: nowMs, cause: 'x' });
            model.reset();
        }
        const { state } = breaker;
        expect([state.kind, state.epoch]).toEqual([model.kind, model.epoch]);
        expect(model.slotsTaken(nowMs)).toBeLessThanOrEqual(config.halfOpenCalls);
        expect(state.trials.length).toBeLessThanOrEqual(config.halfOpenCalls);
        if (state.kind === 'CLOSED') {
          state.window.advance(nowMs);
          const { calls, failures, slow } = state.window;
          expect({ calls, failures, slow }).toEqual(model.counts(nowMs));
        }
      }
      // However it got here, it is not stuck: silence and as many good calls as it takes close it.
      nowMs += 6000;
      if (breaker.state.kind === 'FORCED_OPEN' && nowMs < breaker.nextChangeMs) return;
      for (let i = 0; i < config.halfOpenCalls; i += 1) {
        const answer = breaker.acquire();
        if (!answer.admitted) throw new Error(`stuck ${answer.state}`);
        answer.settle('success');
      }
      expect(['CLOSED', 'FORCED_CLOSED']).toContain(breaker.state.kind);
    }),
    { numRuns: 2000 },
  );
});

describe('half open, under any interleaving of callers, ends and time', () => {
  const anyCaller = fc.record({
    callMs: fc.constantFrom(0, 2000),
    signal: fc.constantFrom<BreakerSignal>('success', 'failure', 'ignored'),
    latencyMs: anyLatency,
    /** How often it comes. */
    calls: fc.integer({ min: 1, max: 4 }),
    /** A caller with a defect, which never says how its calls ended. */
    silent: fc.boolean(),
  });
  type Caller = typeof anyCaller extends fc.Arbitrary<infer T> ? T : never;

  test('never more trials are in flight than allowed, and it is never stuck', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        anyConfig,
        fc.array(anyCaller, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 }),
        async (scheduler, given, callers, steps) => {
          const config = { ...given, consecutiveFailures: 1 };
          let nowMs = 0;
          const breaker = new CircuitBreaker({ clock: { monotonic: () => nowMs }, config });
          const opening = breaker.acquire();
          if (opening.admitted) opening.settle('failure');
          nowMs += config.openForMs;

          const trials = new Set<{ readonly untilMs: number }>();
          const check = (): void => {
            const held = [...trials].filter(({ untilMs }) => nowMs < untilMs);
            expect(held.length).toBeLessThanOrEqual(config.halfOpenCalls);
          };
          const call = async ({ callMs, signal, latencyMs, calls, silent }: Caller): Promise<void> => {
            for (let made = 0; made < calls; made += 1) {
              await scheduler.schedule(Promise.resolve(), 'call');
              const answer = breaker.acquire(callMs);
              if (!answer.admitted) continue;
              const trial = { untilMs: nowMs + Math.max(config.openForMs, callMs) };
              if (answer.trial) trials.add(trial);
              check();
              await scheduler.schedule(Promise.resolve(), 'end');
              if (silent) continue;
              trials.delete(trial);
              answer.settle(signal, 'x', latencyMs);
              check();
            }
          };
          const time = async (): Promise<void> => {
            for (const ms of steps) {
              await scheduler.schedule(Promise.resolve(), `${ms} ms`);
              nowMs += ms;
            }
          };
          await scheduler.waitFor(Promise.all([...callers.map(call), time()]));
          nowMs += 6000;
          for (let made = 0; made < config.halfOpenCalls; made += 1) {
            const answer = breaker.acquire();
            if (!answer.admitted) throw new Error(`stuck ${answer.state}`);
            answer.settle('success');
          }
          expect(breaker.state.kind).toBe('CLOSED');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
