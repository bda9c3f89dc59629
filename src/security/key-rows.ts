import type { Table, TableRow } from '../base/table.ts';

const pageRows = 1000;

/** Every row of a table. For small ones: it is all in memory then. */
export async function loadRows(table: Table): Promise<readonly TableRow[]> {
  const all: TableRow[] = [];
  for (let after: string | undefined; ;) {
    const rows = await table.scan('', { limit: pageRows, ...(after === undefined ? {} : { after }) });
    all.push(...rows);
    after = rows.at(-1)?.key;
    if (rows.length < pageRows) return all;
  }
}
