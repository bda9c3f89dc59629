import type { View, ViewCondition, ViewDefinition, ViewQuery, ViewRow } from '../../base/table.ts';
import { checkLimit, type SqliteTable } from './sqlite-table.ts';
import { checkColumn, checkConditions, checkRow } from './view-shape.ts';
import type { WorkerLink } from './worker-link.ts';

/** Keys of a query when no limit is given. */
const keysLimitDefault = 1000;
/** Rows of one page of a rebuild: what it holds in memory at a time. */
const rebuildPageRows = 500;

/** A view of the SQLite engine. Its rows are projected here and written by the commit that changes the table's row. */
export class SqliteView implements View {
  readonly #definition: ViewDefinition;
  readonly #link: WorkerLink;

  private constructor(definition: ViewDefinition, link: WorkerLink) {
    this.#definition = definition;
    this.#link = link;
  }

  /** Opens a view whose definition has been checked, and fills it when what is stored does not fit it. */
  static async open(definition: ViewDefinition, table: SqliteTable, link: WorkerLink): Promise<SqliteView> {
    const view = new SqliteView(definition, link);
    // From here on every batch sent carries this view's rows, so that a rebuild misses nothing committed meanwhile.
    table.addView(view);
    try {
      const { name, version, columns } = definition;
      const { stale } = await link.call('openView', { tableId: table.id, shape: { name, version, columns } });
      if (stale) await view.#rebuild(table);
      return view;
    } catch (error) {
      table.removeView(view);
      throw error;
    }
  }

  get name(): string {
    return this.#definition.name;
  }

  /** The row as it goes into the view. Throws what the definition's function throws, TypeError when it does not fit. */
  project(key: string, value: Uint8Array): ViewRow | undefined {
    const row = this.#definition.project(key, value);
    if (row !== undefined) checkRow(this.#definition, row);
    return row;
  }

  async keys({ where, after, limit = keysLimitDefault }: ViewQuery): Promise<readonly string[]> {
    checkLimit(limit);
    return this.#link.call('viewKeys', {
      name: this.name,
      where: checkConditions(this.#definition, where),
      after,
      limit,
    });
  }

  async countBy(
    column: string,
    where: readonly ViewCondition[] = [],
  ): Promise<ReadonlyMap<string | number, number>> {
    checkColumn(this.#definition, column);
    return this.#link.call('viewCount', {
      name: this.name,
      column,
      where: checkConditions(this.#definition, where),
    });
  }

  async #rebuild(table: SqliteTable): Promise<void> {
    const { name } = this;
    let after: string | undefined;
    for (;;) {
      const page = await table.scan('', {
        limit: rebuildPageRows,
        ...(after === undefined ? {} : { after }),
      });
      const rows = page.flatMap(({ key, value, revision }) => {
        const row = this.project(key, value);
        return row === undefined ? [] : [{ key, revision, row }];
      });
      if (rows.length > 0) await this.#link.call('fillView', { name, rows });
      after = page.at(-1)?.key;
      if (page.length < rebuildPageRows) break;
    }
    await this.#link.call('finishView', { name });
  }
}
