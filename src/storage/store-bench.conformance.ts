import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Store, Table, TableChange, TableCommit, TableEvent } from '../base/table.ts';

/** Opens the engine under test in a folder. It must remember at most {@link tombstonesMax} deletions per table. */
export type OpenStore = (dir: string) => Promise<Store>;

/** Few, so that forgetting them is quick to test. */
export const tombstonesMax = 100;

/** One store in a folder of its own, made for each test and removed after it. */
export interface StoreBench {
  readonly store: Store;
  readonly dir: string;
  /** Closes the store and opens it again on the same folder. */
  reopen(): Promise<Store>;
}

/** Registers the hooks that keep a {@link StoreBench}; read it inside tests only. */
export function useStore(openStore: OpenStore): StoreBench {
  let dir = '';
  let store: Store | undefined;
  const bench: StoreBench = {
    get store() {
      if (store === undefined) throw new Error('no store outside a test');
      return store;
    },
    get dir() {
      return dir;
    },
    async reopen() {
      await store?.close();
      store = await openStore(dir);
      return store;
    },
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'switchyard-store-'));
    store = await openStore(dir);
  });
  afterEach(async () => {
    await store?.close();
    store = undefined;
    await rm(dir, { recursive: true });
  });
  return bench;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** A change that sets `key` to `value`. */
export const set = (key: string, value: string, expect?: TableChange['expect']): TableChange => ({
  key,
  value: bytes(value),
  ...(expect === undefined ? {} : { expect }),
});

/** A change that deletes `key`. */
export const del = (key: string, expect?: TableChange['expect']): TableChange => ({
  key,
  value: undefined,
  ...(expect === undefined ? {} : { expect }),
});

/** The revision of a commit that must have succeeded. */
export function revisionOf(result: TableCommit): number {
  if (!result.committed) throw new Error(`not committed: ${result.key} has ${result.found}`);
  return result.revision;
}

/** Everything in a table, as `key=value`. */
export async function contents(table: Table): Promise<string[]> {
  const rows = await table.scan('', { limit: 1_000_000 });
  return rows.map(({ key, value }) => `${key}=${text(value) ?? ''}`);
}

/** An event as `key=value` or `-key`. */
export const eventText = ({ key, value }: TableEvent): string =>
  value === undefined ? `-${key}` : `${key}=${text(value) ?? ''}`;

/** Reads batches of a watch until `isEnough` of all events so far; returns those events. */
export async function readWatch(
  batches: AsyncIterator<readonly TableEvent[]>,
  isEnough: (events: readonly TableEvent[]) => boolean,
): Promise<TableEvent[]> {
  const events: TableEvent[] = [];
  while (!isEnough(events)) {
    const next = await batches.next();
    if (next.done === true) throw new Error(`the watch ended after ${events.length} events`);
    events.push(...next.value);
  }
  return events;
}
