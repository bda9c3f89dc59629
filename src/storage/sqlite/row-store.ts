import type { Revision, TableCommit, TableEvent, TableRow } from '../../base/table.ts';
import { compareBytes, prefixEnd } from './key-range.ts';
import type { SqlValue, Statements } from './statements.ts';
import { inTransaction } from './transaction.ts';
import type { ViewStore } from './view-store.ts';
import type { Batch, BatchCommit, WorkerCalls } from './worker-calls.ts';

/** A page of changes ends at the first commit boundary after this many changes or bytes. */
const changesPerPage = 500;
const changeBytesPerPage = 4 * 1024 * 1024;

/** The rows, deletions and revision of all tables, in SQL. Lives in the worker. */
export class RowStore {
  readonly #sql: Statements;
  readonly #views: ViewStore;
  readonly #tombstonesMax: number;
  /** Deletions by table since the bound was last looked at; one entry a table. */
  readonly #uncheckedDeletions = new Map<number, number>();
  #revision: Revision;

  constructor(sql: Statements, views: ViewStore, tombstonesMax: number) {
    this.#sql = sql;
    this.#views = views;
    this.#tombstonesMax = tombstonesMax;
    this.#revision = this.#readRevision();
  }

  openTable(name: string): number {
    const found = this.#sql.get<{ id: number }>('SELECT id FROM store_tables WHERE name = ?', name);
    if (found !== undefined) return found.id;
    return inTransaction(this.#sql.db, () => {
      const made = this.#sql.get<{ id: number }>(
        'INSERT INTO store_tables (name) VALUES (?) RETURNING id',
        name,
      );
      if (made === undefined) throw new Error(`table ${name} was not created`);
      return made.id;
    });
  }

  get(tableId: number, key: string): TableRow | undefined {
    return this.#sql.get<TableRow>(
      'SELECT key, value, revision FROM store_rows WHERE table_id = ? AND key = ?',
      tableId,
      key,
    );
  }

  scan({ tableId, prefix, after, limit }: WorkerCalls['scan']['request']): TableRow[] {
    const values: SqlValue[] = [tableId];
    let where = 'table_id = ?';
    if (after !== undefined && compareBytes(after, prefix) >= 0) {
      where += ' AND key > ?';
      values.push(after);
    } else {
      where += ' AND key >= ?';
      values.push(prefix);
    }
    const end = prefixEnd(prefix);
    if (end !== undefined) {
      where += ' AND key < ?';
      values.push(end);
    }
    return this.#sql.all<TableRow>(
      `SELECT key, value, revision FROM store_rows WHERE ${where} ORDER BY key LIMIT ?`,
      ...values,
      limit,
    );
  }

  changes({
    tableId,
    after,
    deletionsAfter = this.#revision,
  }: WorkerCalls['changes']['request']): WorkerCalls['changes']['reply'] {
    const table = this.#sql.get<{ forgotten: number }>(
      'SELECT forgotten FROM store_tables WHERE id = ?',
      tableId,
    );
    const oldest = table?.forgotten ?? 0;
    if (deletionsAfter < oldest || after > this.#revision) {
      return { badCursor: true, oldest, newest: this.#revision };
    }
    const rows = this.#sql.iterate<{ key: string; value: Uint8Array | null; revision: Revision }>(
      `SELECT key, value, revision FROM store_rows WHERE table_id = ? AND revision > ?
       UNION ALL
       SELECT key, NULL, revision FROM store_tombstones WHERE table_id = ? AND revision > ?
       ORDER BY revision`,
      tableId,
      after,
      tableId,
      deletionsAfter,
    );
    const events: TableEvent[] = [];
    let bytes = 0;
    let through = after;
    for (const { key, value, revision } of rows) {
      const isFull = events.length >= changesPerPage || bytes >= changeBytesPerPage;
      // A commit is never split: whoever resumes from a revision has seen all of it.
      if (isFull && revision > through) return { events, through, newest: this.#revision };
      events.push({ key, value: value ?? undefined, revision });
      bytes += value?.byteLength ?? 0;
      through = revision;
    }
    return { events, through: this.#revision, newest: this.#revision };
  }

  /** Writes a batch in one transaction. A commit whose expectation fails writes nothing and leaves the others alone. */
  commit(batch: Batch): TableCommit[] {
    const before = this.#revision;
    try {
      return inTransaction(this.#sql.db, () => {
        const results: TableCommit[] = [];
        const deletedIn = new Map<number, number>();
        let offset = 0;
        for (const commit of batch.commits) {
          results.push(this.#write(batch, commit, offset, deletedIn));
          for (const change of commit.changes) offset += Math.max(0, change.valueBytes);
        }
        if (this.#revision > before) {
          this.#sql.run(`UPDATE store_counters SET value = ? WHERE name = 'revision'`, this.#revision);
        }
        for (const [tableId, count] of deletedIn) this.#forgetDeletions(tableId, count, before);
        return results;
      });
    } catch (error) {
      this.#revision = before;
      this.#views.forget();
      throw error;
    }
  }

  #write(batch: Batch, commit: BatchCommit, offset: number, deletedIn: Map<number, number>): TableCommit {
    const { tableId, changes } = commit;
    // All expectations are about the state before this commit, and hold before anything is written.
    for (const { key, expect } of changes) {
      if (expect === undefined) continue;
      const found = this.#revisionOf(tableId, key) ?? 'absent';
      if (found !== expect) return { committed: false, key, found };
    }
    if (changes.length === 0) return { committed: true, revision: this.#revision };

    const revision = (this.#revision += 1);
    const viewNames = batch.views.get(tableId) ?? [];
    this.#views.expectOnly(tableId, viewNames);
    for (const { key, valueBytes, viewRows } of changes) {
      if (valueBytes < 0) {
        if (this.#delete(tableId, key, revision)) deletedIn.set(tableId, (deletedIn.get(tableId) ?? 0) + 1);
      } else {
        this.#put(tableId, key, batch.bytes.subarray(offset, offset + valueBytes), revision);
        offset += valueBytes;
      }
      for (const [index, name] of viewNames.entries()) this.#views.put(name, key, viewRows[index]);
    }
    return { committed: true, revision };
  }

  #put(tableId: number, key: string, value: Uint8Array, revision: Revision): void {
    this.#sql.run(
      `INSERT INTO store_rows (table_id, key, revision, value) VALUES (?, ?, ?, ?)
       ON CONFLICT (table_id, key) DO UPDATE SET revision = excluded.revision, value = excluded.value`,
      tableId,
      key,
      revision,
      value,
    );
    this.#sql.run('DELETE FROM store_tombstones WHERE table_id = ? AND key = ?', tableId, key);
  }

  /** Whether there was a row. */
  #delete(tableId: number, key: string, revision: Revision): boolean {
    if (this.#sql.run('DELETE FROM store_rows WHERE table_id = ? AND key = ?', tableId, key) === 0)
      return false;
    this.#sql.run(
      'INSERT INTO store_tombstones (table_id, key, revision) VALUES (?, ?, ?)',
      tableId,
      key,
      revision,
    );
    return true;
  }

  /**
   * Drops the oldest deletions over the bound. Those after `keepAfter`, the batch at hand, stay: a watcher that has
   * kept up must hear of them whatever their number. Looks only once a tenth of the bound has been added, because
   * finding the oldest costs a walk over all.
   */
  #forgetDeletions(tableId: number, added: number, keepAfter: Revision): void {
    const unchecked = (this.#uncheckedDeletions.get(tableId) ?? this.#tombstonesMax) + added;
    this.#uncheckedDeletions.set(tableId, unchecked);
    if (unchecked < this.#tombstonesMax / 10) return;
    this.#uncheckedDeletions.set(tableId, 0);
    const newestDropped = this.#sql.get<{ revision: Revision }>(
      `SELECT revision FROM store_tombstones WHERE table_id = ? ORDER BY revision DESC LIMIT 1 OFFSET ?`,
      tableId,
      this.#tombstonesMax,
    );
    if (newestDropped === undefined) return;
    const upTo = Math.min(newestDropped.revision, keepAfter);
    const dropped = this.#sql.run(
      'DELETE FROM store_tombstones WHERE table_id = ? AND revision <= ?',
      tableId,
      upTo,
    );
    if (dropped > 0) this.#sql.run('UPDATE store_tables SET forgotten = ? WHERE id = ?', upTo, tableId);
  }

  #revisionOf(tableId: number, key: string): Revision | undefined {
    return this.#sql.get<{ revision: Revision }>(
      'SELECT revision FROM store_rows WHERE table_id = ? AND key = ?',
      tableId,
      key,
    )?.revision;
  }

  #readRevision(): Revision {
    const counter = this.#sql.get<{ value: Revision }>(
      `SELECT value FROM store_counters WHERE name = 'revision'`,
    );
    if (counter === undefined) throw new Error('the revision counter is missing');
    return counter.value;
  }
}
