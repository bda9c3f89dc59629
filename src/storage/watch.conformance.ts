import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TableEvent } from '../base/table.ts';
import {
  bytes,
  del,
  eventText,
  readWatch,
  revisionOf,
  set,
  type StoreBench,
  text,
  tombstonesMax,
} from './store-bench.conformance.ts';

/** The part of the conformance suite about Table.watch. */
export function describeWatch(bench: StoreBench): void {
  let abort: AbortController;
  beforeEach(() => {
    abort = new AbortController();
  });
  afterEach(() => abort.abort());

  const watch = async (table: string, from: number): Promise<AsyncIterator<readonly TableEvent[]>> =>
    (await bench.store.table(table)).watch(from, abort.signal)[Symbol.asyncIterator]();

  test('from 0 gives every row once, with its newest value, in the order of revisions', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('a', '1'), set('b', '1')]);
    await table.commit([set('c', '1')]);
    await table.commit([set('a', '2')]);
    const events = await readWatch(await watch('things', 0), ({ length }) => length >= 3);
    expect(events.map(eventText)).toEqual(['b=1', 'c=1', 'a=2']);
  });

  test('from 0 says nothing of rows deleted before', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('a', '1'), set('b', '1')]);
    await table.commit([del('a')]);
    const events = watch('things', 0);
    expect((await readWatch(await events, ({ length }) => length >= 1)).map(eventText)).toEqual(['b=1']);
    await table.commit([set('c', '1')]);
    expect((await readWatch(await events, ({ length }) => length >= 1)).map(eventText)).toEqual(['c=1']);
  });

  test('from a revision gives what changed since, deletions included', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('same', '1'), set('changed', '1'), set('deleted', '1')]);
    const from = revisionOf(await table.commit([set('also', '1')]));
    await table.commit([set('changed', '2')]);
    const deleted = revisionOf(await table.commit([del('deleted')]));
    await table.commit([set('new', '1')]);
    const events = await readWatch(await watch('things', from), ({ length }) => length >= 3);
    expect(events.map(eventText)).toEqual(['changed=2', '-deleted', 'new=1']);
    expect(events[1]?.revision).toBe(deleted);
  });

  test('a key deleted and written again comes as written only', async () => {
    const table = await bench.store.table('things');
    const from = revisionOf(await table.commit([set('k', '1')]));
    await table.commit([del('k')]);
    await table.commit([set('k', '2')]);
    await table.commit([set('end', '')]);
    const events = await readWatch(await watch('things', from), ({ length }) => length >= 2);
    expect(events.map(eventText)).toEqual(['k=2', 'end=']);
  });

  test('history and live changes meet without gap or repeat, however they interleave', async () => {
    const table = await bench.store.table('things');
    const total = 1500;
    const commits: Promise<unknown>[] = [];
    for (let n = 0; n < 700; n += 1) commits.push(table.commit([set(`k${n}`, '')]));
    await Promise.all(commits);
    const events = await watch('things', 0);
    for (let n = 700; n < total; n += 1) commits.push(table.commit([set(`k${n}`, '')]));
    const seen = await readWatch(events, (all) => all.some(({ key }) => key === `k${total - 1}`));
    await Promise.all(commits);
    expect(seen).toHaveLength(total);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(total);
    const revisions = seen.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  test('live changes come in order, as sets and deletions', async () => {
    const table = await bench.store.table('things');
    const events = await watch('things', 0);
    await table.commit([set('a', '1')]);
    expect((await readWatch(events, ({ length }) => length >= 1)).map(eventText)).toEqual(['a=1']);
    await table.commit([set('b', '1'), set('a', '2')]);
    expect((await readWatch(events, ({ length }) => length >= 2)).map(eventText).sort()).toEqual([
      'a=2',
      'b=1',
    ]);
    await table.commit([del('a')]);
    expect((await readWatch(events, ({ length }) => length >= 1)).map(eventText)).toEqual(['-a']);
  });

  test('a change wakes a watch that waits', async () => {
    const table = await bench.store.table('things');
    const next = (await watch('things', 0)).next();
    await table.commit([set('k', '1')]);
    expect((await next).value).toMatchObject([{ key: 'k' }]);
  });

  test('a slow reader gets the newest value, not every one', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('first', '')]);
    const events = await watch('things', 0);
    await readWatch(events, ({ length }) => length >= 1);
    for (let n = 0; n < 50; n += 1) await table.commit([set('busy', String(n))]);
    await table.commit([set('end', '')]);
    const seen = await readWatch(events, (all) => all.some(({ key }) => key === 'end'));
    expect(seen.map(eventText)).toEqual(['busy=49', 'end=']);
  });

  test('a commit is never split over two batches, so every batch ends where a watch can resume', async () => {
    const table = await bench.store.table('things');
    for (let n = 0; n < 3; n += 1) {
      await table.commit(Array.from({ length: 400 }, (_, index) => set(`${n}.${index}`, '')));
    }
    const batches = (await bench.store.table('things')).watch(0, abort.signal);
    let seen = 0;
    let lastRevision = 0;
    for await (const batch of batches) {
      expect(batch[0]?.revision).toBeGreaterThan(lastRevision);
      lastRevision = batch.at(-1)?.revision ?? 0;
      seen += batch.length;
      if (seen === 1200) break;
    }
    expect(seen).toBe(1200);
  });

  test('large values come in batches that fit in memory', async () => {
    const table = await bench.store.table('things');
    const value = new Uint8Array(1024 * 1024);
    for (let n = 0; n < 12; n += 1) await table.commit([{ key: `big.${n}`, value }]);
    const events = await watch('things', 0);
    const first = await readWatch(events, ({ length }) => length > 0);
    expect(first.length).toBeLessThan(12);
    await readWatch(events, ({ length }) => length >= 12 - first.length);
  });

  test('a watch sees its own table only', async () => {
    const other = await bench.store.table('other');
    const table = await bench.store.table('things');
    const events = await watch('things', 0);
    await other.commit([set('x', '1')]);
    await table.commit([set('k', '1')]);
    expect((await readWatch(events, ({ length }) => length >= 1)).map(eventText)).toEqual(['k=1']);
  });

  test('an abort ends a watch that waits, and one that begins', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('k', '1')]);
    const events = await watch('things', 0);
    await events.next();
    const next = events.next();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await (await watch('things', 0)).next()).toEqual({ done: true, value: undefined });
  });

  test('a watch ends with STORE_UNAVAILABLE when the store closes', async () => {
    const events = await watch('things', 0);
    const next = events.next();
    const ended = expect(next).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    await bench.store.close();
    await ended;
  });

  test('deletions are remembered over a restart', async () => {
    const table = await bench.store.table('things');
    const from = revisionOf(await table.commit([set('k', '1')]));
    await table.commit([del('k')]);
    await bench.reopen();
    const events = await readWatch(await watch('things', from), ({ length }) => length >= 1);
    expect(events.map(eventText)).toEqual(['-k']);
  });

  test('a position from before the remembered deletions is BAD_CURSOR, a later one and 0 are not', async () => {
    const table = await bench.store.table('things');
    const keys = Array.from({ length: 3 * tombstonesMax }, (_, index) => `k${index}`);
    const old = revisionOf(await table.commit(keys.map((key) => set(key, ''))));
    for (const key of keys) await table.commit([del(key)]);
    const late = revisionOf(await table.commit([set('end', '')]));
    await expect((await watch('things', old)).next()).rejects.toMatchObject({ reason: 'BAD_CURSOR' });
    await bench.reopen();
    await expect((await watch('things', old)).next()).rejects.toMatchObject({ reason: 'BAD_CURSOR' });
    const recent = await readWatch(
      await watch('things', late - tombstonesMax / 2),
      ({ length }) => length > 2,
    );
    expect(recent.at(-1)?.key).toBe('end');
    expect((await readWatch(await watch('things', 0), ({ length }) => length >= 1)).map(eventText)).toEqual([
      'end=',
    ]);
  });

  test('a watch from 0 of a table with forgotten deletions reads on through all its pages', async () => {
    const table = await bench.store.table('things');
    for (let n = 0; n < 1200; n += 400) {
      await table.commit(Array.from({ length: 400 }, (_, index) => set(`stays.${n + index}`, '')));
    }
    const gone = Array.from({ length: 3 * tombstonesMax }, (_, index) => `k${index}`);
    await table.commit(gone.map((key) => set(key, '')));
    for (const key of gone) await table.commit([del(key)]);
    const seen = await readWatch(await watch('things', 0), ({ length }) => length >= 1200);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1200);
  });

  test('a watch that has kept up hears of any number of deletions', async () => {
    const table = await bench.store.table('things');
    const keys = Array.from({ length: 5 * tombstonesMax }, (_, index) => `k${index}`);
    await table.commit(keys.map((key) => set(key, '')));
    const events = await watch('things', 0);
    await readWatch(events, ({ length }) => length >= keys.length);
    const deleted = readWatch(events, ({ length }) => length >= keys.length);
    await table.commit(keys.map((key) => del(key)));
    expect((await deleted).every(({ value }) => value === undefined)).toBe(true);
  });

  test('a position that the store has not come to is BAD_CURSOR', async () => {
    await expect((await watch('things', 1_000_000)).next()).rejects.toMatchObject({ reason: 'BAD_CURSOR' });
  });

  test('a row of every size comes through unharmed', async () => {
    const table = await bench.store.table('things');
    const value = bytes('x'.repeat(3 * 1024 * 1024));
    await table.commit([{ key: 'big', value }]);
    const [event] = await readWatch(await watch('things', 0), ({ length }) => length >= 1);
    expect(text(event?.value)).toBe(text(value));
  });
}
