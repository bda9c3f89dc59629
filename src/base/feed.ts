import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { HubError } from './error.ts';
import { createId } from './id.ts';

/** What a watcher sees. Only bookmarks carry a token; it means "everything before this was sent". */
export type FeedEvent<T> =
  | { readonly kind: 'snapshot'; readonly items: readonly T[]; readonly last: boolean }
  | { readonly kind: 'update'; readonly items: readonly T[] }
  | { readonly kind: 'removed'; readonly ids: readonly string[] }
  | { readonly kind: 'bookmark'; readonly resumeToken: string }
  | { readonly kind: 'reset' };

export interface FeedFilter<T> {
  /** Identifies the filter: a resume token is good for the same filter only. */
  readonly key: string;
  matches(item: T): boolean;
}

export interface FeedOptions {
  readonly clock: Clock;
  /** Items of one snapshot or update event; default 500. */
  readonly itemsPerEventMax?: number;
  /** Time between bookmarks of an idle watcher; default 10 s. */
  readonly bookmarkMs?: number;
  /** A watcher that takes nothing of what it was handed for this long is ended; default 60 s. */
  readonly stallMs?: number;
  /** Deleted keys that are remembered for resuming watchers; default 10,000. Older tokens get `reset`. */
  readonly tombstonesMax?: number;
  /** Watchers at the same time; default 10,000. One more is CONCURRENCY_LIMITED. */
  readonly watchersMax?: number;
}

export interface WatchOptions<T> {
  readonly filter?: FeedFilter<T> | undefined;
  /** From an earlier bookmark of the same filter; empty or undefined starts with a snapshot. */
  readonly resumeToken?: string | undefined;
  readonly signal: AbortSignal;
  /** Called once when the watcher stalled: the consumer is stuck, so the caller must cut its stream. */
  readonly onStall?: ((error: HubError) => void) | undefined;
}

/** What {@link FeedOptions} are when unset. */
export const feedDefaults = {
  itemsPerEventMax: 500,
  bookmarkMs: 10_000,
  stallMs: 60_000,
  tombstonesMax: 10_000,
  watchersMax: 10_000,
} as const;

interface Entry<T> {
  readonly value: T;
  readonly revision: number;
}

/**
 * Latest value by key, watched by many. A watcher keeps a set of changed keys, never a queue of values, so a slow
 * one gets the newest state of each item and its memory is bounded by the number of keys.
 */
export class Feed<T> {
  readonly #options: Required<FeedOptions>;
  /** Names this feed's run: tokens of an earlier process get `reset`. */
  readonly #epoch = createId();
  readonly #entries = new Map<string, Entry<T>>();
  /** Deleted keys and when; oldest first. */
  readonly #tombstones = new Map<string, number>();
  /** Tokens from before this revision cannot be resumed: deletions since then were forgotten. */
  #oldestResumable = 0;
  #revision = 0;
  readonly #watchers = new Set<Watcher<T>>();

  constructor(options: FeedOptions) {
    this.#options = { ...feedDefaults, ...options };
  }

  get size(): number {
    return this.#entries.size;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  /** All current values, in the order in which their keys were first set. */
  *values(): IterableIterator<T> {
    for (const entry of this.#entries.values()) yield entry.value;
  }

  set(key: string, value: T): void {
    this.#revision += 1;
    this.#tombstones.delete(key);
    this.#entries.set(key, { value, revision: this.#revision });
    for (const watcher of this.#watchers) watcher.changed(key);
  }

  /** Removes a key; one that is not there is left alone. */
  delete(key: string): void {
    if (!this.#entries.delete(key)) return;
    this.#revision += 1;
    this.#tombstones.set(key, this.#revision);
    if (this.#tombstones.size > this.#options.tombstonesMax) {
      const [oldest] = this.#tombstones;
      if (oldest !== undefined) {
        this.#tombstones.delete(oldest[0]);
        this.#oldestResumable = oldest[1];
      }
    }
    for (const watcher of this.#watchers) watcher.changed(key);
  }

  /**
   * Streams the feed: a snapshot in pieces (or, with a valid token, only what changed since), then updates,
   * removals and bookmarks until `signal` aborts. Throws CONCURRENCY_LIMITED when there are too many watchers.
   */
  async *watch(options: WatchOptions<T>): AsyncGenerator<FeedEvent<T>, void, undefined> {
    const { clock, watchersMax, stallMs, bookmarkMs, itemsPerEventMax } = this.#options;
    if (this.#watchers.size >= watchersMax) {
      throw new HubError({
        reason: 'CONCURRENCY_LIMITED',
        message: `${watchersMax} watchers are connected already, the most allowed; close some or retry later.`,
        metadata: { limit: String(watchersMax) },
        retryAfterMs: 10_000,
      });
    }
    const { filter } = options;
    const filterKey =
      filter === undefined ? '' : createHash('sha256').update(filter.key).digest('base64url').slice(0, 16);
    const watcher = new Watcher<T>(clock, stallMs, options.onStall);
    const onAbort = (): void => watcher.wake();
    options.signal.addEventListener('abort', onAbort);
    // Registered before the snapshot is taken, so that a change in between is not lost.
    this.#watchers.add(watcher);
    // The keys this watcher holds; needed only to tell it when an item leaves its filter.
    const held = filter === undefined ? undefined : new Set<string>();

    try {
      const resumeFrom = this.#parseToken(options.resumeToken ?? '', filterKey);
      if (resumeFrom === undefined && options.resumeToken) yield watcher.handing({ kind: 'reset' });
      if (resumeFrom === undefined) {
        yield* this.#snapshot(watcher, filter, held);
      } else {
        this.#markChangedSince(resumeFrom, watcher, filter, held);
      }

      for (;;) {
        if (options.signal.aborted || watcher.stalled) return;
        const keys = watcher.take(itemsPerEventMax);
        const items: T[] = [];
        const removed: string[] = [];
        for (const key of keys) {
          const entry = this.#entries.get(key);
          if (entry !== undefined && (filter === undefined || filter.matches(entry.value))) {
            items.push(entry.value);
            held?.add(key);
          } else if (held === undefined || held.delete(key)) {
            removed.push(key);
          }
        }
        if (items.length > 0) yield watcher.handing({ kind: 'update', items });
        if (removed.length > 0) yield watcher.handing({ kind: 'removed', ids: removed });
        if (watcher.pending > 0) continue;
        // Nothing is pending: all before the current revision was sent. No await between this check and the token.
        const bookmarkRevision = this.#revision;
        yield watcher.handing({ kind: 'bookmark', resumeToken: this.#token(bookmarkRevision, filterKey) });
        await watcher.changeOrTimeout(bookmarkMs, options.signal);
      }
    } finally {
      options.signal.removeEventListener('abort', onAbort);
      this.#watchers.delete(watcher);
      watcher.close();
    }
  }

  *#snapshot(
    watcher: Watcher<T>,
    filter: FeedFilter<T> | undefined,
    held: Set<string> | undefined,
  ): Generator<FeedEvent<T>, void, undefined> {
    const { itemsPerEventMax } = this.#options;
    let items: T[] = [];
    // Keys only: values are read when their piece is sent, and what changes meanwhile is marked for an update.
    const keys = [...this.#entries.keys()];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined || (filter !== undefined && !filter.matches(entry.value))) continue;
      items.push(entry.value);
      held?.add(key);
      if (items.length >= itemsPerEventMax) {
        yield watcher.handing({ kind: 'snapshot', items, last: false });
        items = [];
      }
    }
    yield watcher.handing({ kind: 'snapshot', items, last: true });
  }

  #markChangedSince(
    revision: number,
    watcher: Watcher<T>,
    filter: FeedFilter<T> | undefined,
    held: Set<string> | undefined,
  ): void {
    for (const [key, entry] of this.#entries) {
      if (entry.revision > revision) {
        watcher.changed(key);
        // It may have been in the filter when the token was given: if it left, the watcher must hear of it.
        held?.add(key);
      } else if (filter?.matches(entry.value)) {
        held?.add(key);
      }
    }
    for (const [key, deletedAt] of this.#tombstones) {
      if (deletedAt <= revision) continue;
      watcher.changed(key);
      held?.add(key);
    }
  }

  #token(revision: number, filterKey: string): string {
    return Buffer.from(`${this.#epoch}|${revision}|${filterKey}`).toString('base64url');
  }

  /** The revision to resume after, or undefined when the token cannot be resumed. */
  #parseToken(token: string, filterKey: string): number | undefined {
    const [epoch, revisionText, tokenFilterKey] = Buffer.from(token, 'base64url').toString('utf8').split('|');
    if (epoch !== this.#epoch || tokenFilterKey !== filterKey) return undefined;
    const revision = Number(revisionText);
    if (!Number.isSafeInteger(revision) || revision < this.#oldestResumable || revision > this.#revision)
      return undefined;
    return revision;
  }
}

/** The state of one watcher: what it has not seen, and whether it still reads. */
class Watcher<T> {
  readonly #dirty = new Set<string>();
  #wake: (() => void) | undefined;
  /** Runs while an event has been handed out and the consumer has not come back for more. */
  readonly #stallTimer: { cancel(): void };
  #handedAtMs: number | undefined;
  stalled = false;
  readonly #clock: Clock;

  constructor(clock: Clock, stallMs: number, onStall: ((error: HubError) => void) | undefined) {
    this.#clock = clock;
    this.#stallTimer = clock.every(Math.max(1, stallMs / 4), () => {
      if (this.#handedAtMs === undefined || this.stalled) return;
      if (clock.monotonic() - this.#handedAtMs < stallMs) return;
      this.stalled = true;
      onStall?.(
        new HubError({
          reason: 'SLOW_READER',
          message: `The watcher read nothing for ${Math.round(stallMs / 1000)} s, ${this.#dirty.size} changes are waiting; open it again with the last resume token.`,
          metadata: { stall_ms: String(stallMs), pending: String(this.#dirty.size) },
        }),
      );
    });
  }

  get pending(): number {
    return this.#dirty.size;
  }

  changed(key: string): void {
    this.#dirty.add(key);
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  /** Takes up to `count` changed keys, oldest change first. The consumer is back: the stall clock stops. */
  take(count: number): string[] {
    this.#handedAtMs = undefined;
    const keys: string[] = [];
    for (const key of this.#dirty) {
      if (keys.length >= count) break;
      keys.push(key);
      this.#dirty.delete(key);
    }
    return keys;
  }

  /** Notes that `event` goes to the consumer now. */
  handing(event: FeedEvent<T>): FeedEvent<T> {
    this.#handedAtMs = this.#clock.monotonic();
    return event;
  }

  async changeOrTimeout(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#handedAtMs = undefined;
    if (this.#dirty.size > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(timeoutMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  close(): void {
    this.#stallTimer.cancel();
  }
}
