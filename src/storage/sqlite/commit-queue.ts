import { HubError } from '../../base/error.ts';
import type { TableChange, TableCommit } from '../../base/table.ts';
import { storeUnavailable } from './store-fault.ts';
import type { Batch, BatchChange, BatchCommit } from './worker-calls.ts';
import type { WorkerLink } from './worker-link.ts';

/** Bounds on commits that are not acknowledged yet, in the worker or waiting. */
export interface CommitQueueLimits {
  readonly pendingCommitsMax: number;
  /** Keys and values together; also the largest single commit. */
  readonly pendingBytesMax: number;
}

/** What the queue needs to know of a table. */
export interface CommitTable {
  readonly id: number;
  /** Names of the table's open views. */
  viewNames(): readonly string[];
  /** The change's row in each of these views. Throws when a projection does. */
  project(change: TableChange): BatchChange['viewRows'];
  /** Called when the worker has written commits to the table. */
  changed(): void;
}

interface PendingCommit {
  readonly table: CommitTable;
  readonly changes: readonly TableChange[];
  readonly bytes: number;
  readonly resolve: (result: TableCommit) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what is asked for in one turn of the event loop goes to the worker as one batch, one transaction, one
 * sync. While a batch is there, later commits gather for the next one. Acknowledged in the order of asking.
 */
export class CommitQueue {
  readonly #link: WorkerLink;
  readonly #dataDir: string;
  readonly #limits: CommitQueueLimits;
  #waiting: PendingCommit[] = [];
  /** Commits and bytes not acknowledged, those in the worker included. */
  #commits = 0;
  #bytes = 0;
  #isClosed = false;
  #isScheduled = false;
  /** The batch in the worker. */
  #running: Promise<void> | undefined;

  constructor(link: WorkerLink, dataDir: string, limits: CommitQueueLimits) {
    this.#link = link;
    this.#dataDir = dataDir;
    this.#limits = limits;
  }

  /** Resolves when the commit is durable or its expectation failed. At a bound: STORE_UNAVAILABLE at once. */
  add(table: CommitTable, changes: readonly TableChange[]): Promise<TableCommit> {
    const bytes = changes.reduce((sum, { key, value }) => sum + key.length + (value?.byteLength ?? 0), 0);
    const refusal = this.#refusal(bytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ table, changes, bytes, resolve, reject });
      this.#commits += 1;
      this.#bytes += bytes;
      this.#schedule();
    });
  }

  /** Takes no more commits, and resolves when those taken have been answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#commits > 0) {
      await (this.#running ?? new Promise<void>((resolve) => setImmediate(resolve)));
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#running !== undefined || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // After this turn's callbacks: whatever they commit shares the batch.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#running = this.#run(this.#waiting).finally(() => {
        this.#running = undefined;
        this.#schedule();
      });
      this.#waiting = [];
    });
  }

  async #run(pending: readonly PendingCommit[]): Promise<void> {
    const encoded: PendingCommit[] = [];
    const commits: BatchCommit[] = [];
    for (const one of pending) {
      try {
        commits.push(encodeCommit(one));
        encoded.push(one);
      } catch (error) {
        // A projection that throws is the defect of one view, and costs only this commit.
        one.reject(error);
      }
    }
    try {
      if (commits.length > 0) {
        const batch: Batch = { commits, bytes: packValues(encoded), views: viewsOf(encoded) };
        const results = await this.#link.call('commit', batch, [batch.bytes.buffer]);
        for (const [index, one] of encoded.entries()) {
          const result = results[index];
          if (result === undefined) throw new Error('the worker answered too few commits');
          one.resolve(result);
        }
        for (const table of new Set(encoded.map((one) => one.table))) table.changed();
      }
    } catch (error) {
      for (const one of encoded) one.reject(error);
    } finally {
      this.#commits -= pending.length;
      for (const one of pending) this.#bytes -= one.bytes;
    }
  }

  #refusal(bytes: number): HubError | undefined {
    const { pendingCommitsMax, pendingBytesMax } = this.#limits;
    if (this.#isClosed) {
      return storeUnavailable(`The store in ${this.#dataDir} is closed.`, {
        path: this.#dataDir,
        fault: 'CLOSED',
      });
    }
    if (bytes > pendingBytesMax) {
      return new HubError({
        reason: 'PAYLOAD_TOO_LARGE',
        message: `A commit of ${bytes} bytes is larger than the store takes at once (${pendingBytesMax} bytes). Split it.`,
        metadata: { bytes: String(bytes), limit: String(pendingBytesMax) },
      });
    }
    if (this.#commits >= pendingCommitsMax || this.#bytes + bytes > pendingBytesMax) {
      return storeUnavailable(
        `The store in ${this.#dataDir} is behind: ${this.#commits} commits (${this.#bytes} bytes) wait to be written, at most ` +
          `${pendingCommitsMax} (${pendingBytesMax} bytes) may. This one was not written; retry with backoff.`,
        {
          path: this.#dataDir,
          fault: 'QUEUE_FULL',
          pending_commits: String(this.#commits),
          pending_bytes: String(this.#bytes),
        },
      );
    }
    return undefined;
  }
}

function encodeCommit({ table, changes }: PendingCommit): BatchCommit {
  return {
    tableId: table.id,
    changes: changes.map((change) => ({
      key: change.key,
      valueBytes: change.value?.byteLength ?? -1,
      expect: change.expect,
      viewRows: table.project(change),
    })),
  };
}

/** One buffer for all values: handed to the worker whole, instead of a copy for each. */
function packValues(pending: readonly PendingCommit[]): Uint8Array<ArrayBuffer> {
  const values = pending.flatMap(({ changes }) => changes.map(({ value }) => value ?? new Uint8Array(0)));
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + value.byteLength, 0));
  let offset = 0;
  for (const value of values) {
    bytes.set(value, offset);
    offset += value.byteLength;
  }
  return bytes;
}

function viewsOf(pending: readonly PendingCommit[]): Batch['views'] {
  return new Map(
    [...new Set(pending.map(({ table }) => table))].map((table) => [table.id, table.viewNames()]),
  );
}
