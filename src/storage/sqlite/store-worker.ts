import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { closeDatabase, openDatabase } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { RowStore } from './row-store.ts';
import { Statements } from './statements.ts';
import { faultReportOf } from './store-fault.ts';
import { WriteProof } from './write-proof.ts';
import { ViewStore } from './view-store.ts';
import type {
  Batch,
  WorkerCalls,
  WorkerInput,
  WorkerOp,
  WorkerReply,
  WorkerRequest,
} from './worker-calls.ts';

/** Name of the database in the data folder. */
const databaseFile = 'switchyard.db';

type Handlers = { [Op in WorkerOp]: (request: WorkerCalls[Op]['request']) => WorkerCalls[Op]['reply'] };

/** Locks the folder and opens the database in it. Throws when either fails, and then holds nothing. */
function openStore(input: WorkerInput, file: string): Handlers {
  const lock = lockFolder(input.dataDir, input.startTimeMs);
  let db: Database | undefined;
  try {
    db = openDatabase({ ...input, file });
    const opened = db;
    const proof = new WriteProof(opened);
    // A full disk is a clear error at the start, not at the first commit.
    proof.run();
    const sql = new Statements(opened);
    const views = new ViewStore(sql);
    const rows = new RowStore(sql, views, input.tombstonesMax);
    return {
      openTable: ({ name }) => ({ tableId: rows.openTable(name) }),
      get: ({ tableId, key }) => rows.get(tableId, key),
      scan: (request) => rows.scan(request),
      changes: (request) => rows.changes(request),
      commit: (batch) => proof.watch(largestCommitBytes(batch), () => rows.commit(batch)),
      openView: ({ tableId, shape }) => ({ stale: views.open(tableId, shape) }),
      fillView: (request) => views.fill(request),
      finishView: (request) => views.finish(request),
      viewKeys: (request) => views.keys(request),
      viewCount: (request) => views.countBy(request),
      check: () => {
        proof.run();
        return undefined;
      },
      close: () => {
        try {
          closeDatabase(opened);
        } finally {
          lock.release();
        }
        return undefined;
      },
    };
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

function largestCommitBytes({ commits }: Batch): number {
  const sizes = commits.map(({ changes }) =>
    changes.reduce((sum, { valueBytes }) => sum + Math.max(0, valueBytes), 0),
  );
  return sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

/** The worker's side of the calls: one database, one call after the other. */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('store-worker.ts runs as a worker thread only');
  const input = workerData as WorkerInput;
  const file = join(input.dataDir, databaseFile);
  const reply = (message: WorkerReply): void => port.postMessage(message);
  const answer = (id: number, work: () => unknown): boolean => {
    try {
      reply({ id, reply: work() });
      return true;
    } catch (error) {
      reply({ id, fault: faultReportOf(error, file) });
      return false;
    }
  };

  let handlers: Handlers | undefined;
  const isOpen = answer(0, () => {
    handlers = openStore(input, file);
  });
  if (!isOpen || handlers === undefined) {
    port.close();
    return;
  }
  const opened = handlers;
  port.on('message', ({ id, op, request }: WorkerRequest) => {
    // The operation and its request belong together: the typed sender made them.
    const handler = opened[op] as (request: unknown) => unknown;
    answer(id, () => handler(request));
    if (op === 'close') port.close();
  });
}

serve();
