import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import type { Store } from '../base/table.ts';
import type { ForcedBreaker } from '../resilience/forced-breakers.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { openForcedBreakers } from './forced-breaker-table.ts';

let dataDir: string;
let store: Store & { close(): Promise<void> };
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-forced-'));
  store = await openSqliteStore({ dataDir, clock: systemClock });
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

const own: ForcedBreaker = {
  systemId: 'ledger',
  interface: 'rest',
  messageType: '',
  state: 'FORCED_OPEN',
  cause: 'ann',
  sinceMs: 1000,
};
const ofType: ForcedBreaker = { ...own, messageType: 'pay', state: 'FORCED_CLOSED', untilMs: 5000 };

test('what is saved is loaded, of an interface and of its types', async () => {
  const forced = await openForcedBreakers(store);
  await forced.save(own, []);
  await forced.save(ofType, []);
  expect(await (await openForcedBreakers(store)).load()).toEqual([own, ofType]);
});

test('one that is saved takes the place of others, and several go at once', async () => {
  const forced = await openForcedBreakers(store);
  await forced.save(ofType, []);
  await forced.save({ ...ofType, messageType: 'ask' }, []);
  await forced.save(own, [ofType]);
  expect((await forced.load()).map(({ messageType }) => messageType)).toEqual(['', 'ask']);
  await forced.remove([own, { ...ofType, messageType: 'ask' }, ofType]);
  expect(await forced.load()).toEqual([]);
});

test('a row of version 1 is an interface that is forced open', async () => {
  const table = await store.table('forced-breakers');
  const old = { v: 1, systemId: 'ledger', interface: 'rest', cause: 'ann', sinceMs: 1000 };
  await table.commit([{ key: 'ledger/rest', value: Buffer.from(JSON.stringify(old)) }]);
  expect(await (await openForcedBreakers(store)).load()).toEqual([own]);
});

test.each(['{', '{"v":3}', '{"v":2,"systemId":"ledger"}'])('a row %j is refused by name', async (text) => {
  const table = await store.table('forced-breakers');
  await table.commit([{ key: 'ledger/rest', value: Buffer.from(text) }]);
  await expect((await openForcedBreakers(store)).load()).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    metadata: { key: 'ledger/rest' },
  });
});
