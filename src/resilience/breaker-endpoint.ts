import type { Clock } from '../base/clock.ts';
import type { BreakerKey } from './breaker-key.ts';
import { type BreakerSnapshot, PublishedBreaker } from './breaker-published.ts';
import type { BreakerPermit, BreakerRefusal } from './circuit-breaker.ts';
import type { ForcedBreakerBook } from './forced-breaker-book.ts';
import type { ForcedBreaker } from './forced-breakers.ts';
import type { BreakerConfig } from './policy.ts';

export interface EndpointBreakersOptions {
  readonly clock: Clock;
  /** Of the interface's own breaker. */
  readonly key: BreakerKey;
  readonly config: BreakerConfig;
  readonly forced: ForcedBreakerBook;
  /** Called with each new breaker and each new state; `from` is undefined for a new breaker. */
  readonly publish: (snapshot: BreakerSnapshot, from: BreakerSnapshot['state'] | undefined) => void;
  /** Called with each breaker that goes. */
  readonly withdraw: (key: BreakerKey) => void;
}

/** Message types of an interface that have a breaker of their own; further ones share the interface's. */
export const breakerTypesMax = 100;

/**
 * The breakers of one endpoint: its own, and with the scope MESSAGE_TYPE one for each message type besides, from its
 * first message on. Whatever the scope is, a type with a forced state has its breaker.
 */
export class EndpointBreakers {
  readonly key: BreakerKey;
  readonly #options: EndpointBreakersOptions;
  #config: BreakerConfig;
  readonly #own: PublishedBreaker;
  /** By message type. Undefined where all types share the interface's own, so that a call costs one look. */
  #types: Map<string, PublishedBreaker> | undefined;

  constructor(options: EndpointBreakersOptions) {
    this.#options = options;
    this.key = options.key;
    this.#config = options.config;
    this.#own = this.#create(options.key);
    if (this.#config.scope === 'MESSAGE_TYPE') this.#types = new Map();
    this.#ensureForced();
  }

  /** Lets a call through, or says why not and until when. */
  acquire(messageType: string, callMs: number): BreakerPermit | BreakerRefusal {
    if (this.#types === undefined) return this.#own.acquire(callMs);
    return (this.ofType(messageType) ?? this.#own).acquire(callMs);
  }

  /** The breaker that a message of this type meets; undefined: a new one, that lets it through. */
  met(messageType: string): PublishedBreaker | undefined {
    if (this.#types === undefined) return this.#own;
    const ofType = this.#types.get(messageType);
    if (ofType !== undefined || !this.mayHave(messageType)) return ofType ?? this.#own;
    // A new one begins in the forced state of its interface.
    return this.#options.forced.get(this.key) === undefined ? undefined : this.#own;
  }

  /** The breaker of a message type, created if need be; undefined where the type shares the interface's own. */
  ofType(messageType: string): PublishedBreaker | undefined {
    const known = this.#types?.get(messageType);
    return known ?? (this.mayHave(messageType) ? this.#add(messageType) : undefined);
  }

  /** Whether a message type has, or would get, a breaker of its own; the interface (the empty one) has. */
  mayHave(messageType: string): boolean {
    if (messageType === '' || this.#types?.has(messageType) === true) return true;
    return this.#config.scope === 'MESSAGE_TYPE' && (this.#types?.size ?? 0) < breakerTypesMax;
  }

  /** The breaker of one message type, if there is one; of the interface (the empty one) all, its own first. */
  named(messageType: string): readonly PublishedBreaker[] {
    if (messageType === '') return [this.#own, ...(this.#types?.values() ?? [])];
    const breaker = this.#types?.get(messageType);
    return breaker === undefined ? [] : [breaker];
  }

  /** Brings the breakers that have a forced state into it, for when the forced states were read. */
  applyForced(): void {
    this.#ensureForced();
    for (const breaker of this.named('')) {
      const forced = this.#options.forced.inForce(breaker.key);
      if (forced !== undefined) breaker.force(forced);
    }
  }

  /** Takes other settings from now on. With another scope all counts begin afresh; what was forced stays. */
  configure(config: BreakerConfig): void {
    const before = this.#config.scope;
    const { scope } = config;
    this.#config = config;
    for (const breaker of this.named('')) breaker.configure(config);
    if (scope === before) return;
    if (scope === 'MESSAGE_TYPE') this.#types ??= new Map();
    else for (const breaker of this.named('')) this.dropIfShared(breaker);
    if (this.#own.state === 'OPEN' || this.#own.state === 'HALF_OPEN') {
      const whose = scope === 'MESSAGE_TYPE' ? 'each message type' : 'the whole interface';
      this.#own.reset(`${whose} has a breaker of its own from now on`);
    }
  }

  /** Removes the breaker of a type that shares its interface's own, and is not kept by a forced state. */
  dropIfShared(breaker: PublishedBreaker): void {
    const { key } = breaker;
    if (this.#types === undefined || this.#config.scope === 'MESSAGE_TYPE' || key.messageType === '') return;
    if (this.#options.forced.get(key) !== undefined || !this.#types.delete(key.messageType)) return;
    this.#withdraw(breaker);
    if (this.#types.size === 0) this.#types = undefined;
  }

  /** Stops the timers; nobody hears of these breakers any more. */
  close(): void {
    for (const breaker of this.named('')) breaker.remove();
  }

  /** Removes all of them. */
  remove(): void {
    for (const breaker of this.named('')) this.#withdraw(breaker);
  }

  #ensureForced(): void {
    const { forced } = this.#options;
    for (const key of forced.keysOf(this.key)) {
      if (key.messageType === '' || this.#types?.has(key.messageType) === true) continue;
      if (forced.get(key) !== undefined) this.#add(key.messageType);
    }
  }

  #add(messageType: string): PublishedBreaker {
    const breaker = this.#create({ ...this.key, messageType });
    (this.#types ??= new Map()).set(messageType, breaker);
    return breaker;
  }

  #create(key: BreakerKey): PublishedBreaker {
    const { clock, forced, publish } = this.#options;
    const breaker = new PublishedBreaker({
      clock,
      key,
      config: this.#config,
      forced: forced.inForce(key),
      onChange: publish,
      onForcedEnd: (ended, state) => this.#forcedEnded(ended, state),
    });
    publish(breaker.snapshot(), undefined);
    return breaker;
  }

  #forcedEnded(breaker: PublishedBreaker, ended: ForcedBreaker): void {
    const { forced } = this.#options;
    const { key } = breaker;
    if (ended.messageType === key.messageType) forced.forget(ended);
    if (key.messageType === '') {
      this.#closeUnused();
      return;
    }
    const rest = forced.inForce(key);
    // The same one has not ended on the wall clock yet, which may have been set back: its breaker's time is over.
    if (rest === undefined || rest === ended) this.dropIfShared(breaker);
    else breaker.force(rest);
  }

  /** Where every message type has a breaker of its own, no call would ever try out the interface's. */
  #closeUnused(): void {
    const isUnused = this.#config.scope === 'MESSAGE_TYPE' && (this.#types?.size ?? 0) < breakerTypesMax;
    if (!isUnused || this.#own.state !== 'HALF_OPEN') return;
    this.#own.reset('the time of being forced open is over, and each message type is tried out by itself');
  }

  #withdraw(breaker: PublishedBreaker): void {
    breaker.remove();
    this.#options.withdraw(breaker.key);
  }
}
