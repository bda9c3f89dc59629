import type { Revision, Table, TableRow } from '../base/table.ts';
import { decodeCatalogRecord } from './catalog-record.ts';
import type { KeptCatalog } from './catalog.ts';
import { beforeSystems, rowKeys, rowPrefixes } from './registry-row.ts';
import { decodeSystemRecord, type SystemRecord } from './system-record.ts';

/** A system as the store holds it. */
export interface SystemRow {
  readonly record: SystemRecord;
  readonly revision: Revision;
}

/** A catalog as the store holds it. */
export interface CatalogRow {
  readonly kept: KeptCatalog;
  readonly revision: Revision;
}

/** Rows read at once at the start. */
const pageRows = 1000;
/** The same of those that are large: descriptor sets and catalogs. */
const largePageRows = 8;

/** Reads every system. Rejects with STORE_UNAVAILABLE when a record cannot be read; the text names its key. */
export async function loadSystems(table: Table): Promise<readonly SystemRow[]> {
  const rows: SystemRow[] = [];
  for await (const { key, value, revision } of allRows(table, '', pageRows, beforeSystems)) {
    rows.push({ record: decodeSystemRecord(key, value), revision });
  }
  return rows;
}

/** Reads every catalog, or the one of this name. Rejects like {@link loadSystems}. */
export async function loadCatalogs(table: Table, name?: string): Promise<readonly CatalogRow[]> {
  const sets = new Map<string, Uint8Array>();
  const setPrefix = name === undefined ? rowPrefixes.descriptorSets : rowKeys.descriptorSet(name, '');
  for await (const { key, value } of allRows(table, setPrefix, largePageRows)) sets.set(key, value);
  const rows: CatalogRow[] = [];
  const read = ({ key, value, revision }: TableRow): void => {
    rows.push({ kept: decodeCatalogRecord(key, value, sets), revision });
  };
  if (name === undefined) {
    for await (const row of allRows(table, rowPrefixes.catalogs, largePageRows)) read(row);
  } else {
    const row = await table.get(rowKeys.catalog(name));
    if (row !== undefined) read(row);
  }
  return rows;
}

async function* allRows(
  table: Table,
  prefix: string,
  limit: number,
  from?: string,
): AsyncGenerator<TableRow, void, undefined> {
  for (let after = from; ;) {
    const page = await table.scan(prefix, { limit, ...(after === undefined ? {} : { after }) });
    yield* page;
    after = page.at(-1)?.key;
    if (page.length < limit) return;
  }
}
