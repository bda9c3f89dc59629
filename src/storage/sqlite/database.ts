import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { migrate, refuseUnknownSchema } from './schema.ts';
import { StoreFault } from './store-fault.ts';

/** Bytes of one page of the file; SQLite's default, set so that the size limit is exact. */
const pageBytes = 4096;
/** How long a write waits for another program that has the file locked. */
const busyTimeoutMs = 5000;

export interface DatabaseOptions {
  readonly file: string;
  readonly storeBytesMax: number;
  readonly quickCheckBytesMax: number;
}

/**
 * Opens the file, or creates it: checked, in WAL mode, durable at every commit, its schema the newest. Throws
 * StoreFault or SqliteError, and then has changed nothing in a file that it does not understand.
 */
export function openDatabase(options: DatabaseOptions): Database.Database {
  const { file } = options;
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    refuseUnknownSchema(db, file);
    db.pragma(`page_size = ${pageBytes}`);
    const mode = db.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal') {
      throw new StoreFault(
        'NO_WAL',
        file,
        `The file system of ${file} cannot carry SQLite's write-ahead log. Choose a data folder on a local disk.`,
      );
    }
    // Every commit is on the disk before it is acknowledged; on macOS a plain fsync does not reach the platter.
    db.pragma('synchronous = FULL');
    db.pragma('fullfsync = ON');
    db.pragma('checkpoint_fullfsync = ON');
    db.pragma('temp_store = MEMORY');
    db.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
    if (options.storeBytesMax > 0) {
      db.pragma(`max_page_count = ${Math.max(1, Math.floor(options.storeBytesMax / pageBytes))}`);
    }
    if (statSync(file).size <= options.quickCheckBytesMax) refuseDamage(db, file);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function refuseDamage(db: Database.Database, file: string): void {
  const found = db.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw new StoreFault('DAMAGED', file, String(found).replaceAll('\n', ' '));
}

/** Brings the write-ahead log home and closes. */
export function closeDatabase(db: Database.Database): void {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    // Commits are durable in the log already; with no room to bring it home, the next start reads it.
    if (!(error instanceof Database.SqliteError)) throw error;
  } finally {
    db.close();
  }
}
