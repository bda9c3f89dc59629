import type {
  Revision,
  TableCommit,
  TableEvent,
  TableRow,
  ViewColumn,
  ViewCondition,
  ViewRow,
} from '../../base/table.ts';
import type { FaultReport } from './store-fault.ts';

/** What the worker is started with. */
export interface WorkerInput {
  readonly dataDir: string;
  /** When this hub opened the folder, epoch ms; shown to a second hub. */
  readonly startTimeMs: number;
  /** Largest size of the database file in bytes; 0: no limit but the disk's. */
  readonly storeBytesMax: number;
  /** Files up to this many bytes are checked for damage at the start. */
  readonly quickCheckBytesMax: number;
  /** Deleted keys remembered per table. */
  readonly tombstonesMax: number;
}

/** One change of a batched commit. */
export interface BatchChange {
  readonly key: string;
  /** Bytes of the value, which follow each other in {@link Batch.bytes}; -1 deletes. */
  readonly valueBytes: number;
  readonly expect: Revision | 'absent' | undefined;
  /** The projected row for each view in {@link Batch.views} of its table, in that order. */
  readonly viewRows: readonly (ViewRow | undefined)[];
}

export interface BatchCommit {
  readonly tableId: number;
  readonly changes: readonly BatchChange[];
}

/** Commits that share one transaction; each is written whole or not at all, in order. */
export interface Batch {
  readonly commits: readonly BatchCommit[];
  /** All values one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of the open views by table. */
  readonly views: ReadonlyMap<number, readonly string[]>;
}

/** A view's definition without its function. */
export interface ViewShape {
  readonly name: string;
  readonly version: number;
  readonly columns: Readonly<Record<string, ViewColumn>>;
}

/** A page of changes; complete up to and with revision `through`, when the store had come to `newest`. */
export interface ChangePage {
  readonly events: readonly TableEvent[];
  readonly through: Revision;
  readonly newest: Revision;
}

/** What the main thread asks of the worker; one request is answered by one reply, in the order of asking. */
export interface WorkerCalls {
  openTable: { request: { readonly name: string }; reply: { readonly tableId: number } };
  get: { request: { readonly tableId: number; readonly key: string }; reply: TableRow | undefined };
  scan: {
    request: {
      readonly tableId: number;
      readonly prefix: string;
      readonly after: string | undefined;
      readonly limit: number;
    };
    reply: readonly TableRow[];
  };
  /** Rows after revision `after` and deletions after `deletionsAfter` (undefined: none but future ones). */
  changes: {
    request: {
      readonly tableId: number;
      readonly after: Revision;
      readonly deletionsAfter: Revision | undefined;
    };
    reply:
      | ChangePage
      /** Deletions are remembered from this revision on only, or the store has not come as far as `after`. */
      | { readonly badCursor: true; readonly oldest: Revision; readonly newest: Revision };
  };
  commit: { request: Batch; reply: readonly TableCommit[] };
  /** Creates or opens a view; `stale` asks for a rebuild by `fillView` and `finishView`. */
  openView: {
    request: { readonly tableId: number; readonly shape: ViewShape };
    reply: { readonly stale: boolean };
  };
  /** Puts projected rows in, except those whose key has another revision by now: their commit has done it. */
  fillView: {
    request: {
      readonly name: string;
      readonly rows: readonly { readonly key: string; readonly revision: Revision; readonly row: ViewRow }[];
    };
    reply: undefined;
  };
  finishView: { request: { readonly name: string }; reply: undefined };
  viewKeys: {
    request: {
      readonly name: string;
      readonly where: readonly ViewCondition[];
      readonly after: string | undefined;
      readonly limit: number;
    };
    reply: readonly string[];
  };
  viewCount: {
    request: { readonly name: string; readonly column: string; readonly where: readonly ViewCondition[] };
    reply: ReadonlyMap<string | number, number>;
  };
  check: { request: undefined; reply: undefined };
  close: { request: undefined; reply: undefined };
}

export type WorkerOp = keyof WorkerCalls;

export interface WorkerRequest {
  readonly id: number;
  readonly op: WorkerOp;
  readonly request: unknown;
}

/** Id 0 answers the opening itself. */
export type WorkerReply =
  { readonly id: number; readonly reply: unknown } | { readonly id: number; readonly fault: FaultReport };
