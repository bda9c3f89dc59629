import { HubError } from '../../base/error.ts';
import type {
  Revision,
  Table,
  TableChange,
  TableCommit,
  TableEvent,
  TableRow,
  ViewRow,
} from '../../base/table.ts';
import type { CommitQueue, CommitTable } from './commit-queue.ts';
import type { BatchChange } from './worker-calls.ts';
import type { WorkerLink } from './worker-link.ts';

/** Longest key in bytes of UTF-8. */
export const keyBytesMax = 1024;
/** Rows of a scan when no limit is given. */
const scanLimitDefault = 1000;
/** Watches of one table at the same time; one more is CONCURRENCY_LIMITED. */
const watchesMax = 1000;

/** What a table needs of its views. */
export interface ProjectedView {
  readonly name: string;
  project(key: string, value: Uint8Array): ViewRow | undefined;
}

/**
 * A table of the SQLite engine. Keys are well-formed text of 1 to {@link keyBytesMax} bytes; anything else is a
 * defect of the caller and throws RangeError. A commit to a key twice keeps the last change; all its expectations
 * are about the state before it. Values must not be changed until the commit resolves.
 */
export class SqliteTable implements Table, CommitTable {
  readonly id: number;
  readonly name: string;
  readonly #link: WorkerLink;
  readonly #queue: CommitQueue;
  readonly #views = new Set<ProjectedView>();
  /** One for each watch: called when there may be something new. */
  readonly #wakers = new Set<() => void>();
  /** Counts the wake-ups, so that a watch notices those that come while it reads. */
  #wakeUps = 0;

  constructor(id: number, name: string, link: WorkerLink, queue: CommitQueue) {
    this.id = id;
    this.name = name;
    this.#link = link;
    this.#queue = queue;
  }

  get(key: string): Promise<TableRow | undefined> {
    return this.#link.call('get', { tableId: this.id, key });
  }

  async scan(
    prefix: string,
    options: { readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly TableRow[]> {
    if (!prefix.isWellFormed()) throw new RangeError('a prefix must be well-formed text');
    const { after, limit = scanLimitDefault } = options;
    checkLimit(limit);
    return this.#link.call('scan', { tableId: this.id, prefix, after, limit });
  }

  async commit(changes: readonly TableChange[]): Promise<TableCommit> {
    for (const { key } of changes) checkKey(key);
    return this.#queue.add(this, changes);
  }

  /**
   * A watch is a position in the table's history, read on whenever something was written: it holds neither a queue
   * nor a set of keys, and a slow reader gets the newest value of each row. One that falls behind by more deletions
   * than are remembered ends with BAD_CURSOR. From 0 it begins with every row there is, and never fails. A batch
   * never splits a commit, so the revision of its last event is a position to resume from.
   */
  async *watch(from: Revision, signal: AbortSignal): AsyncGenerator<readonly TableEvent[], void, undefined> {
    if (this.#wakers.size >= watchesMax) {
      throw new HubError({
        reason: 'CONCURRENCY_LIMITED',
        message: `The table ${this.name} is watched ${watchesMax} times already, the most allowed.`,
        metadata: { limit: String(watchesMax) },
      });
    }
    let wake: (() => void) | undefined;
    const waker = (): void => wake?.();
    this.#wakers.add(waker);
    signal.addEventListener('abort', waker);
    try {
      let after = from;
      // Whoever starts from nothing has no use for deletions of before.
      let deletionsAfter = from === 0 ? undefined : from;
      while (!signal.aborted) {
        const wakeUps = this.#wakeUps;
        const page = await this.#link.call('changes', { tableId: this.id, after, deletionsAfter });
        if (isAborted(signal)) return;
        if ('badCursor' in page) throw badCursor(this.name, after, page);
        deletionsAfter = Math.max(deletionsAfter ?? page.newest, page.through);
        after = page.through;
        if (page.events.length > 0) yield page.events;
        if (page.through < page.newest) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal.aborted || this.#wakeUps !== wakeUps) resolve();
        });
      }
    } finally {
      signal.removeEventListener('abort', waker);
      this.#wakers.delete(waker);
    }
  }

  changed(): void {
    this.#wakeUps += 1;
    for (const wake of this.#wakers) wake();
  }

  addView(view: ProjectedView): void {
    this.#views.add(view);
  }

  removeView(view: ProjectedView): void {
    this.#views.delete(view);
  }

  viewNames(): readonly string[] {
    return Array.from(this.#views, ({ name }) => name);
  }

  project({ key, value }: TableChange): BatchChange['viewRows'] {
    return Array.from(this.#views, (view) => (value === undefined ? undefined : view.project(key, value)));
  }
}

/** Throws RangeError for a limit that is not a whole number from 1. */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`limit ${limit} is not a number from 1`);
}

function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes < 1 || bytes > keyBytesMax || !key.isWellFormed()) {
    throw new RangeError(`a key is well-formed text of 1 to ${keyBytesMax} bytes, not ${bytes} bytes`);
  }
}

/** The signal may abort during an await, which control flow analysis does not see. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function badCursor(
  table: string,
  after: Revision,
  known: { readonly oldest: Revision; readonly newest: Revision },
): HubError {
  return new HubError({
    reason: 'BAD_CURSOR',
    message:
      `The table ${table} cannot be watched from revision ${after}: ` +
      (after > known.newest
        ? `the store has come to ${known.newest} only, so it is a position of another store.`
        : `deletions are known from ${known.oldest} on. Watch from 0.`),
    metadata: { after: String(after), oldest: String(known.oldest), newest: String(known.newest) },
  });
}
