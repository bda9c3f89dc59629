import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytes } from '../store-bench.conformance.ts';
import { CommitQueue } from './commit-queue.ts';
import { SqliteTable } from './sqlite-table.ts';
import { callsMax, WorkerLink } from './worker-link.ts';

let dataDir: string;
let link: WorkerLink;
let queue: CommitQueue;
let table: SqliteTable;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-link-'));
  await openLink();
});
afterEach(async () => {
  await link.close();
  await rm(dataDir, { recursive: true });
});

async function openLink(): Promise<void> {
  link = await WorkerLink.open({
    dataDir,
    startTimeMs: 0,
    storeBytesMax: 0,
    quickCheckBytesMax: 1e9,
    tombstonesMax: 10,
  });
  queue = new CommitQueue(link, dataDir, { pendingCommitsMax: 1000, pendingBytesMax: 1e6 });
  const { tableId } = await link.call('openTable', { name: 'things' });
  table = new SqliteTable(tableId, 'things', link, queue);
}

test('when the worker dies, commits in it and behind it are STORE_UNAVAILABLE, and so is all that follows', async () => {
  const commits = [table.commit([{ key: 'a', value: bytes('1') }])];
  await new Promise((resolve) => setImmediate(resolve));
  commits.push(table.commit([{ key: 'b', value: bytes('1') }]));
  const [settled] = await Promise.all([Promise.allSettled(commits), link.terminate()]);
  // The first may have been answered before the worker died; the second was never sent.
  expect(settled[1]).toMatchObject({ status: 'rejected', reason: { reason: 'STORE_UNAVAILABLE' } });
  await expect(table.get('a')).rejects.toThrow(`thread that holds the store in ${dataDir} is gone`);
  await expect(table.commit([{ key: 'c', value: bytes('1') }])).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    metadata: { fault: 'WORKER_GONE' },
  });
  await queue.close();
  await link.close();
});

test('a dead worker holds neither lock nor file', async () => {
  await table.commit([{ key: 'a', value: bytes('1') }]);
  await link.terminate();
  await link.lost;
  await openLink();
  expect((await table.get('a'))?.key).toBe('a');
});

test('calls beyond the bound are refused at once, those below it answered', async () => {
  const calls = Array.from({ length: callsMax }, () => table.get('nothing'));
  await expect(table.get('one more')).rejects.toMatchObject({ metadata: { fault: 'TOO_MANY_CALLS' } });
  expect((await Promise.all(calls)).every((row) => row === undefined)).toBe(true);
  expect(await table.get('again')).toBeUndefined();
});
