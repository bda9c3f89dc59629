import type { Clock } from '../base/clock.ts';
import { type FakeClock, createFakeClock } from '../base/fake-clock.ts';
import type { Priority } from '../base/message.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { LimitBoard } from './limit-board.ts';
import type { AdaptiveLimitConfig, ConcurrencyLimitConfig } from './policy.ts';
import { type ResolvedPolicy, resolvePolicy } from './policy-match.ts';
import { policyOf } from './policy.fixture.ts';

export interface OverloadedTargetOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Requests that it works on at once. */
  workers: number;
  /** Mean time that it works on one, in ms; times are uniform between half and one and a half of it. */
  serviceMs: number;
  /** Share by which every request that waits slows all work down: contention, memory, garbage collection. */
  readonly slowdownPerWaiting: number;
}

/**
 * A target as targets are: a few workers, a queue without a bound, slower the longer that queue is, and it goes on working for
 * callers who gave up long ago.
 */
export class OverloadedTarget {
  readonly options: OverloadedTargetOptions;
  readonly #queue: (() => void)[] = [];
  #busy = 0;
  /** Requests that it works on or that wait. */
  load = 0;
  loadMax = 0;

  constructor(options: OverloadedTargetOptions) {
    this.options = options;
  }

  /** Calls `done` when the request was worked on, however late that is. */
  request(done: () => void): void {
    this.load += 1;
    this.loadMax = Math.max(this.loadMax, this.load);
    this.#queue.push(done);
    this.#work();
  }

  #work(): void {
    const { clock, random, workers, serviceMs, slowdownPerWaiting } = this.options;
    while (this.#busy < workers) {
      const done = this.#queue.shift();
      if (done === undefined) return;
      this.#busy += 1;
      const slowdown = 1 + slowdownPerWaiting * this.#queue.length;
      clock.after(serviceMs * slowdown * (0.5 + random.next()), () => {
        this.#busy -= 1;
        this.load -= 1;
        done();
        this.#work();
      });
    }
  }
}

/** A target under an open load on the fake clock, behind the limits of a board. */
export interface OverloadRun {
  readonly clock: FakeClock;
  readonly target: OverloadedTarget;
  readonly board: LimitBoard;
  /** Offers `perSecond` calls for a time, whatever becomes of them, and says what became of those. */
  offer(options: {
    readonly perSecond: number;
    readonly forMs: number;
    readonly priority?: () => Priority;
  }): Promise<OverloadResult>;
  /** The adaptive limit as ExplainRoute shows it. */
  limit(): number;
}

export interface OverloadResult extends Counts {
  /** Answers within the callers' time, a second. */
  readonly goodput: number;
}

interface Counts {
  readonly offered: Record<Priority, number>;
  readonly answered: Record<Priority, number>;
  readonly refused: Record<Priority, number>;
  timeouts: number;
}

const system = 'ledger';

/** Sets up a {@link OverloadRun}; callers wait `patienceMs` for their answer. */
export function createOverload(options: {
  readonly seed: number;
  readonly workers: number;
  readonly serviceMs: number;
  readonly slowdownPerWaiting: number;
  readonly patienceMs: number;
  readonly adaptive?: Partial<AdaptiveLimitConfig>;
  readonly concurrency?: Partial<ConcurrencyLimitConfig>;
}): OverloadRun {
  const clock = createFakeClock();
  const random = seededRandom(options.seed);
  const { workers, serviceMs, slowdownPerWaiting } = options;
  const target = new OverloadedTarget({ clock, random, workers, serviceMs, slowdownPerWaiting });
  const { adaptive = {}, concurrency = {} } = options;
  const resolved: ResolvedPolicy = resolvePolicy(
    [policyOf('overload', {}, { limits: { adaptive, concurrency } })],
    {
      ...{
        messageType: '',
        kind: 'REQUEST',
        source: '',
        systemId: system,
        type: undefined,
        capabilities: [],
      },
    },
  );
  const board = new LimitBoard({ clock, targetOf: () => resolved });
  const { signal } = new AbortController();
  /** What ended since the last offer began, whenever it was offered. */
  let counts = emptyCounts();

  const call = async (priority: Priority): Promise<'answered' | 'refused' | 'timeout'> => {
    const deadlineMs = clock.now() + options.patienceMs;
    const entered = board.enter(system, { priority, mayWait: true, deadlineMs, signal });
    const room = entered instanceof Promise ? await entered : entered;
    if (!room.admitted) return 'refused';
    const startMs = clock.now();
    return new Promise((resolve) => {
      let open = true;
      const end = (reason: 'ok' | 'timeout'): void => {
        if (!open) return;
        open = false;
        timer.cancel();
        room.release({ reason, latencyMs: clock.now() - startMs });
        resolve(reason === 'ok' ? 'answered' : 'timeout');
      };
      const timer = clock.after(deadlineMs - startMs, () => end('timeout'));
      target.request(() => end('ok'));
    });
  };

  return {
    clock,
    target,
    board,
    limit: () => board.states(system).find(({ limit }) => limit === 'limits.adaptive')?.maximum ?? NaN,
    async offer({ perSecond, forMs, priority = () => 'NORMAL' }) {
      counts = emptyCounts();
      const endMs = clock.now() + forMs;
      const next = (): void => {
        // A Poisson stream, for which the time between calls is exponential.
        clock.after((-Math.log(1 - random.next()) * 1000) / perSecond, () => {
          if (clock.now() >= endMs) return;
          next();
          const rank = priority();
          counts.offered[rank] += 1;
          void call(rank).then((end) => {
            if (end === 'timeout') counts.timeouts += 1;
            else counts[end][rank] += 1;
          });
        });
      };
      next();
      await clock.advance(forMs);
      const good = Object.values(counts.answered).reduce((sum, count) => sum + count, 0);
      return { ...counts, goodput: (good * 1000) / forMs };
    },
  };
}

function emptyCounts(): Counts {
  const none = { LOW: 0, NORMAL: 0, HIGH: 0, CRITICAL: 0, EMERGENCY: 0 };
  return { offered: { ...none }, answered: { ...none }, refused: { ...none }, timeouts: 0 };
}
