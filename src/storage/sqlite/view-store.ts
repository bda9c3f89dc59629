import type { ViewColumn, ViewRow } from '../../base/table.ts';
import type { SqlValue, Statements } from './statements.ts';
import { inTransaction } from './transaction.ts';
import { conditionsToSql, sqlColumn, type SqlView } from './view-query.ts';
import type { ViewShape, WorkerCalls } from './worker-calls.ts';

interface ViewState extends SqlView {
  readonly name: string;
  readonly tableId: number;
  readonly version: number;
  /** The columns as kept in SQL, to notice when they change. */
  readonly columnsJson: string;
  built: boolean;
}

/**
 * The SQL side of views. Each has a table `view_<id>` with a row per key and a column per text or integer, and
 * `view_<id>_sets` with a row per member of a set. Lives in the worker; its writes are part of the caller's
 * transaction unless it says otherwise.
 */
export class ViewStore {
  readonly #sql: Statements;
  #views: Map<string, ViewState> | undefined;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** Drops what is known in memory, after a transaction was undone. */
  forget(): void {
    this.#views = undefined;
  }

  /** Opens a view, empty and in a transaction of its own when it is new or does not fit; answers whether it must be filled. */
  open(tableId: number, shape: ViewShape): boolean {
    const columnsJson = JSON.stringify(Object.entries(shape.columns).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.#load().get(shape.name);
    const fits =
      known?.tableId === tableId && known.version === shape.version && known.columnsJson === columnsJson;
    if (fits && known.built) return false;
    try {
      inTransaction(this.#sql.db, () => {
        if (known !== undefined) this.#drop(known);
        this.#create(tableId, shape, columnsJson);
      });
    } finally {
      this.forget();
    }
    return true;
  }

  /**
   * A commit to the table projects for the views `names` only: any other view of it is out of date from now on, and
   * is rebuilt when it is opened.
   */
  expectOnly(tableId: number, names: readonly string[]): void {
    for (const view of this.#load().values()) {
      if (view.tableId !== tableId || !view.built || names.includes(view.name)) continue;
      this.#setBuilt(view, false);
    }
  }

  /** Sets or, with undefined, removes the view's row of a key. A view that is not there is left alone. */
  put(name: string, key: string, row: ViewRow | undefined): void {
    const view = this.#load().get(name);
    if (view === undefined) return;
    if (view.setColumns.length > 0) this.#sql.run(`DELETE FROM view_${view.id}_sets WHERE key = ?`, key);
    if (row === undefined) {
      this.#sql.run(`DELETE FROM view_${view.id} WHERE key = ?`, key);
      return;
    }
    const columns = ['key', ...view.plainColumns.map(sqlColumn)];
    const values = view.plainColumns.map((column) => plainValue(row[column]));
    const holes = columns.map(() => '?').join(', ');
    this.#sql.run(`REPLACE INTO view_${view.id} (${columns.join(', ')}) VALUES (${holes})`, key, ...values);
    for (const column of view.setColumns) {
      const members = row[column];
      if (!Array.isArray(members)) continue;
      for (const member of members as readonly string[]) {
        this.#sql.run(
          `INSERT OR IGNORE INTO view_${view.id}_sets (name, value, key) VALUES (?, ?, ?)`,
          column,
          member,
          key,
        );
      }
    }
  }

  fill({ name, rows }: WorkerCalls['fillView']['request']): undefined {
    const view = this.#find(name);
    inTransaction(this.#sql.db, () => {
      for (const { key, revision, row } of rows) {
        const isCurrent =
          this.#sql.get(
            'SELECT 1 FROM store_rows WHERE table_id = ? AND key = ? AND revision = ?',
            view.tableId,
            key,
            revision,
          ) !== undefined;
        if (isCurrent) this.put(name, key, row);
      }
    });
  }

  finish({ name }: WorkerCalls['finishView']['request']): undefined {
    const view = this.#find(name);
    try {
      inTransaction(this.#sql.db, () => this.#setBuilt(view, true));
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  keys({ name, where, after, limit }: WorkerCalls['viewKeys']['request']): readonly string[] {
    const view = this.#find(name);
    const { sql, values } = conditionsToSql(view, where);
    const afterSql = after === undefined ? '' : ' AND v.key > ?';
    const rows = this.#sql.all<{ key: string }>(
      `SELECT v.key AS key FROM view_${view.id} v WHERE ${sql}${afterSql} ORDER BY v.key LIMIT ?`,
      ...values,
      ...(after === undefined ? [] : [after]),
      limit,
    );
    return rows.map(({ key }) => key);
  }

  countBy({
    name,
    column,
    where,
  }: WorkerCalls['viewCount']['request']): ReadonlyMap<string | number, number> {
    const view = this.#find(name);
    const { sql, values } = conditionsToSql(view, where);
    const isSet = view.setColumns.includes(column);
    if (!isSet && !view.plainColumns.includes(column))
      throw new Error(`view ${name} has no column ${column}`);
    const rows = isSet
      ? this.#sql.all<{ value: string | number; count: number }>(
          `SELECT s.value AS value, count(*) AS count FROM view_${view.id}_sets s JOIN view_${view.id} v ON v.key = s.key
           WHERE s.name = ? AND ${sql} GROUP BY s.value`,
          column,
          ...values,
        )
      : this.#sql.all<{ value: string | number; count: number }>(
          `SELECT v.${sqlColumn(column)} AS value, count(*) AS count FROM view_${view.id} v
           WHERE v.${sqlColumn(column)} IS NOT NULL AND ${sql} GROUP BY 1`,
          ...values,
        );
    return new Map(rows.map(({ value, count }) => [value, count]));
  }

  #load(): Map<string, ViewState> {
    if (this.#views !== undefined) return this.#views;
    const rows = this.#sql.all<{
      id: number;
      name: string;
      table_id: number;
      version: number;
      columns: string;
      built: number;
    }>('SELECT id, name, table_id, version, columns, built FROM store_views');
    this.#views = new Map(
      rows.map((row) => {
        const columns = JSON.parse(row.columns) as [string, ViewColumn][];
        const state: ViewState = {
          id: row.id,
          name: row.name,
          tableId: row.table_id,
          version: row.version,
          columnsJson: row.columns,
          plainColumns: columns.filter(([, type]) => type !== 'set').map(([column]) => column),
          setColumns: columns.filter(([, type]) => type === 'set').map(([column]) => column),
          built: row.built === 1,
        };
        return [row.name, state];
      }),
    );
    return this.#views;
  }

  #find(name: string): ViewState {
    const view = this.#load().get(name);
    if (view === undefined) throw new Error(`view ${name} is not open`);
    return view;
  }

  #setBuilt(view: ViewState, built: boolean): void {
    this.#sql.run('UPDATE store_views SET built = ? WHERE id = ?', built ? 1 : 0, view.id);
    view.built = built;
  }

  #drop(view: ViewState): void {
    this.#sql.db.exec(`DROP TABLE IF EXISTS view_${view.id}; DROP TABLE IF EXISTS view_${view.id}_sets`);
    this.#sql.run('DELETE FROM store_views WHERE id = ?', view.id);
  }

  #create(tableId: number, shape: ViewShape, columnsJson: string): void {
    const made = this.#sql.get<{ id: number }>(
      'INSERT INTO store_views (name, table_id, version, columns, built) VALUES (?, ?, ?, ?, 0) RETURNING id',
      shape.name,
      tableId,
      shape.version,
      columnsJson,
    );
    if (made === undefined) throw new Error(`view ${shape.name} was not created`);
    const { id } = made;
    const plain = Object.entries(shape.columns).filter(([, type]) => type !== 'set');
    const definitions = plain.map(
      ([column, type]) => `, ${sqlColumn(column)} ${type === 'integer' ? 'INTEGER' : 'TEXT'}`,
    );
    const statements = [
      `CREATE TABLE view_${id} (key TEXT PRIMARY KEY${definitions.join('')}) STRICT, WITHOUT ROWID`,
      ...plain.map(
        ([column]) => `CREATE INDEX view_${id}_by_${column} ON view_${id} (${sqlColumn(column)}, key)`,
      ),
      `CREATE TABLE view_${id}_sets (name TEXT, value TEXT, key TEXT, PRIMARY KEY (name, value, key)) STRICT, WITHOUT ROWID`,
      `CREATE INDEX view_${id}_sets_by_key ON view_${id}_sets (key)`,
    ];
    for (const statement of statements) this.#sql.db.exec(statement);
  }
}

function plainValue(value: ViewRow[string] | undefined): SqlValue {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
