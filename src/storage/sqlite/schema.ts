import type { Database } from 'better-sqlite3';
import { StoreFault } from './store-fault.ts';
import { inTransaction } from './transaction.ts';

/** Marks the file as ours in SQLite's header: "SwYd". */
const applicationId = 0x53775964;

/**
 * Steps from an empty file to the newest schema; step n makes version n, kept in `user_version`. A step that has
 * been released is never edited: add another.
 */
const migrations: readonly string[] = [
  `CREATE TABLE store_counters (
     name TEXT PRIMARY KEY,
     value INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO store_counters VALUES ('revision', 0);

   -- forgotten: deletions up to this revision are no longer known.
   CREATE TABLE store_tables (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     forgotten INTEGER NOT NULL DEFAULT 0
   ) STRICT;

   CREATE TABLE store_rows (
     table_id INTEGER NOT NULL,
     key TEXT NOT NULL,
     revision INTEGER NOT NULL,
     value BLOB NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX store_rows_by_key ON store_rows (table_id, key);
   CREATE INDEX store_rows_by_revision ON store_rows (table_id, revision);

   CREATE TABLE store_tombstones (
     table_id INTEGER NOT NULL,
     key TEXT NOT NULL,
     revision INTEGER NOT NULL,
     PRIMARY KEY (table_id, key)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX store_tombstones_by_revision ON store_tombstones (table_id, revision);

   -- columns: JSON of name to type. built: 0 while the view's tables do not hold every row.
   CREATE TABLE store_views (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     table_id INTEGER NOT NULL,
     version INTEGER NOT NULL,
     columns TEXT NOT NULL,
     built INTEGER NOT NULL
   ) STRICT;

   -- Written and removed again by every check that the store can grow.
   CREATE TABLE store_checks (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT;`,
];

/** The schema that this hub writes. */
export const schemaVersion = migrations.length;

/** Refuses files that this hub must not touch, without writing: another program's, or a newer hub's. */
export function refuseUnknownSchema(db: Database, file: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const owner = db.pragma('application_id', { simple: true }) as number;
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (owner !== applicationId && !(isEmpty && owner === 0)) {
    throw new StoreFault(
      'FOREIGN',
      file,
      `${file} is a SQLite database of another program. It was left as it is; choose another data folder.`,
    );
  }
  if (version > schemaVersion) {
    throw new StoreFault(
      'SCHEMA_NEWER',
      file,
      `The store ${file} has schema ${version}, and this hub knows up to ${schemaVersion}: a newer hub wrote it. It was ` +
        'left as it is. Start that version or a newer one, or choose another data folder.',
    );
  }
}

/** Brings the file to {@link schemaVersion}, each step in a transaction of its own. */
export function migrate(db: Database): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    inTransaction(db, () => {
      db.pragma(`application_id = ${applicationId}`);
      db.exec(step);
      db.pragma(`user_version = ${index + 1}`);
    });
  }
}
