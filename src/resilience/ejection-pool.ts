import type { BreakerSignal } from './breaker-signal.ts';
import { ejectionsAllowed, ejectionTimeMs, type SuccessRate, successRateOutliers } from './ejection-rules.ts';
import type { EjectionConfig } from './policy.ts';

/** What took a system out. */
export type EjectionRule = 'consecutive_failures' | 'success_rate';

/** A registered system of a pool, as it is now. */
export interface PoolMember {
  readonly systemId: string;
  /** Whether routing could use it, its ejection aside: by its status and its breakers. */
  readonly usable: boolean;
}

/** A system that is out. Times are of the pool's clock. */
export interface PoolEjection {
  readonly systemId: string;
  readonly rule: EjectionRule;
  /** Why, one line for people. */
  readonly cause: string;
  /** How often it went, less one for each interval without; the time out grows with it. */
  readonly times: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What a step of a pool changed. */
export interface PoolChange {
  readonly ejected: readonly PoolEjection[];
  readonly returned: readonly PoolEjection[];
}

interface Entry {
  readonly systemId: string;
  /** Of the interval under way. */
  successes: number;
  failures: number;
  /** Failures in a row, up to now. */
  inARow: number;
  times: number;
  out: PoolEjection | undefined;
}

const nothing: PoolChange = { ejected: [], returned: [] };

/**
 * Outlier ejection among the systems of one type: which of them are out, and until when. A pure state machine; times are
 * arguments, in ms of a clock that never goes back. The owner calls {@link pass} when {@link nextMs} has come.
 *
 * Invariants: never more are out than {@link ejectionsAllowed}, so never all of them; a system that goes leaves another
 * one behind that is usable; nobody is out for longer than `maxTimeMs` at a time. What a system does while it is out says
 * nothing: it gets calls only when nobody else is left.
 */
export class EjectionPool {
  readonly type: string;
  readonly #members: () => readonly PoolMember[];
  readonly #entries = new Map<string, Entry>();
  #config: EjectionConfig;
  #out = 0;
  /** When the interval under way ends; undefined while there is nothing to compare, to end or to forget. */
  #intervalEndMs: number | undefined;

  /** `members` lists all registered systems of the type. It is asked only when one is about to go or the pool changed. */
  constructor(type: string, config: EjectionConfig, members: () => readonly PoolMember[]) {
    this.type = type;
    this.#config = config;
    this.#members = members;
  }

  /** Systems that are out. */
  get out(): number {
    return this.#out;
  }

  /** Systems that have entered. */
  get size(): number {
    return this.#entries.size;
  }

  /** When {@link pass} has something to do; undefined: not before the next call. */
  get nextMs(): number | undefined {
    let next = this.#intervalEndMs;
    if (this.#out > 0) {
      for (const { out } of this.#entries.values()) {
        if (out !== undefined && (next === undefined || out.untilMs < next)) next = out.untilMs;
      }
    }
    return next;
  }

  /** The ejection of a system; undefined: it is not out. */
  ejectionOf(systemId: string): PoolEjection | undefined {
    return this.#entries.get(systemId)?.out;
  }

  /** Everybody who is out. */
  *ejections(): IterableIterator<PoolEjection> {
    for (const { out } of this.#entries.values()) if (out !== undefined) yield out;
  }

  /** Whether nothing can take a system out. */
  get isOff(): boolean {
    const { maxShare, consecutiveFailures, deviations } = this.#config;
    return maxShare === 0 || (consecutiveFailures === 0 && deviations === 0);
  }

  /** Adds a registered system; one that is there is left alone. */
  enter(systemId: string): void {
    if (this.#entries.has(systemId)) return;
    this.#entries.set(systemId, { systemId, successes: 0, failures: 0, inARow: 0, times: 0, out: undefined });
  }

  /** Takes in how a call to a system ended that has entered. `now` is asked only when it matters. */
  record(systemId: string, signal: BreakerSignal, now: () => number): PoolChange {
    const entry = this.#entries.get(systemId);
    if (signal === 'ignored' || entry === undefined || entry.out !== undefined) return nothing;
    this.#intervalEndMs ??= now() + this.#config.intervalMs;
    if (signal === 'success') {
      entry.successes += 1;
      entry.inARow = 0;
      return nothing;
    }
    entry.failures += 1;
    entry.inARow += 1;
    const { consecutiveFailures } = this.#config;
    if (consecutiveFailures === 0 || entry.inARow < consecutiveFailures) return nothing;
    const cause = `${entry.inARow} failures in a row`;
    // Where there is no room for it, it takes as many failures again until it is looked at once more.
    entry.inARow = 0;
    const ejection = this.#eject(entry, { rule: 'consecutive_failures', cause, nowMs: now() });
    return ejection === undefined ? nothing : { ejected: [ejection], returned: [] };
  }

  /** Lets time pass: systems whose time is over come back, and an interval that is over is judged. */
  pass(nowMs: number): PoolChange {
    const returned = this.#returnIf(({ untilMs }) => untilMs <= nowMs);
    if (this.#intervalEndMs === undefined || this.#intervalEndMs > nowMs) return { ejected: [], returned };
    const ejected = this.#judge(nowMs);
    let idle = this.#out === 0;
    for (const entry of this.#entries.values()) {
      idle &&= entry.successes + entry.failures === 0;
      entry.successes = 0;
      entry.failures = 0;
      if (entry.out === undefined && entry.times > 0 && !returned.some(isOf(entry))) entry.times -= 1;
      idle &&= entry.times === 0;
    }
    this.#intervalEndMs = idle ? undefined : nowMs + this.#config.intervalMs;
    return { ejected, returned };
  }

  /** Takes other settings. Who is out comes back as early as if they had held when it went: at once when its rule is off. */
  configure(config: EjectionConfig, nowMs: number): PoolChange {
    this.#config = config;
    if (this.#intervalEndMs !== undefined) {
      this.#intervalEndMs = Math.min(this.#intervalEndMs, nowMs + config.intervalMs);
    }
    for (const entry of this.#entries.values()) {
      if (entry.out === undefined) continue;
      const untilMs = entry.out.sinceMs + ejectionTimeMs(config, entry.out.times);
      entry.out = { ...entry.out, untilMs: Math.min(entry.out.untilMs, untilMs) };
    }
    const returned = this.#returnIf(({ untilMs, rule }) => untilMs <= nowMs || isRuleOff(rule, config));
    return { ejected: [], returned: [...returned, ...this.resize().returned] };
  }

  /**
   * Follows a change of the registered systems: when there are fewer, fewer may be out, and those who would be back first
   * come back now.
   */
  resize(): PoolChange {
    if (this.#out === 0) return nothing;
    const allowed = ejectionsAllowed(this.#config.maxShare, this.#members().length);
    if (this.#out <= allowed) return nothing;
    const soonest = [...this.ejections()].sort((a, b) => a.untilMs - b.untilMs);
    const ids = new Set(soonest.slice(0, this.#out - allowed).map(({ systemId }) => systemId));
    return { ejected: [], returned: this.#returnIf(({ systemId }) => ids.has(systemId)) };
  }

  /** Forgets a system that is no longer registered under the type. */
  forget(systemId: string): void {
    if (this.#entries.get(systemId)?.out !== undefined) this.#out -= 1;
    this.#entries.delete(systemId);
  }

  /** Compares the systems by the interval that has ended, and takes outliers out, the worst first. */
  #judge(nowMs: number): readonly PoolEjection[] {
    const { deviations, minimumCalls, minimumSystems } = this.#config;
    if (deviations === 0) return [];
    const rates: SuccessRate[] = [];
    for (const { systemId, successes, failures, out } of this.#entries.values()) {
      const calls = successes + failures;
      if (out === undefined && calls >= minimumCalls) rates.push({ systemId, rate: successes / calls });
    }
    if (rates.length < minimumSystems) return [];
    const { mean, threshold, worst } = successRateOutliers(rates, deviations);
    const ejected: PoolEjection[] = [];
    for (const { systemId, rate } of worst) {
      const entry = this.#entries.get(systemId);
      if (entry === undefined) continue;
      const cause = `success rate ${percent(rate)}, where ${rates.length} systems have ${percent(mean)} on average and ${percent(threshold)} is the least`;
      const ejection = this.#eject(entry, { rule: 'success_rate', cause, nowMs });
      if (ejection === undefined) break;
      ejected.push(ejection);
    }
    return ejected;
  }

  /** Takes a system out, if there is room and another one is left that is usable. */
  #eject(
    entry: Entry,
    { rule, cause, nowMs }: { readonly rule: EjectionRule; readonly cause: string; readonly nowMs: number },
  ): PoolEjection | undefined {
    const { maxShare, baseTimeMs, maxTimeMs } = this.#config;
    const members = this.#members();
    if (this.#out >= ejectionsAllowed(maxShare, members.length)) return undefined;
    const leavesOne = members.some(
      ({ systemId, usable }) =>
        usable && systemId !== entry.systemId && this.#entries.get(systemId)?.out === undefined,
    );
    if (!leavesOne) return undefined;
    // No more than it takes to reach the longest time, so that good conduct shows soon.
    entry.times = Math.min(entry.times + 1, Math.max(1, Math.ceil(maxTimeMs / baseTimeMs)));
    const untilMs = nowMs + ejectionTimeMs(this.#config, entry.times);
    entry.out = { systemId: entry.systemId, rule, cause, times: entry.times, sinceMs: nowMs, untilMs };
    this.#out += 1;
    return entry.out;
  }

  /** Brings back everybody for whom `ends` says so, with fresh counts. */
  #returnIf(ends: (ejection: PoolEjection) => boolean): readonly PoolEjection[] {
    if (this.#out === 0) return [];
    const returned: PoolEjection[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.out === undefined || !ends(entry.out)) continue;
      returned.push(entry.out);
      entry.out = undefined;
      entry.successes = 0;
      entry.failures = 0;
      entry.inARow = 0;
      this.#out -= 1;
    }
    return returned;
  }
}

function isRuleOff(rule: EjectionRule, { consecutiveFailures, deviations }: EjectionConfig): boolean {
  return (rule === 'success_rate' ? deviations : consecutiveFailures) === 0;
}

function isOf(entry: Entry): (ejection: PoolEjection) => boolean {
  return ({ systemId }) => systemId === entry.systemId;
}

function percent(share: number): string {
  return `${(Math.max(0, share) * 100).toFixed(1)} %`;
}
