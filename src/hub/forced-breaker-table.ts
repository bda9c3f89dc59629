import { z } from 'zod';
import { HubError } from '../base/error.ts';
import type { Store, Table } from '../base/table.ts';
import { breakerKeyToString } from '../resilience/breaker-key.ts';
import type { ForcedBreaker, ForcedBreakers } from '../resilience/forced-breakers.ts';

const fields = {
  systemId: z.string(),
  interface: z.string(),
  cause: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().optional(),
};

/** A forced state on disk. Version 1 knew neither message types nor another state than open. */
const record = z.discriminatedUnion('v', [
  z.object({ v: z.literal(1), ...fields }),
  z.object({
    v: z.literal(2),
    ...fields,
    messageType: z.string(),
    state: z.enum(['FORCED_OPEN', 'FORCED_CLOSED']),
  }),
]);

const pageRows = 1000;

/** Keeps forced breaker states in a table of the store. */
export async function openForcedBreakers(store: Store): Promise<ForcedBreakers> {
  const table = await store.table('forced-breakers');
  return {
    load: () => loadAll(table),
    async save(forced, replaced) {
      const value = Buffer.from(JSON.stringify({ v: 2, ...forced }));
      await table.commit([
        ...replaced.map((key) => ({ key: breakerKeyToString(key), value: undefined })),
        { key: breakerKeyToString(forced), value },
      ]);
    },
    async remove(keys) {
      await table.commit(keys.map((key) => ({ key: breakerKeyToString(key), value: undefined })));
    },
  };
}

async function loadAll(table: Table): Promise<readonly ForcedBreaker[]> {
  const all: ForcedBreaker[] = [];
  for (let after: string | undefined; ;) {
    const rows = await table.scan('', { limit: pageRows, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of rows) all.push(parse(key, value));
    after = rows.at(-1)?.key;
    if (rows.length < pageRows) return all;
  }
}

function parse(key: string, value: Uint8Array): ForcedBreaker {
  try {
    const { v: _version, untilMs, ...kept } = record.parse(JSON.parse(new TextDecoder().decode(value)));
    const forced = { messageType: '', state: 'FORCED_OPEN' as const, ...kept };
    return untilMs === undefined ? forced : { ...forced, untilMs };
  } catch (cause) {
    throw new HubError({
      reason: 'STORE_UNAVAILABLE',
      message: `The forced breaker state "${key}" in the store cannot be read; it was written by a newer hub or is damaged. Start that hub again, or restore a backup.`,
      metadata: { key },
      cause,
    });
  }
}
