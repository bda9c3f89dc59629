import { z } from 'zod';
import { HubError } from '../base/error.ts';
import type { Store, Table } from '../base/table.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import { endpointKeyToString } from '../resilience/endpoint-map.ts';
import type { ForcedBreaker, ForcedBreakers } from '../resilience/forced-breakers.ts';

/** A forced state on disk, version 1. */
const record = z.object({
  v: z.literal(1),
  systemId: z.string(),
  interface: z.string(),
  cause: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().optional(),
});

const pageRows = 1000;

/** Keeps forced breaker states in a table of the store. */
export async function openForcedBreakers(store: Store): Promise<ForcedBreakers> {
  const table = await store.table('forced-breakers');
  return {
    load: () => loadAll(table),
    async save(forced) {
      const value = Buffer.from(JSON.stringify({ v: 1, ...forced }));
      await table.commit([{ key: endpointKeyToString(forced), value }]);
    },
    async remove(key: EndpointKey) {
      await table.commit([{ key: endpointKeyToString(key), value: undefined }]);
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
    const { v: _version, untilMs, ...forced } = record.parse(JSON.parse(new TextDecoder().decode(value)));
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
