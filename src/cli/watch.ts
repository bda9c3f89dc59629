import { Code, ConnectError } from '@connectrpc/connect';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import { isPassing } from './failure.ts';

/** The event of any Watch RPC (contract.md, "Watching"). */
export interface WatchResponse<Item> {
  readonly event:
    | { readonly case: 'snapshot'; readonly value: { readonly items: Item[]; readonly last: boolean } }
    | { readonly case: 'update'; readonly value: { readonly items: Item[] } }
    | { readonly case: 'removed'; readonly value: { readonly ids: string[] } }
    | { readonly case: 'bookmark'; readonly value: { readonly resumeToken: string } }
    | { readonly case: 'reset'; readonly value: object }
    | { readonly case: undefined; readonly value?: undefined };
}

/** What a watcher is told. */
export type WatchChange<Item> =
  /** Was there when the watch began. */
  | { readonly kind: 'present'; readonly item: Item }
  /** Is new (`before` undefined) or changed. */
  | { readonly kind: 'changed'; readonly item: Item; readonly before: Item | undefined }
  | { readonly kind: 'removed'; readonly id: string; readonly before: Item | undefined }
  /** The connection broke; the watch goes on as soon as the hub is back. */
  | { readonly kind: 'lost'; readonly message: string }
  /** The hub is back. `continued`: nothing was missed; else the hub starts over and differences follow. */
  | { readonly kind: 'resumed'; readonly continued: boolean };

export interface WatchOptions<Item> {
  /** Opens the stream: with a token to continue, empty to begin. */
  readonly open: (resumeToken: string, signal: AbortSignal) => AsyncIterable<WatchResponse<Item>>;
  readonly idOf: (item: Item) => string;
  readonly onChange: (change: WatchChange<Item>) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long the hub may take for the first event. */
  readonly firstEventMs: number;
}

const firstRetryMs = 250;
const retryMsMax = 5_000;

/**
 * Follows a Watch RPC until `signal` aborts, through losses of the connection: it comes back with the last resume token
 * and tells only what changed, also when the hub has forgotten the token. Holds the newest state of each item, so as
 * many as the registry has. Throws when the hub refuses, or cannot be reached at the very first.
 */
export async function watchChanges<Item>(options: WatchOptions<Item>): Promise<void> {
  const tracker = new Tracker(options);
  let retryMs = firstRetryMs;
  while (!options.signal.aborted) {
    try {
      await followOnce(options, tracker, () => (retryMs = firstRetryMs));
      if (isAborted(options.signal)) return;
      tracker.lost('the hub ended the stream');
    } catch (error) {
      if (isAborted(options.signal)) return;
      if (!tracker.began || !isPassing(error)) throw error;
      tracker.lost(error instanceof ConnectError ? error.rawMessage : messageOf(error));
    }
    await options.clock.sleep(retryMs, options.signal).catch(ignoreAbort);
    retryMs = Math.min(retryMs * 2, retryMsMax);
  }
}

/** One stream from its opening to its end. */
async function followOnce<Item>(
  options: WatchOptions<Item>,
  tracker: Tracker<Item>,
  onFirstEvent: () => void,
): Promise<void> {
  const attempt = new AbortController();
  const late = options.clock.after(options.firstEventMs, () => attempt.abort());
  try {
    const stream = options.open(tracker.resumeToken, AbortSignal.any([options.signal, attempt.signal]));
    for await (const response of stream) {
      late.cancel();
      onFirstEvent();
      tracker.take(response);
    }
  } catch (error) {
    if (attempt.signal.aborted) throw new ConnectError('no answer in time', Code.DeadlineExceeded);
    throw error;
  } finally {
    late.cancel();
  }
}

/** Turns the events of one stream after the other into changes. */
class Tracker<Item> {
  readonly #options: WatchOptions<Item>;
  readonly #known = new Map<string, Item>();
  /** Ids of the snapshot under way; undefined outside of one. */
  #snapshotIds: Set<string> | undefined;
  /** Whether a snapshot was seen to its end, so that what comes now is a change. */
  began = false;
  resumeToken = '';
  #isLost = false;

  constructor(options: WatchOptions<Item>) {
    this.#options = options;
  }

  lost(message: string): void {
    this.#snapshotIds = undefined;
    if (this.#isLost) return;
    this.#isLost = true;
    this.#options.onChange({ kind: 'lost', message });
  }

  take({ event }: WatchResponse<Item>): void {
    if (this.#isLost) {
      this.#isLost = false;
      const startsOver = event.case === 'reset' || event.case === 'snapshot';
      this.#options.onChange({ kind: 'resumed', continued: !startsOver });
    }
    switch (event.case) {
      case 'snapshot':
        this.#takeSnapshot(event.value.items, event.value.last);
        break;
      case 'update':
        for (const item of event.value.items) this.#takeItem(item);
        break;
      case 'removed':
        for (const id of event.value.ids) this.#remove(id);
        break;
      case 'bookmark':
        this.resumeToken = event.value.resumeToken;
        break;
      case 'reset':
        this.resumeToken = '';
        break;
      case undefined:
        // A kind of event that this version does not know yet.
        break;
    }
  }

  #takeSnapshot(items: readonly Item[], last: boolean): void {
    this.#snapshotIds ??= new Set();
    for (const item of items) {
      this.#snapshotIds.add(this.#options.idOf(item));
      this.#takeItem(item);
    }
    if (!last) return;
    for (const id of this.#known.keys()) if (!this.#snapshotIds.has(id)) this.#remove(id);
    this.#snapshotIds = undefined;
    this.began = true;
  }

  #takeItem(item: Item): void {
    const id = this.#options.idOf(item);
    const before = this.#known.get(id);
    this.#known.set(id, item);
    this.#options.onChange(this.began ? { kind: 'changed', item, before } : { kind: 'present', item });
  }

  #remove(id: string): void {
    const before = this.#known.get(id);
    this.#known.delete(id);
    this.#options.onChange({ kind: 'removed', id, before });
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The loop looks at the signal itself. */
function ignoreAbort(): void {
  return;
}
