import type { Clock, Timer } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Feed } from '../base/feed.ts';
import { type BreakerState, failuresOf } from './breaker-state.ts';
import { type BreakerPermit, type BreakerRefusal, CircuitBreaker } from './circuit-breaker.ts';
import { type EndpointKey, endpointKeyToString, EndpointMap } from './endpoint-map.ts';
import type { ForcedBreaker, ForcedBreakers } from './forced-breakers.ts';
import type { BreakerConfig } from './policy.ts';

/** What watchers and lists see of a breaker. */
export interface BreakerSnapshot extends EndpointKey {
  readonly state: BreakerState['kind'];
  /** When it entered this state, epoch ms. */
  readonly stateTimeMs: number;
  /** Failed calls in the window while CLOSED, else when it left CLOSED. Not published by itself, only with a state. */
  readonly failures: number;
  /** When OPEN or FORCED_OPEN ends by itself, epoch ms; undefined: not by itself. */
  readonly openUntilMs?: number;
  /** Why it is in this state, one line for people; empty for a new breaker. */
  readonly cause: string;
}

export interface BreakerBoardOptions {
  readonly clock: Clock;
  /** Gets each state change under {@link endpointKeyToString} of its key. */
  readonly feed: Feed<BreakerSnapshot>;
  readonly forced: ForcedBreakers;
  /** Asked when a breaker is created, by {@link BreakerBoard.ensure}, and by {@link BreakerBoard.reconfigure}. */
  readonly configOf: (key: EndpointKey) => BreakerConfig;
  /** Told when an expired forced state could not be removed from the store. Harmless: the next start drops it. */
  readonly onFault: (error: unknown) => void;
}

/** Longest cause given by a person that is kept, in UTF-16 units: 500 characters of two each, and who gave it. */
export const forcedCauseCharsMax = 1200;

/** Forced states that are kept for endpoints that are not registered; the oldest beyond that are forgotten. */
export const unregisteredForcedMax = 1000;

interface Entry {
  readonly key: EndpointKey;
  readonly breaker: CircuitBreaker;
  stateTimeMs: number;
  openUntilMs: number | undefined;
  timer: Timer | undefined;
}

/**
 * The breakers of all endpoints. One is created when its endpoint appears ({@link ensure}) or is first called, and
 * goes when the endpoint does ({@link retain}), which bounds the board by the registry. Times given out are epoch ms;
 * inside it counts on the monotonic clock, so a jump of the wall clock neither opens nor holds a breaker.
 */
export class BreakerBoard {
  readonly #options: BreakerBoardOptions;
  readonly #entries = new EndpointMap<Entry>();
  readonly #forced = new EndpointMap<ForcedBreaker>();
  /** Ends when the last durable change has; they run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: BreakerBoardOptions) {
    this.#options = options;
  }

  /** Reads the forced states, and applies each to its breaker now or once its endpoint appears. Call once, at the start. */
  async load(): Promise<void> {
    for (const forced of await this.#options.forced.load()) {
      this.#forced.set(forced, forced);
      if (this.#dropIfExpired(forced)) continue;
      const entry = this.#entries.get(forced);
      if (entry !== undefined) this.#force(entry, forced);
    }
  }

  /** Makes sure that the endpoint has a breaker, with the settings that hold now. */
  ensure(key: EndpointKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#create(key);
    else entry.breaker.configure(this.#options.configOf(entry.key));
  }

  /** Takes the settings of every breaker afresh: for when policies changed. */
  reconfigure(): void {
    for (const { key, breaker } of this.#entries.values()) breaker.configure(this.#options.configOf(key));
  }

  /** Removes the breakers of all endpoints but these. A forced state stays, for when its endpoint comes back. */
  retain(keys: Iterable<EndpointKey>): void {
    for (const entry of this.#entries.retain(keys)) this.#removed(entry);
    this.#boundOrphans();
  }

  /** Removes the breaker of an endpoint that is no longer registered. A forced state stays, for when it comes back. */
  forget(key: EndpointKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#removed(entry);
    this.#boundOrphans();
  }

  /** Lets a call to the endpoint through, or says why not and until when. The permit must be settled. */
  acquire(key: EndpointKey): BreakerPermit | BreakerRefusal {
    return (this.#entries.get(key) ?? this.#create(key)).breaker.acquire();
  }

  /** What {@link acquire} would refuse with; undefined when it would let a call through. Takes and changes nothing. */
  peek(key: EndpointKey): BreakerRefusal | undefined {
    return this.#entries.get(key)?.breaker.peek();
  }

  /** The breaker as it is now; undefined when the endpoint has none. */
  get(key: EndpointKey): BreakerSnapshot | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.#fresh(entry);
  }

  /** All breakers as they are now, those of one system together. */
  list(): BreakerSnapshot[] {
    return [...this.#entries.values()].map((entry) => this.#fresh(entry));
  }

  /**
   * Forces the breaker open, for `forMs` (more than 0) or until it is reset; durable when it resolves. One that is
   * forced already takes the new end and cause. Throws BREAKER_NOT_FOUND, and STORE_UNAVAILABLE having changed nothing.
   */
  trip(
    key: EndpointKey,
    options: { readonly forMs?: number; readonly cause: string },
  ): Promise<BreakerSnapshot> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(key);
      if (entry === undefined) throw breakerNotFound(key);
      const sinceMs = this.#options.clock.now();
      const forced: ForcedBreaker = {
        ...entry.key,
        cause: options.cause.slice(0, forcedCauseCharsMax),
        sinceMs,
        ...(options.forMs === undefined ? {} : { untilMs: sinceMs + options.forMs }),
      };
      await this.#options.forced.save(forced);
      this.#forced.set(forced, forced);
      // The endpoint may have gone, or gone and come back, while the store was busy.
      const current = this.#entries.get(key) ?? entry;
      this.#force(current, forced);
      return this.#snapshot(current);
    });
  }

  /**
   * Closes the breaker with fresh counts, whatever its state, and forgets a forced state durably. Throws
   * BREAKER_NOT_FOUND, and STORE_UNAVAILABLE having changed nothing.
   */
  reset(key: EndpointKey, options: { readonly cause: string }): Promise<BreakerSnapshot> {
    return this.#inTurn(async () => {
      const entry = this.#entries.get(key);
      if (entry === undefined) throw breakerNotFound(key);
      if (this.#forced.get(key) !== undefined) {
        await this.#options.forced.remove(key);
        this.#forced.delete(key);
      }
      const current = this.#entries.get(key) ?? entry;
      const cause = options.cause.slice(0, forcedCauseCharsMax);
      current.breaker.apply({ type: 'reset', atMs: this.#options.clock.monotonic(), cause });
      return this.#snapshot(current);
    });
  }

  /** Stops the timers and waits for durable changes that were begun. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) entry.timer?.cancel();
    await this.#tail;
  }

  #create(endpoint: EndpointKey): Entry {
    const { clock, feed, configOf } = this.#options;
    const key = { systemId: endpoint.systemId, interface: endpoint.interface };
    const entry: Entry = {
      key,
      breaker: new CircuitBreaker({
        clock,
        config: configOf(key),
        onChange: (state) => this.#changed(entry, state),
      }),
      stateTimeMs: clock.now(),
      openUntilMs: undefined,
      timer: undefined,
    };
    this.#entries.set(key, entry);
    const forced = this.#forced.get(key);
    if (forced !== undefined && !this.#dropIfExpired(forced)) this.#force(entry, forced);
    else feed.set(endpointKeyToString(key), this.#snapshot(entry));
    return entry;
  }

  #force({ breaker }: Entry, { untilMs, cause }: ForcedBreaker): void {
    const atMs = this.#options.clock.monotonic();
    const leftMs = untilMs === undefined ? Infinity : untilMs - this.#options.clock.now();
    breaker.apply({ type: 'trip', atMs, untilMs: atMs + leftMs, cause });
  }

  /** Follows a new state: remembers its times, sets the timer that ends it, and publishes it. */
  #changed(entry: Entry, state: BreakerState): void {
    // A breaker that was removed may still hear from calls that were in flight.
    if (this.#entries.get(entry.key) !== entry) return;
    const { clock, feed } = this.#options;
    const forced = this.#forced.get(entry.key);
    if (forced !== undefined && state.kind !== 'FORCED_OPEN') this.#forget(forced);
    const nowMs = clock.now();
    const { nextChangeMs } = entry.breaker;
    if (state.kind === 'FORCED_OPEN' && forced !== undefined) {
      // As it was given: the same before and after a restart, which times from two clocks would not be.
      entry.stateTimeMs = forced.sinceMs;
      entry.openUntilMs = forced.untilMs;
    } else {
      entry.stateTimeMs = nowMs;
      entry.openUntilMs =
        nextChangeMs === Infinity ? undefined : Math.round(nowMs + nextChangeMs - clock.monotonic());
    }
    this.#arm(entry);
    feed.set(endpointKeyToString(entry.key), this.#snapshot(entry));
  }

  #arm(entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    const { clock } = this.#options;
    const { nextChangeMs } = entry.breaker;
    if (nextChangeMs === Infinity) return;
    entry.timer = clock.after(nextChangeMs - clock.monotonic(), () => {
      const before = entry.breaker.state;
      entry.breaker.refresh();
      // A timer may fire a little early, or be cut to the longest that there is.
      if (entry.breaker.state === before) this.#arm(entry);
    });
  }

  #dropIfExpired(forced: ForcedBreaker): boolean {
    if (forced.untilMs === undefined || forced.untilMs > this.#options.clock.now()) return false;
    this.#forget(forced);
    return true;
  }

  #removed(entry: Entry): void {
    entry.timer?.cancel();
    this.#options.feed.delete(endpointKeyToString(entry.key));
  }

  /** Keeps the newest {@link unregisteredForcedMax} forced states of endpoints that are not registered. */
  #boundOrphans(): void {
    if (this.#forced.size <= unregisteredForcedMax) return;
    const orphans = [...this.#forced.values()].filter((forced) => this.#entries.get(forced) === undefined);
    orphans.sort((a, b) => b.sinceMs - a.sinceMs);
    for (const forced of orphans.slice(unregisteredForcedMax)) this.#forget(forced);
  }

  /** Forgets a forced state that has ended; nobody waits for the store. */
  #forget(forced: ForcedBreaker): void {
    this.#forced.delete(forced);
    this.#inTurn(async () => {
      // Forced anew meanwhile: that row must stay.
      if (this.#forced.get(forced) === undefined) await this.#options.forced.remove(forced);
    }).catch(this.#options.onFault);
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(operation);
    // The next one waits for this one whatever becomes of it; its own caller hears of a failure.
    this.#tail = run.catch(() => undefined);
    return run;
  }

  #fresh(entry: Entry): BreakerSnapshot {
    entry.breaker.refresh();
    return this.#snapshot(entry);
  }

  #snapshot({ key, breaker, stateTimeMs, openUntilMs }: Entry): BreakerSnapshot {
    const { state } = breaker;
    return {
      ...key,
      state: state.kind,
      stateTimeMs,
      failures: failuresOf(state),
      ...(openUntilMs === undefined ? {} : { openUntilMs }),
      cause: state.cause,
    };
  }
}

/** The error for an interface that nobody has. */
export function breakerNotFound(key: EndpointKey): HubError {
  return new HubError({
    reason: 'BREAKER_NOT_FOUND',
    message: `There is no breaker for interface "${key.interface}" of system "${key.systemId}"; list the breakers to see which there are.`,
    metadata: { system_id: key.systemId, interface: key.interface },
    resource: { type: 'breaker', name: endpointKeyToString(key) },
  });
}
