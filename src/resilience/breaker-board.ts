import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Feed } from '../base/feed.ts';
import { breakerTypesMax, EndpointBreakers } from './breaker-endpoint.ts';
import { BreakerHistory, type BreakerTransition } from './breaker-history.ts';
import { type BreakerKey, breakerKeyToString } from './breaker-key.ts';
import type { BreakerSnapshot, PublishedBreaker } from './breaker-published.ts';
import type { ForcedKind } from './breaker-state.ts';
import type { BreakerPermit, BreakerRefusal } from './circuit-breaker.ts';
import { type EndpointKey, EndpointMap } from './endpoint-map.ts';
import { ForcedBreakerBook } from './forced-breaker-book.ts';
import type { ForcedBreaker, ForcedBreakers } from './forced-breakers.ts';
import type { BreakerConfig } from './policy.ts';

export type { BreakerSnapshot } from './breaker-published.ts';

export interface BreakerBoardOptions {
  readonly clock: Clock;
  /** Gets each state change under {@link breakerKeyToString} of its key. */
  readonly feed: Feed<BreakerSnapshot>;
  readonly forced: ForcedBreakers;
  /** Asked when a breaker is created, by {@link BreakerBoard.ensure}, and by {@link BreakerBoard.reconfigure}. */
  readonly configOf: (key: EndpointKey) => BreakerConfig;
  /** Told when an expired forced state could not be removed from the store. Harmless: the next start drops it. */
  readonly onFault: (error: unknown) => void;
  /** Told of every change of a breaker's state, at once. Must not throw. */
  readonly onTransition?: (transition: Pick<BreakerTransition, keyof BreakerKey | 'from' | 'to'>) => void;
}

/** A breaker as a person names it: of one message type, or that of an interface with those of all its types. */
export type NamedBreaker = EndpointKey & { readonly messageType?: string };

/** How a person steers a breaker. */
export interface ForceOptions {
  /** Default FORCED_OPEN. */
  readonly state?: ForcedKind;
  /** For how long, in ms, more than 0; undefined: until it is reset. */
  readonly forMs?: number;
  readonly cause: string;
}

/** Longest cause given by a person that is kept, in UTF-16 units: 500 characters of two each, and who gave it. */
export const forcedCauseCharsMax = 1200;

/**
 * The breakers of all endpoints: one for each, and with the scope MESSAGE_TYPE one for each message type on it besides.
 * An endpoint's is created when the endpoint appears ({@link ensure}) or is first called, a type's with the first message
 * of that type; both go with the endpoint ({@link forget}), which bounds the board by the registry. Times given out are
 * epoch ms.
 */
export class BreakerBoard {
  /** The last changes of state of all breakers. */
  readonly history = new BreakerHistory();
  readonly #options: BreakerBoardOptions;
  readonly #endpoints = new EndpointMap<EndpointBreakers>();
  readonly #forced: ForcedBreakerBook;

  constructor(options: BreakerBoardOptions) {
    this.#options = options;
    const { clock, forced: store, onFault } = options;
    this.#forced = new ForcedBreakerBook({ clock, store, onFault });
  }

  /** Reads the forced states, and applies each to its breaker now or once its endpoint appears. Call once, at the start. */
  async load(): Promise<void> {
    await this.#forced.load();
    for (const endpoint of this.#endpoints.values()) endpoint.applyForced();
  }

  /** Makes sure that the endpoint has a breaker, with the settings that hold now. */
  ensure(key: EndpointKey): void {
    const endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) this.#create(key);
    else endpoint.configure(this.#options.configOf(endpoint.key));
  }

  /** Takes the settings of every breaker afresh: for when policies changed. */
  reconfigure(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.configure(this.#options.configOf(endpoint.key));
  }

  /** Removes the breakers of an endpoint that is no longer registered. Forced states stay, for when it comes back. */
  forget(key: EndpointKey): void {
    const endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) return;
    this.#endpoints.delete(key);
    endpoint.remove();
    this.#forced.bound((forced) => this.#endpoints.get(forced) !== undefined);
  }

  /**
   * Lets a call to the endpoint through, or says why not and until when. The permit must be settled. `callMs` is the
   * longest that the call may take: a trial that is never settled keeps its slot that long, or for the breaker's
   * `openForMs` if that is longer.
   */
  acquire(key: EndpointKey, messageType: string, callMs = 0): BreakerPermit | BreakerRefusal {
    return (this.#endpoints.get(key) ?? this.#create(key)).acquire(messageType, callMs);
  }

  /** What {@link acquire} would refuse with; undefined when it would let a call through. Takes and changes nothing. */
  peek(key: EndpointKey, messageType: string): BreakerRefusal | undefined {
    return this.#endpoints.get(key)?.met(messageType)?.peek();
  }

  /** The breaker of an interface, or of one message type on it, as it is now; undefined when there is none. */
  get(key: EndpointKey, messageType = ''): BreakerSnapshot | undefined {
    return this.#endpoints.get(key)?.named(messageType)[0]?.snapshot();
  }

  /** The breaker that a message of this type would meet, as it is now; undefined when it would meet a new one. */
  met(key: EndpointKey, messageType: string): BreakerSnapshot | undefined {
    return this.#endpoints.get(key)?.met(messageType)?.snapshot();
  }

  /** The breakers of an interface as they are now, its own first; only that of a type when one is named. Throws BREAKER_NOT_FOUND. */
  of(named: NamedBreaker): readonly BreakerSnapshot[] {
    const found = this.#require(named).named(named.messageType ?? '');
    if (found.length === 0) throw breakerNotFound(named);
    return found.map((breaker) => breaker.snapshot());
  }

  /** Throws BREAKER_NOT_FOUND where {@link trip} would. */
  requireTrippable(named: NamedBreaker): void {
    if (!this.#require(named).mayHave(named.messageType ?? '')) throw breakerNotFound(named);
  }

  /** All breakers as they are now, those of one system together. */
  list(): BreakerSnapshot[] {
    const all: BreakerSnapshot[] = [];
    for (const endpoint of this.#endpoints.values()) {
      for (const breaker of endpoint.named('')) all.push(breaker.snapshot());
    }
    return all;
  }

  /**
   * Forces the breaker of one message type, or that of an interface and so those of all its types, the ones to come
   * included; durable when it resolves. One that is forced already takes the new state, end and cause. Throws
   * BREAKER_NOT_FOUND, and STORE_UNAVAILABLE having changed nothing.
   */
  trip(named: NamedBreaker, options: ForceOptions): Promise<readonly BreakerSnapshot[]> {
    return this.#forced.inTurn(async () => {
      const key = keyOf(named);
      this.requireTrippable(key);
      const before = this.#require(key);
      const sinceMs = this.#options.clock.now();
      const forced: ForcedBreaker = {
        ...key,
        state: options.state ?? 'FORCED_OPEN',
        cause: options.cause.slice(0, forcedCauseCharsMax),
        sinceMs,
        ...(options.forMs === undefined ? {} : { untilMs: sinceMs + options.forMs }),
      };
      await this.#forced.keep(forced);
      // The endpoint may have gone, or gone and come back, while the store was busy.
      const endpoint = this.#endpoints.get(key) ?? before;
      if (key.messageType !== '') endpoint.ofType(key.messageType);
      const affected = endpoint.named(key.messageType);
      for (const breaker of affected) {
        breaker.force(forced);
        endpoint.dropIfShared(breaker);
      }
      return shownOf(endpoint, affected, key);
    });
  }

  /**
   * Closes the breaker of one message type, or that of an interface and those of all its types, with fresh counts, and
   * forgets their forced states durably. That of a type whose interface is forced goes by that again. Throws
   * BREAKER_NOT_FOUND, and STORE_UNAVAILABLE having changed nothing.
   */
  reset(named: NamedBreaker, options: Pick<ForceOptions, 'cause'>): Promise<readonly BreakerSnapshot[]> {
    return this.#forced.inTurn(async () => {
      const key = keyOf(named);
      const before = this.#require(key);
      if (before.named(key.messageType).length === 0) throw breakerNotFound(key);
      await this.#forced.drop(key.messageType === '' ? this.#forced.keysOf(key) : [key]);
      const endpoint = this.#endpoints.get(key) ?? before;
      const affected = endpoint.named(key.messageType);
      const cause = options.cause.slice(0, forcedCauseCharsMax);
      for (const breaker of affected) {
        const forced = this.#forced.inForce(breaker.key);
        if (forced === undefined) breaker.reset(cause);
        else breaker.force(forced);
      }
      return shownOf(endpoint, affected, key);
    });
  }

  /** Stops the timers and waits for durable changes that were begun. */
  async close(): Promise<void> {
    for (const endpoint of this.#endpoints.values()) endpoint.close();
    await this.#forced.close();
  }

  #create({ systemId, interface: name }: EndpointKey): EndpointBreakers {
    const { clock, feed, configOf, onTransition } = this.#options;
    const key = { systemId, interface: name, messageType: '' };
    const endpoint = new EndpointBreakers({
      clock,
      key,
      config: configOf(key),
      forced: this.#forced,
      publish: (snapshot, from) => {
        feed.set(breakerKeyToString(snapshot), snapshot);
        const { messageType, state, cause } = snapshot;
        // A breaker that is new, or is forced from the start, has not changed, and neither has one that was closed anew.
        if (from === undefined || (from === state && state === 'CLOSED')) return;
        const transition = { systemId, interface: name, messageType, from, to: state };
        this.history.record({ ...transition, timeMs: clock.now(), cause });
        onTransition?.(transition);
      },
      withdraw: (gone) => feed.delete(breakerKeyToString(gone)),
    });
    this.#endpoints.set(key, endpoint);
    return endpoint;
  }

  #require(named: NamedBreaker): EndpointBreakers {
    const endpoint = this.#endpoints.get(named);
    if (endpoint === undefined) throw breakerNotFound({ ...keyOf(named), messageType: '' });
    return endpoint;
  }
}

/** The error for a breaker that nobody has. */
export function breakerNotFound(named: NamedBreaker): HubError {
  const { systemId, interface: name, messageType = '' } = named;
  return new HubError({
    reason: 'BREAKER_NOT_FOUND',
    message:
      messageType === ''
        ? `There is no breaker for interface "${name}" of system "${systemId}"; list the breakers to see which there are.`
        : `The message type "${messageType}" has no breaker of its own on interface "${name}" of system "${systemId}": types have one only where a policy says \`breaker.scope: MESSAGE_TYPE\`, at most ${breakerTypesMax} an interface, each from its first message on. Leave the type out, or list the breakers to see which there are.`,
    metadata: {
      system_id: systemId,
      interface: name,
      ...(messageType === '' ? {} : { message_type: messageType }),
    },
    resource: { type: 'breaker', name: breakerKeyToString(keyOf(named)) },
  });
}

function keyOf({ systemId, interface: name, messageType = '' }: NamedBreaker): BreakerKey {
  return { systemId, interface: name, messageType };
}

/** Breakers as they are now: of a whole endpoint those that it still has, since one that was forced may have gone. */
function shownOf(
  endpoint: EndpointBreakers,
  breakers: readonly PublishedBreaker[],
  { messageType }: BreakerKey,
): readonly BreakerSnapshot[] {
  const kept = messageType === '' ? endpoint.named('') : breakers;
  return breakers.filter((breaker) => kept.includes(breaker)).map((breaker) => breaker.snapshot());
}
