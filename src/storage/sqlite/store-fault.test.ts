import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { Store } from '../../base/table.ts';
import { bytes, contents, del, set } from '../store-bench.conformance.ts';
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';

let root: string;
let dataDir: string;
let file: string;
let opened: Store[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'switchyard-fault-'));
  dataDir = join(root, 'data');
  file = join(dataDir, 'switchyard.db');
  opened = [];
});
afterEach(async () => {
  await closeAll();
  await rm(root, { recursive: true });
});

async function closeAll(): Promise<void> {
  for (const store of opened) await store.close();
}

async function openStore(options: Partial<SqliteStoreOptions> = {}): Promise<Store> {
  const store = await openSqliteStore({ dataDir, clock: createFakeClock(), ...options });
  opened.push(store);
  return store;
}

/** Opening must fail with STORE_UNAVAILABLE whose text holds all of `texts` and no stack. */
async function expectRefused(...texts: string[]): Promise<void> {
  const error = await openStore().then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ name: 'HubError', reason: 'STORE_UNAVAILABLE' });
  for (const text of texts) expect(error?.message).toContain(text);
  expect(error?.message).not.toMatch(/\n|\bat .*:\d+/);
}

/** Whether this process may mount: root on Linux, and not in a container that forbids it. */
function tryMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(join(tmpdir(), 'switchyard-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(probe);
  }
}

describe('a data folder that cannot be used', () => {
  test('is a file', async () => {
    await writeFile(dataDir, 'mine');
    await expectRefused(dataDir, 'is a file', '--data-dir');
    expect(await readFile(dataDir, 'utf8')).toBe('mine');
  });

  test('lies below a file', async () => {
    await writeFile(join(root, 'file'), '');
    dataDir = join(root, 'file', 'data');
    await expectRefused(dataDir, 'part of its path is a file');
  });

  test('has a folder where the database should be', async () => {
    await mkdir(file, { recursive: true });
    await expectRefused(file, 'cannot be opened for writing');
  });

  test('may not be written to', async () => {
    await mkdir(dataDir);
    if (process.getuid?.() === 0) {
      // Nothing is forbidden to root but writing to a file system that takes no files.
      dataDir = '/proc/switchyard-data';
      await expectRefused(dataDir, 'cannot be made');
      return;
    }
    await chmod(dataDir, 0o500);
    await expectRefused(dataDir, 'is not writable');
    expect(await readdir(dataDir)).toEqual([]);
  });
});

test('a data folder is made with its parents', async () => {
  dataDir = join(root, 'a', 'b', 'c');
  await openStore();
  expect((await stat(dataDir)).isDirectory()).toBe(true);
});

describe('a store that cannot be read', () => {
  test('of garbage is refused and left as it is', async () => {
    await mkdir(dataDir);
    const garbage = Buffer.alloc(20_000, 'not a database ');
    await writeFile(file, garbage);
    await expectRefused(file, 'is damaged', 'not a SQLite database', 'backup');
    expect((await readFile(file)).equals(garbage)).toBe(true);
    expect(await readdir(dataDir)).toEqual(expect.not.arrayContaining(['switchyard.holder.json']));
  });

  test('with a damaged page is refused at the start', async () => {
    const table = await (await openStore()).table('things');
    await table.commit(Array.from({ length: 500 }, (_, index) => set(`key.${index}`, 'x'.repeat(200))));
    await opened.pop()?.close();
    const handle = await open(file, 'r+');
    const { size } = await handle.stat();
    for (let page = 20; page < Math.min(30, size / 4096); page += 1) {
      await handle.write(Buffer.alloc(512, 0xa5), 0, 512, page * 4096);
    }
    await handle.close();
    const damaged = await readFile(file);
    await expectRefused(file, 'is damaged', 'backup');
    expect((await readFile(file)).equals(damaged)).toBe(true);
  });

  test('cut short is refused', async () => {
    const table = await (await openStore()).table('things');
    await table.commit(Array.from({ length: 500 }, (_, index) => set(`key.${index}`, 'x'.repeat(200))));
    await opened.pop()?.close();
    const handle = await open(file, 'r+');
    await handle.truncate(10 * 4096);
    await handle.close();
    await expectRefused(file, 'is damaged');
  });

  test('from a newer hub is refused and left as it is', async () => {
    await (await openStore()).close();
    const db = new Database(file);
    db.pragma('user_version = 99');
    db.close();
    await expectRefused(file, 'has schema 99', 'a newer hub wrote it');
    const after = new Database(file);
    expect(after.pragma('user_version', { simple: true })).toBe(99);
    after.close();
  });

  test('of another program is refused and left as it is', async () => {
    await mkdir(dataDir);
    const db = new Database(file);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    const before = await readFile(file);
    await expectRefused(file, 'of another program');
    expect((await readFile(file)).equals(before)).toBe(true);
  });

  test('is opened once it is mended, by the same process', async () => {
    await mkdir(dataDir);
    await writeFile(file, Buffer.alloc(5000, 1));
    await expectRefused(file);
    await rm(file);
    await (await openStore()).check();
  });
});

describe('a full disk', () => {
  const big = 'x'.repeat(50_000);

  /** Commits until the store is full; returns the keys that were acknowledged. */
  async function fill(store: Store): Promise<string[]> {
    const table = await store.table('things');
    const written: string[] = [];
    for (let n = 0; ; n += 1) {
      try {
        await table.commit([set(`k${n}`, big), set(`m${n}`, 'with it')]);
        written.push(`k${n}`);
      } catch (error) {
        expect(error).toMatchObject({
          reason: 'STORE_UNAVAILABLE',
          metadata: { fault: 'SQLITE_FULL', path: file },
        });
        expect((error as Error).message).toMatch(/is full.*Free space/);
        return written;
      }
    }
  }

  async function expectFull(store: Store): Promise<void> {
    await expect(store.check()).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  }

  test('refuses commits whole, keeps what was acknowledged, and recovers by itself', async () => {
    const store = await openStore({ storeBytesMax: 1024 * 1024 });
    const view = await store.view({
      name: 'sizes',
      version: 1,
      table: 'things',
      columns: { size: 'integer' },
      project: (_key, value) => ({ size: value.byteLength }),
    });
    const table = await store.table('things');
    const written = await fill(store);
    expect(written.length).toBeGreaterThan(3);
    await expectFull(store);
    const keys = async (): Promise<string[]> => (await table.scan('k')).map(({ key }) => key);
    expect(await keys()).toEqual([...written].sort());
    expect(await table.scan('m')).toHaveLength(written.length);
    expect(await view.keys({ where: [{ column: 'size', in: [50_000] }] })).toEqual([...written].sort());

    // Failed commits leave no trace in the revision either: a watch must not be told of a position that is not durable.
    const last = (await table.get(written.at(-1) ?? ''))?.revision ?? 0;
    const revision = await table.commit([del('k0'), del('k1')]);
    expect(revision).toEqual({ committed: true, revision: last + 1 });
    await store.check();
    const next = await table.commit([set('after', big)]);
    expect(revision.committed && next.committed && next.revision - revision.revision).toBe(1);
    await store.close();
    const again = await (await openStore()).table('things');
    expect((await again.scan('after')).length).toBe(1);
    expect((await again.scan('k')).length).toBe(written.length - 2);
  });

  test('costs the whole batch: none of it is acknowledged, none is there', async () => {
    const store = await openStore({ storeBytesMax: 1024 * 1024 });
    const table = await store.table('things');
    await table.commit([set('before', 'v')]);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => table.commit([set(`k${index}`, big)])),
    );
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await contents(table)).toEqual(['before=v']);
    await store.check();
  });

  const canMount = tryMount();
  test.runIf(canMount)('of a real file system: refused, then recovered when there is space', async () => {
    await mkdir(dataDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dataDir]);
    try {
      const ballast = join(dataDir, 'ballast');
      await writeFile(ballast, Buffer.alloc(800_000));
      const store = await openStore();
      const written = await fill(store);
      await expectFull(store);
      await rm(ballast);
      await store.check();
      const table = await store.table('things');
      await table.commit([set('after', big)]);
      expect((await table.scan('k')).map(({ key }) => key)).toEqual([...written].sort());
    } finally {
      await closeAll();
      execFileSync('umount', [dataDir]);
    }
  });

  test.runIf(canMount)('at the start, or a read-only one, is a clear refusal', async () => {
    await mkdir(dataDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dataDir]);
    try {
      await writeFile(join(dataDir, 'ballast'), Buffer.alloc(64 * 1024));
      await expectRefused(dataDir, 'full');
      await rm(join(dataDir, 'ballast'));
      execFileSync('mount', ['-o', 'remount,ro', dataDir]);
      await expectRefused(dataDir, 'mounted read-only');
    } finally {
      await closeAll();
      execFileSync('umount', [dataDir]);
    }
  });
});

test('a store locked by another program is refused with that reason, and works again after', async () => {
  const store = await openStore();
  const table = await store.table('things');
  await table.commit([{ key: 'k', value: bytes('1') }]);
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  await expect(table.commit([set('k', '2')])).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('locked by another program') as string,
  });
  other.exec('ROLLBACK');
  other.close();
  await store.check();
  expect(await contents(table)).toEqual(['k=1']);
}, 20_000);
