import { isSlug } from '../../base/id.ts';
import type { ViewColumn, ViewCondition, ViewDefinition, ViewRow } from '../../base/table.ts';
import { columnPattern } from './view-query.ts';

/** Columns of one view. */
const columnsMax = 32;
/** Conditions of one query. */
const conditionsMax = 32;

/** Throws RangeError for a definition that cannot be a view: a defect of the code that declares it. */
export function checkDefinition({ name, version, columns }: ViewDefinition): void {
  if (!isSlug(name)) throw new RangeError(`view name "${name}" is not a slug`);
  if (!Number.isSafeInteger(version))
    throw new RangeError(`view ${name}: version ${version} is no whole number`);
  const names = Object.keys(columns);
  if (names.length > columnsMax) throw new RangeError(`view ${name} has more than ${columnsMax} columns`);
  for (const column of names) {
    if (columnPattern.test(column)) continue;
    throw new RangeError(`view ${name}: column "${column}" does not match ${columnPattern.source}`);
  }
}

/** Throws TypeError when a projected row does not fit the columns. An attribute may be left out. */
export function checkRow(definition: ViewDefinition, row: ViewRow): void {
  for (const [column, value] of Object.entries(row)) {
    const type = columnType(definition, column);
    if (type === undefined || !fits(type, value)) {
      throw new TypeError(
        `view ${definition.name}: column "${column}" (${type ?? 'unknown'}) got ${typeof value}`,
      );
    }
  }
}

/**
 * The conditions as the engine takes them: values of another type than the column's match nothing and are left out.
 * Throws RangeError for a column that is not there or cannot be asked that way.
 */
export function checkConditions(
  definition: ViewDefinition,
  where: readonly ViewCondition[],
): readonly ViewCondition[] {
  const { name } = definition;
  if (where.length > conditionsMax)
    throw new RangeError(`view ${name}: more than ${conditionsMax} conditions`);
  return where.map((condition) => {
    const type = checkColumn(definition, condition.column);
    if (!('in' in condition)) {
      if (type !== 'text')
        throw new RangeError(`view ${name}: column "${condition.column}" is ${type}, not text`);
      return condition;
    }
    const wanted = type === 'integer' ? 'number' : 'string';
    return { column: condition.column, in: condition.in.filter((value) => typeof value === wanted) };
  });
}

/** The type of a column. Throws RangeError when the view has none of that name. */
export function checkColumn(definition: ViewDefinition, column: string): ViewColumn {
  const type = columnType(definition, column);
  if (type === undefined) throw new RangeError(`view ${definition.name} has no column "${column}"`);
  return type;
}

function columnType({ columns }: ViewDefinition, column: string): ViewColumn | undefined {
  return Object.hasOwn(columns, column) ? columns[column] : undefined;
}

function fits(type: ViewColumn, value: ViewRow[string]): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'set':
      return Array.isArray(value) && value.every((member) => typeof member === 'string');
  }
}
