import type { Database } from 'better-sqlite3';
import { inTransaction } from './transaction.ts';

/** What a proof writes: more than the slack in the pages that are there already. */
const proofBytesMin = 16 * 1024;
/** A larger write that failed is proven with this much. */
const proofBytesMax = 1024 * 1024;

/** Finds out whether the store can be written to, with as much as the last write that failed. */
export class WriteProof {
  readonly #db: Database;
  /** Bytes of the write that failed since something as large succeeded; 0: none. */
  #failedBytes = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Runs a write of about `bytes`, and remembers whether it failed. */
  watch<T>(bytes: number, write: () => T): T {
    try {
      const result = write();
      if (bytes >= this.#failedBytes) this.#failedBytes = 0;
      return result;
    } catch (error) {
      this.#failedBytes = Math.max(this.#failedBytes, Math.min(bytes, proofBytesMax));
      throw error;
    }
  }

  /**
   * Writes some pages durably and removes them again, in two transactions so that they are really taken from the
   * disk. Throws what SQLite throws when that fails.
   */
  run(): void {
    const bytes = Math.max(proofBytesMin, this.#failedBytes);
    inTransaction(this.#db, () =>
      this.#db.prepare('INSERT INTO store_checks (filler) VALUES (zeroblob(?))').run(bytes),
    );
    inTransaction(this.#db, () => this.#db.prepare('DELETE FROM store_checks').run());
    this.#failedBytes = 0;
  }
}
