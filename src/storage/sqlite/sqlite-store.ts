import type { Clock } from '../../base/clock.ts';
import { isSlug } from '../../base/id.ts';
import type { Store, Table, View, ViewDefinition } from '../../base/table.ts';
import { CommitQueue } from './commit-queue.ts';
import { prepareDataFolder } from './data-folder.ts';
import { SqliteTable } from './sqlite-table.ts';
import { SqliteView } from './sqlite-view.ts';
import { faultReportOf, hubErrorOf } from './store-fault.ts';
import { checkDefinition } from './view-shape.ts';
import { WorkerLink } from './worker-link.ts';

export interface SqliteStoreOptions {
  /** Folder of `switchyard.db` and its companions; made when it is not there. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** Largest size of the database file in bytes; default 0: no limit but the disk's. At the limit as on a full disk. */
  readonly storeBytesMax?: number;
  /** A file of at most this many bytes is checked for damage at the start; default 256 MiB, about 0.3 s. */
  readonly quickCheckBytesMax?: number;
  /** Deleted keys remembered per table for watches; default 10,000. A tenth more for a while, and the newest batch whole. */
  readonly tombstonesMax?: number;
  /** Commits that wait for their acknowledgement; default 10,000. One more is STORE_UNAVAILABLE. */
  readonly pendingCommitsMax?: number;
  /** Bytes of keys and values that wait so; default 64 MiB. Also the largest commit: a larger one is PAYLOAD_TOO_LARGE. */
  readonly pendingBytesMax?: number;
}

/** What {@link SqliteStoreOptions} are when unset. */
export const sqliteDefaults = {
  storeBytesMax: 0,
  quickCheckBytesMax: 256 * 1024 * 1024,
  tombstonesMax: 10_000,
  pendingCommitsMax: 10_000,
  pendingBytesMax: 64 * 1024 * 1024,
} as const;

/**
 * Opens the store of a data folder, alone: one hub at a time. Rejects with STORE_UNAVAILABLE, naming the path and the
 * way out, when the folder cannot be used or another hub holds it, and when the file in it is damaged, not ours, or
 * written by a newer hub; it is then left as it is. Open the views of a table before writing to it: a view that was
 * not open during a commit is rebuilt.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const dataDir = await prepareDataFolder(options.dataDir).catch((error: unknown) => {
    throw hubErrorOf(faultReportOf(error, options.dataDir));
  });
  const link = await WorkerLink.open({
    dataDir,
    startTimeMs: options.clock.now(),
    storeBytesMax: options.storeBytesMax ?? sqliteDefaults.storeBytesMax,
    quickCheckBytesMax: options.quickCheckBytesMax ?? sqliteDefaults.quickCheckBytesMax,
    tombstonesMax: options.tombstonesMax ?? sqliteDefaults.tombstonesMax,
  });
  const queue = new CommitQueue(link, dataDir, {
    pendingCommitsMax: options.pendingCommitsMax ?? sqliteDefaults.pendingCommitsMax,
    pendingBytesMax: options.pendingBytesMax ?? sqliteDefaults.pendingBytesMax,
  });
  return new SqliteStore(link, queue);
}

class SqliteStore implements Store {
  readonly #link: WorkerLink;
  readonly #queue: CommitQueue;
  /** By name. Names come from code, so there are few. */
  readonly #tables = new Map<string, Promise<SqliteTable>>();
  readonly #views = new Map<string, { readonly definition: ViewDefinition; readonly view: Promise<View> }>();
  #check: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(link: WorkerLink, queue: CommitQueue) {
    this.#link = link;
    this.#queue = queue;
    void link.lost.then(() => this.#wakeWatches());
  }

  table(name: string): Promise<Table> {
    return this.#openTable(name);
  }

  async view(definition: ViewDefinition): Promise<View> {
    checkDefinition(definition);
    const { name } = definition;
    const known = this.#views.get(name);
    if (known !== undefined) {
      if (known.definition !== definition) throw new RangeError(`view ${name} is declared twice`);
      return known.view;
    }
    const view = this.#openTable(definition.table).then((table) =>
      SqliteView.open(definition, table, this.#link),
    );
    return keepUnlessFailed(view, (opening) => {
      if (opening === undefined) this.#views.delete(name);
      else this.#views.set(name, { definition, view: opening });
    });
  }

  /** Checks asked for at the same time share one write. */
  check(): Promise<void> {
    this.#check ??= this.#link.call('check', undefined).finally(() => {
      this.#check = undefined;
    });
    return this.#check;
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.close().then(() => this.#link.close());
    return this.#closing;
  }

  async #openTable(name: string): Promise<SqliteTable> {
    if (!isSlug(name)) throw new RangeError(`table name "${name}" is not a slug`);
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = this.#link
      .call('openTable', { name })
      .then(({ tableId }) => new SqliteTable(tableId, name, this.#link, this.#queue));
    return keepUnlessFailed(table, (opening) => {
      if (opening === undefined) this.#tables.delete(name);
      else this.#tables.set(name, opening);
    });
  }

  /** Lets every watch find out that the store is gone. */
  #wakeWatches(): void {
    for (const table of this.#tables.values()) {
      // A table that could not be opened has no watches, and its opener has been told.
      table.then((opened) => opened.changed()).catch(() => undefined);
    }
  }
}

/** Keeps what is being opened, so that it is opened once, and drops it when that fails, so that it can be tried again. */
function keepUnlessFailed<T>(
  opening: Promise<T>,
  keep: (opening: Promise<T> | undefined) => void,
): Promise<T> {
  keep(opening);
  return opening.catch((error: unknown) => {
    keep(undefined);
    throw error;
  });
}
