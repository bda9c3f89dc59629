import type { Clock, Timer } from '../base/clock.ts';
import type { BreakerSignal } from './breaker-signal.ts';
import {
  type EjectionRule,
  EjectionPool,
  type PoolChange,
  type PoolEjection,
  type PoolMember,
} from './ejection-pool.ts';
import type { EjectionConfig } from './policy.ts';

export type { EjectionRule, PoolMember } from './ejection-pool.ts';

/** A system that is out of its type's pool for a time. Times are epoch ms. */
export interface Ejection {
  readonly systemId: string;
  readonly type: string;
  readonly rule: EjectionRule;
  /** Why, one line for people. */
  readonly cause: string;
  /** How often it went, less one for each interval without. */
  readonly times: number;
  /** When it went. */
  readonly sinceMs: number;
  /** When it comes back by itself; earlier when the pool shrinks or the settings change. */
  readonly untilMs: number;
}

export interface EjectionBoardOptions {
  readonly clock: Clock;
  /** Asked when a pool is created, and by {@link EjectionBoard.reconfigure}. */
  readonly configOf: (type: string) => EjectionConfig;
  /** All registered systems of a type. */
  readonly membersOf: (type: string) => readonly PoolMember[];
  /** A system went. Must not throw. */
  readonly onEject?: (ejection: Ejection) => void;
  /** A system is back; told of those only that are still registered. Must not throw. */
  readonly onReturn?: (ejection: Ejection) => void;
}

interface Board {
  readonly pool: EjectionPool;
  timer: Timer | undefined;
  /** When the timer fires. */
  timerMs: number;
}

interface Shown {
  readonly ejection: Ejection;
  readonly board: Board;
}

/**
 * Outlier ejection for all types: learns from every attempt and says which systems are out. Bounded by the registered
 * systems: an entry begins with a system's first call, if it is registered, and goes with {@link forget}. Epoch times are
 * for people; what counts is the monotonic clock, so a jump of the wall clock neither holds nor frees a system.
 */
export class EjectionBoard {
  readonly #options: EjectionBoardOptions;
  readonly #boards = new Map<string, Board>();
  /** Which pool a system is in. */
  readonly #places = new Map<string, Board>();
  /** Who is out. */
  readonly #out = new Map<string, Shown>();
  readonly #now: () => number;
  /** Runs when the registered systems have changed and somebody is out. */
  #resizing: Timer | undefined;

  constructor(options: EjectionBoardOptions) {
    this.#options = options;
    this.#now = () => options.clock.monotonic();
  }

  /** Takes in how an attempt ended; `type` is the system's. On the path of every attempt. */
  record(systemId: string, type: string, signal: BreakerSignal): void {
    if (signal === 'ignored') return;
    let board = this.#places.get(systemId);
    if (board?.pool.type !== type) {
      board = this.#join(systemId, type);
      if (board === undefined) return;
    }
    if (board.pool.isOff) return;
    this.#apply(board, board.pool.record(systemId, signal, this.#now));
    if (board.timer === undefined) this.#arm(board);
  }

  /** Until when a system is out, epoch ms; undefined: it is not. On the path of every message. */
  ejectedUntilMs(systemId: string): number | undefined {
    return this.#out.size === 0 ? undefined : this.#out.get(systemId)?.ejection.untilMs;
  }

  /** Everybody who is out, in the order in which they went. */
  list(): readonly Ejection[] {
    return [...this.#out.values()].map(({ ejection }) => ejection);
  }

  /** Systems that are out. */
  get size(): number {
    return this.#out.size;
  }

  /** Takes the settings of every type afresh: for when policies changed. */
  reconfigure(): void {
    for (const board of this.#boards.values()) {
      const config = this.#options.configOf(board.pool.type);
      this.#apply(board, board.pool.configure(config, this.#now()));
      for (const { systemId } of board.pool.ejections()) this.#show(board, systemId);
      this.#arm(board);
    }
  }

  /**
   * Systems were registered, removed, or took another type: where too many are out now, some come back. At the next turn
   * of the clock, once for all changes until then.
   */
  membersChanged(): void {
    if (this.#out.size === 0) return;
    this.#resizing ??= this.#options.clock.after(0, () => {
      this.#resizing = undefined;
      for (const board of new Set([...this.#out.values()].map((shown) => shown.board))) this.#resize(board);
    });
  }

  /** Forgets a system that is no longer registered. */
  forget(systemId: string): void {
    const board = this.#places.get(systemId);
    if (board !== undefined) this.#leave(systemId, board);
    this.membersChanged();
  }

  /** Stops the timers. */
  close(): void {
    this.#resizing?.cancel();
    for (const { timer } of this.#boards.values()) timer?.cancel();
    this.#boards.clear();
    this.#places.clear();
    this.#out.clear();
  }

  /** Puts a system into the pool of its type; undefined when it is not registered there (any more). */
  #join(systemId: string, type: string): Board | undefined {
    const previous = this.#places.get(systemId);
    if (previous !== undefined) this.#leave(systemId, previous);
    const { configOf, membersOf } = this.#options;
    if (!membersOf(type).some((member) => member.systemId === systemId)) return undefined;
    let board = this.#boards.get(type);
    if (board === undefined) {
      const pool = new EjectionPool(type, configOf(type), () => membersOf(type));
      board = { pool, timer: undefined, timerMs: Infinity };
      this.#boards.set(type, board);
    }
    board.pool.enter(systemId);
    this.#places.set(systemId, board);
    return board;
  }

  #leave(systemId: string, board: Board): void {
    this.#places.delete(systemId);
    this.#out.delete(systemId);
    board.pool.forget(systemId);
    if (board.pool.size > 0) return;
    board.timer?.cancel();
    this.#boards.delete(board.pool.type);
  }

  #resize(board: Board): void {
    const { type } = board.pool;
    const members = new Set(this.#options.membersOf(type).map(({ systemId }) => systemId));
    for (const { systemId } of [...board.pool.ejections()])
      if (!members.has(systemId)) this.#leave(systemId, board);
    this.#apply(board, board.pool.resize());
    this.#arm(board);
  }

  #apply(board: Board, { ejected, returned }: PoolChange): void {
    for (const { systemId } of returned) {
      const shown = this.#out.get(systemId);
      this.#out.delete(systemId);
      if (shown !== undefined) this.#options.onReturn?.(shown.ejection);
    }
    for (const { systemId } of ejected) {
      const ejection = this.#show(board, systemId);
      if (ejection !== undefined) this.#options.onEject?.(ejection);
    }
    if (ejected.length > 0) this.#arm(board);
  }

  /** Notes who is out, in epoch time. */
  #show(board: Board, systemId: string): Ejection | undefined {
    const out: PoolEjection | undefined = board.pool.ejectionOf(systemId);
    if (out === undefined) return undefined;
    const { rule, cause, times } = out;
    const offsetMs = this.#options.clock.now() - this.#now();
    const ejection: Ejection = {
      systemId,
      type: board.pool.type,
      rule,
      cause,
      times,
      sinceMs: Math.round(out.sinceMs + offsetMs),
      untilMs: Math.round(out.untilMs + offsetMs),
    };
    this.#out.set(systemId, { ejection, board });
    return ejection;
  }

  /** Sets the pool's timer to when it next has something to do. */
  #arm(board: Board): void {
    const nextMs = board.pool.nextMs ?? Infinity;
    if (board.timer !== undefined && board.timerMs === nextMs) return;
    board.timer?.cancel();
    board.timer = undefined;
    board.timerMs = nextMs;
    if (nextMs === Infinity) return;
    board.timer = this.#options.clock.after(nextMs - this.#now(), () => {
      board.timer = undefined;
      this.#apply(board, board.pool.pass(this.#now()));
      this.#arm(board);
    });
  }
}
