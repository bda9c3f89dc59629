import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { Store } from '../../base/table.ts';
import { bytes, contents, set } from '../store-bench.conformance.ts';
import { describeTable, tombstonesMax } from '../table.conformance.ts';
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';

describeTable('SQLite', (dataDir) => openSqliteStore({ dataDir, clock: createFakeClock(), tombstonesMax }));

describe('SQLite', () => {
  let dataDir: string;
  let store: Store;
  const open = async (options: Partial<SqliteStoreOptions> = {}): Promise<Store> => {
    store = await openSqliteStore({ dataDir, clock: createFakeClock(), ...options });
    return store;
  };

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'switchyard-sqlite-'));
  });
  afterEach(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  /**
   * Transactions in the write-ahead log: frames that carry a database size are the last of their transaction
   * (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
   */
  async function transactionsInLog(): Promise<number> {
    const log = await readFile(join(dataDir, 'switchyard.db-wal'));
    const frameBytes = 24 + log.readUInt32BE(8);
    let count = 0;
    for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
      const isOfThisRun = log.readUInt32BE(at + 8) === log.readUInt32BE(16);
      if (isOfThisRun && log.readUInt32BE(at + 4) !== 0) count += 1;
    }
    return count;
  }

  describe('group commit', () => {
    test('commits of one turn are one transaction', async () => {
      const one = await (await open()).table('one');
      const two = await store.table('two');
      const before = await transactionsInLog();
      await Promise.all([
        ...Array.from({ length: 64 }, async (_, index) => {
          // Not all at once: after as many promises as it takes.
          for (let n = 0; n < index; n += 1) await Promise.resolve();
          await one.commit([set(`k${index}`, 'v')]);
        }),
        two.commit([set('k', 'v')]),
      ]);
      expect((await transactionsInLog()) - before).toBe(1);
      expect(await one.scan('')).toHaveLength(64);
    });

    test('commits that come while a batch is written share the next one', async () => {
      const table = await (await open()).table('one');
      const before = await transactionsInLog();
      const first = table.commit([set('first', 'v')]);
      // The first batch leaves at the end of this turn; these come after it and before its answer.
      await new Promise((resolve) => setImmediate(resolve));
      const later = Array.from({ length: 20 }, (_, index) => table.commit([set(`k${index}`, 'v')]));
      await Promise.all([first, ...later]);
      expect((await transactionsInLog()) - before).toBe(2);
    });

    test('commits that wait for each other are a transaction each', async () => {
      const table = await (await open()).table('one');
      const before = await transactionsInLog();
      for (let n = 0; n < 5; n += 1) await table.commit([set('k', String(n))]);
      expect((await transactionsInLog()) - before).toBe(5);
    });
  });

  describe('bounds', () => {
    test('at the most pending commits the next is refused, and taken again later', async () => {
      const table = await (await open({ pendingCommitsMax: 3 })).table('one');
      const taken = [1, 2, 3].map((n) => table.commit([set(`k${n}`, 'v')]));
      await expect(table.commit([set('k4', 'v')])).rejects.toMatchObject({
        reason: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('3 commits') as string,
      });
      await Promise.all(taken);
      await table.commit([set('k5', 'v')]);
      expect(await contents(table)).toEqual(['k1=v', 'k2=v', 'k3=v', 'k5=v']);
    });

    test('at the most pending bytes the next is refused', async () => {
      const table = await (await open({ pendingBytesMax: 1000 })).table('one');
      const taken = table.commit([set('a', 'x'.repeat(900))]);
      await expect(table.commit([set('b', 'x'.repeat(200))])).rejects.toMatchObject({
        reason: 'STORE_UNAVAILABLE',
        metadata: { fault: 'QUEUE_FULL', pending_bytes: '901' },
      });
      await taken;
      await table.commit([set('b', 'x'.repeat(200))]);
    });

    test('a commit larger than the bound is refused for what it is', async () => {
      const table = await (await open({ pendingBytesMax: 1000 })).table('one');
      await expect(table.commit([set('a', 'x'.repeat(1000))])).rejects.toMatchObject({
        reason: 'PAYLOAD_TOO_LARGE',
        metadata: { limit: '1000' },
      });
    });
  });

  test.skipIf(process.platform === 'win32')('the folder is for its own user only', async () => {
    const made = join(dataDir, 'new', 'data');
    await open({ dataDir: made });
    expect((await stat(made)).mode & 0o777).toBe(0o700);
  });

  test('closing brings the log home: the folder holds one database file', async () => {
    const table = await (await open()).table('one');
    await table.commit([{ key: 'k', value: bytes('v') }]);
    await store.close();
    await expect(readFile(join(dataDir, 'switchyard.db-wal'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
