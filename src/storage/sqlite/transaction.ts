import type { Database } from 'better-sqlite3';

/** Runs `work` in a write transaction: committed, and synced to disk, when it returns; undone when it throws. */
export function inTransaction<T>(db: Database, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some faults, a full disk among them.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
