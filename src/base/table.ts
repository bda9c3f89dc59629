/** A position in a store's history; grows with every commit. Opaque outside the hub. 0 is before everything. */
export type Revision = number;

export interface TableRow {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the commit that last wrote this row. */
  readonly revision: Revision;
}

/** One change of a commit. `value` undefined deletes. */
export interface TableChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  /** Compare-and-set: the revision that the row must have, or `absent`; undefined writes whatever is there. */
  readonly expect?: Revision | 'absent';
}

export type TableCommit =
  | { readonly committed: true; readonly revision: Revision }
  /** Nothing was written; `key` is the first change whose expectation did not hold. */
  | { readonly committed: false; readonly key: string; readonly found: Revision | 'absent' };

export interface TableEvent {
  readonly key: string;
  /** Undefined: the row was deleted. */
  readonly value: Uint8Array | undefined;
  readonly revision: Revision;
}

/**
 * A durable map from keys to bytes: the storage port for registrations, policies and other state.
 * Nothing here assumes SQL. Faults of the medium are HubError STORE_UNAVAILABLE.
 */
export interface Table {
  get(key: string): Promise<TableRow | undefined>;
  /** Rows whose key starts with `prefix`, in key order (by bytes), after the key `after`, at most `limit` (default 1000). */
  scan(
    prefix: string,
    options?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly TableRow[]>;
  /**
   * Writes all changes or none, durably: when it resolves `committed`, they survive power loss.
   * Commits of one turn of the event loop share one disk sync.
   */
  commit(changes: readonly TableChange[]): Promise<TableCommit>;
  /**
   * Batches of changes after revision `from`, in order, then live ones until `signal` aborts. Rows changed several
   * times before the watch began come once, with their newest value. Throws HubError BAD_CURSOR when deletions
   * since `from` are no longer known.
   */
  watch(from: Revision, signal: AbortSignal): AsyncIterable<readonly TableEvent[]>;
}

/** Types of a view's columns: `set` holds any number of texts, and a condition on it means "one of them". */
export type ViewColumn = 'text' | 'integer' | 'set';

export type ViewRow = Readonly<Record<string, string | number | readonly string[]>>;

/** A view, declared as data: which attributes of a table's rows can be asked for. */
export interface ViewDefinition {
  readonly name: string;
  /** Raise it whenever `columns` or `project` change: the engine then rebuilds the view. */
  readonly version: number;
  /** Name of the table it is derived from. */
  readonly table: string;
  readonly columns: Readonly<Record<string, ViewColumn>>;
  /** The row's attributes; undefined leaves the row out of the view. Must be pure. */
  project(key: string, value: Uint8Array): ViewRow | undefined;
}

export type ViewCondition =
  /** The column is, or for a set holds, one of `values`. An empty list matches nothing. */
  | { readonly column: string; readonly in: readonly (string | number)[] }
  /** The text column starts with this. */
  | { readonly column: string; readonly prefix: string }
  /** The text column holds this anywhere, case-insensitively (ASCII). */
  | { readonly column: string; readonly contains: string };

export interface ViewQuery {
  /** All must hold. */
  readonly where: readonly ViewCondition[];
  /** Only keys after this one, in key order. */
  readonly after?: string;
  /** At most this many; default 1000. */
  readonly limit?: number;
}

/** Answers questions about a table's rows. Up to date with every commit that has resolved. */
export interface View {
  /** Keys of the matching rows in key order. */
  keys(query: ViewQuery): Promise<readonly string[]>;
  /** How many rows there are for each value of `column`; a row counts once for every member of a set. */
  countBy(column: string, where?: readonly ViewCondition[]): Promise<ReadonlyMap<string | number, number>>;
}

/** A store: named tables and their views in one place. */
export interface Store {
  /** Opens, and on first use creates, a table. Name: a slug. */
  table(name: string): Promise<Table>;
  /** Opens a view, rebuilding it when its version changed. */
  view(definition: ViewDefinition): Promise<View>;
  /** Resolves while the store can write durably; rejects with STORE_UNAVAILABLE and the cause otherwise. */
  check(): Promise<void>;
  /** Finishes commits that were begun, then lets go of files and locks. */
  close(): Promise<void>;
}
