import type { Store, Table, TableRow } from '../base/table.ts';

/** A store in memory, as far as keys need one. `fault` makes commits fail. */
export function createMemoryStore(): Store & {
  fault: Error | undefined;
  rows(table: string): Map<string, TableRow>;
} {
  const tables = new Map<string, Map<string, TableRow>>();
  let revision = 0;
  const rowsOf = (name: string): Map<string, TableRow> => {
    const rows = tables.get(name) ?? new Map<string, TableRow>();
    tables.set(name, rows);
    return rows;
  };
  const store = {
    fault: undefined as Error | undefined,
    rows: rowsOf,
    async table(name: string): Promise<Table> {
      const rows = rowsOf(name);
      return {
        get: async (key) => rows.get(key),
        scan: async (prefix, { after = '', limit = 1000 } = {}) =>
          [...rows.values()]
            .filter(({ key }) => key.startsWith(prefix) && key > after)
            .sort((a, b) => (a.key < b.key ? -1 : 1))
            .slice(0, limit),
        async commit(changes) {
          if (store.fault !== undefined) throw store.fault;
          revision += 1;
          for (const { key, value } of changes) {
            if (value === undefined) rows.delete(key);
            else rows.set(key, { key, value, revision });
          }
          return { committed: true, revision };
        },
        watch: async function* () {},
      };
    },
    view: () => Promise.reject(new Error('there are no views here')),
    check: async () => undefined,
    close: async () => undefined,
  };
  return store;
}
