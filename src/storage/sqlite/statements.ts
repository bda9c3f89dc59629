import type { Database, Statement } from 'better-sqlite3';

/** Compiled statements kept; their texts come from a bounded set of forms, so this is seldom reached. */
const statementsMax = 500;

export type SqlValue = string | number | Uint8Array | null;

/** Compiles each SQL text once. At {@link statementsMax} all are dropped and compiled anew. */
export class Statements {
  readonly db: Database;
  readonly #compiled = new Map<string, Statement<SqlValue[]>>();

  constructor(db: Database) {
    this.db = db;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the row's type beside its SQL
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#compile(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#compile(sql).all(...values) as Row[];
  }

  iterate<Row>(sql: string, ...values: SqlValue[]): IterableIterator<Row> {
    return this.#compile(sql).iterate(...values) as IterableIterator<Row>;
  }

  /** Returns the number of rows changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#compile(sql).run(...values).changes;
  }

  #compile(sql: string): Statement<SqlValue[]> {
    let statement = this.#compiled.get(sql);
    if (statement === undefined) {
      if (this.#compiled.size >= statementsMax) this.#compiled.clear();
      statement = this.db.prepare<SqlValue[]>(sql);
      this.#compiled.set(sql, statement);
    }
    return statement;
  }
}
