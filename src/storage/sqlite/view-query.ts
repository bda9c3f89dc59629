import type { ViewCondition } from '../../base/table.ts';
import { prefixEnd } from './key-range.ts';
import type { SqlValue } from './statements.ts';

/** Form of column names: they become part of SQL, so nothing else is let through. */
export const columnPattern = /^[a-z][a-z0-9_]{0,62}$/;

/** A view as SQL knows it. */
export interface SqlView {
  readonly id: number;
  readonly plainColumns: readonly string[];
  readonly setColumns: readonly string[];
}

/** The SQL name of a view's column; its prefix keeps it apart from `key`. Throws on a name that is no identifier. */
export function sqlColumn(column: string): string {
  if (!columnPattern.test(column)) throw new Error(`"${column}" is not a column name`);
  return `c_${column}`;
}

/** The conditions as an SQL expression over the view's table `v`, with its values. No value becomes part of the SQL. */
export function conditionsToSql(
  view: SqlView,
  where: readonly ViewCondition[],
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const parts = where.map((condition) => conditionToSql(view, condition));
  return {
    sql: parts.length === 0 ? 'TRUE' : parts.map(({ sql }) => sql).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

function conditionToSql(view: SqlView, condition: ViewCondition): { sql: string; values: SqlValue[] } {
  const { column } = condition;
  if (view.setColumns.includes(column)) {
    if (!('in' in condition)) throw new Error(`a set column (${column}) takes only "in"`);
    return {
      sql: `v.key IN (SELECT key FROM view_${view.id}_sets WHERE name = ? AND value IN (SELECT value FROM json_each(?)))`,
      values: [column, JSON.stringify(condition.in)],
    };
  }
  if (!view.plainColumns.includes(column)) throw new Error(`the view has no column ${column}`);
  const name = `v.${sqlColumn(column)}`;
  if ('in' in condition) {
    return { sql: `${name} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(condition.in)] };
  }
  if ('contains' in condition) {
    // lower() and instr() instead of LIKE: % and _ mean themselves.
    return { sql: `instr(lower(${name}), lower(?)) > 0`, values: [condition.contains] };
  }
  const end = prefixEnd(condition.prefix);
  return end === undefined
    ? { sql: `${name} >= ?`, values: [condition.prefix] }
    : { sql: `(${name} >= ? AND ${name} < ?)`, values: [condition.prefix, end] };
}
