import { describe, expect, test } from 'vitest';
import {
  bytes,
  contents,
  del,
  type OpenStore,
  revisionOf,
  set,
  type StoreBench,
  text,
  useStore,
} from './store-bench.conformance.ts';
import { describeModel } from './model.conformance.ts';
import { describeViews } from './view.conformance.ts';
import { describeWatch } from './watch.conformance.ts';

export { tombstonesMax } from './store-bench.conformance.ts';

/**
 * What every engine behind the ports Store, Table and View must do (`src/base/table.ts`). `openStore` opens the engine
 * in a folder, and lets it remember at most {@link tombstonesMax} deletions per table.
 */
export function describeTable(name: string, openStore: OpenStore): void {
  describe(`${name}: table`, () => {
    const bench = useStore(openStore);
    describeReading(bench);
    describeCommits(bench);
    describeDurability(bench);
  });
  describe(`${name}: watch`, () => describeWatch(useStore(openStore)));
  describe(`${name}: views`, () => describeViews(useStore(openStore)));
  describe(`${name}: against a model`, () => describeModel(useStore(openStore)));
}

function describeReading(bench: StoreBench): void {
  test('a key that was never written is not there', async () => {
    const table = await bench.store.table('things');
    expect(await table.get('nothing')).toBeUndefined();
    expect(await table.scan('')).toEqual([]);
  });

  test('a row comes back with its bytes and the revision of its commit', async () => {
    const table = await bench.store.table('things');
    const value = Uint8Array.from({ length: 256 }, (_, index) => index);
    const revision = revisionOf(await table.commit([{ key: 'all.bytes', value }]));
    const row = await table.get('all.bytes');
    expect(row?.revision).toBe(revision);
    expect(Array.from(row?.value ?? [])).toEqual(Array.from(value));
  });

  test('an empty value is a value', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('empty', '')]);
    expect((await table.get('empty'))?.value.byteLength).toBe(0);
    expect(await contents(table)).toEqual(['empty=']);
  });

  test('a part of a larger buffer is stored without the rest of it', async () => {
    const table = await bench.store.table('things');
    await table.commit([{ key: 'part', value: bytes('--part--').subarray(2, 6) }, set('next', 'n')]);
    expect(await contents(table)).toEqual(['next=n', 'part=part']);
  });

  test('a scan is in the order of bytes, not of UTF-16 units or of people', async () => {
    const table = await bench.store.table('things');
    const keys = ['b', 'a', 'B', 'ä', 'a\u0000', 'aa', '\uffee', '\u{1f600}', '1', '10', '2'];
    await table.commit(keys.map((key) => set(key, '')));
    const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await table.scan('')).map(({ key }) => key)).toEqual(inOrder);
  });

  test('a scan by prefix finds what starts with it, and takes % and _ literally', async () => {
    const table = await bench.store.table('things');
    await table.commit(
      ['a', 'a.b', 'a.c', 'a/', 'ab', 'a%', 'a_x', 'b', 'a\u{10ffff}'].map((key) => set(key, '')),
    );
    const scan = async (prefix: string): Promise<string[]> =>
      (await table.scan(prefix)).map(({ key }) => key);
    expect(await scan('a.')).toEqual(['a.b', 'a.c']);
    expect(await scan('a%')).toEqual(['a%']);
    expect(await scan('a_')).toEqual(['a_x']);
    expect(await scan('a\u{10ffff}')).toEqual(['a\u{10ffff}']);
    expect(await scan('c')).toEqual([]);
  });

  test('pages follow each other without gap or repeat', async () => {
    const table = await bench.store.table('things');
    const keys = Array.from({ length: 25 }, (_, index) => `p.${String(index).padStart(2, '0')}`);
    await table.commit([...keys, 'o', 'q'].map((key) => set(key, '')));
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await table.scan('p.', { limit: 10, ...(after === undefined ? {} : { after }) });
      seen.push(...page.map(({ key }) => key));
      if (page.length < 10) break;
    }
    expect(seen).toEqual(keys);
  });

  test('`after` may lie before or behind the prefix and need not be a row', async () => {
    const table = await bench.store.table('things');
    await table.commit(['a1', 'b1', 'b2', 'c1'].map((key) => set(key, '')));
    const scan = async (after: string): Promise<string[]> =>
      (await table.scan('b', { after })).map(({ key }) => key);
    expect(await scan('a')).toEqual(['b1', 'b2']);
    expect(await scan('b11')).toEqual(['b2']);
    expect(await scan('c')).toEqual([]);
  });

  test('a scan without limit gives 1000 rows', async () => {
    const table = await bench.store.table('things');
    await table.commit(Array.from({ length: 1001 }, (_, index) => set(`k${index}`, '')));
    expect(await table.scan('')).toHaveLength(1000);
  });

  test('tables do not see each other', async () => {
    const one = await bench.store.table('one');
    const two = await bench.store.table('two');
    await one.commit([set('k', '1')]);
    expect(await two.get('k')).toBeUndefined();
    await two.commit([del('k')]);
    expect(await contents(one)).toEqual(['k=1']);
  });

  test.each([
    ['upper case', 'Things'],
    ['SQL', `x"; drop table store_rows; --`],
    ['nothing', ''],
  ])('a table name that is no slug (%s) is refused', async (_, name) => {
    await expect(bench.store.table(name)).rejects.toThrow('slug');
  });

  test.each([
    ['nothing', ''],
    ['half a character', 'a\ud800'],
    ['too long', 'k'.repeat(1025)],
  ])('a key that is %s is refused', async (_, key) => {
    const table = await bench.store.table('things');
    await expect(table.commit([set(key, 'v')])).rejects.toThrow('a key is');
    expect(await contents(table)).toEqual([]);
  });
}

function describeCommits(bench: StoreBench): void {
  test('the revision grows over all tables with every commit', async () => {
    const one = await bench.store.table('one');
    const two = await bench.store.table('two');
    const first = revisionOf(await one.commit([set('k', '1')]));
    const second = revisionOf(await two.commit([set('k', '1')]));
    const third = revisionOf(await one.commit([del('k')]));
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
  });

  test('all rows of a commit have its revision', async () => {
    const table = await bench.store.table('things');
    const revision = revisionOf(await table.commit([set('a', '1'), set('b', '2')]));
    expect((await table.scan('')).map((row) => row.revision)).toEqual([revision, revision]);
  });

  test('a deleted key is gone and can come back', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('k', '1')]);
    await table.commit([del('k')]);
    expect(await table.get('k')).toBeUndefined();
    await table.commit([set('k', '2', 'absent')]);
    expect(text((await table.get('k'))?.value)).toBe('2');
  });

  test('deleting what is not there succeeds', async () => {
    const table = await bench.store.table('things');
    expect(await table.commit([del('k')])).toMatchObject({ committed: true });
  });

  test('a commit of nothing succeeds', async () => {
    const table = await bench.store.table('things');
    const revision = revisionOf(await table.commit([set('k', '1')]));
    expect(await table.commit([])).toEqual({ committed: true, revision });
  });

  test('an expected revision that holds lets the commit through, once', async () => {
    const table = await bench.store.table('things');
    const first = revisionOf(await table.commit([set('k', '1', 'absent')]));
    const second = revisionOf(await table.commit([set('k', '2', first)]));
    expect(await table.commit([set('k', '3', first)])).toEqual({ committed: false, key: 'k', found: second });
    expect(await table.commit([del('k', first)])).toEqual({ committed: false, key: 'k', found: second });
    expect(await contents(table)).toEqual(['k=2']);
  });

  test('`absent` fails where there is a row, and a revision where there is none', async () => {
    const table = await bench.store.table('things');
    const revision = revisionOf(await table.commit([set('k', '1')]));
    expect(await table.commit([set('k', '2', 'absent')])).toEqual({
      committed: false,
      key: 'k',
      found: revision,
    });
    expect(await table.commit([set('other', '2', revision)])).toEqual({
      committed: false,
      key: 'other',
      found: 'absent',
    });
  });

  test('a failed expectation anywhere writes nothing, and names the first', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('a', '1'), set('b', '1')]);
    const result = await table.commit([
      set('a', '2'),
      set('c', '2', 12345),
      set('b', '2', 'absent'),
      del('b'),
    ]);
    expect(result).toEqual({ committed: false, key: 'c', found: 'absent' });
    expect(await contents(table)).toEqual(['a=1', 'b=1']);
  });

  test('commits of one turn are written in the order of asking, and a refused one spoils no other', async () => {
    const table = await bench.store.table('things');
    const results = await Promise.all([
      table.commit([set('k', '1', 'absent')]),
      table.commit([set('k', '2', 'absent'), set('lost', 'x')]),
      table.commit([set('m', '1', 'absent')]),
      table.commit([set('k', '3')]),
    ]);
    expect(results.map(({ committed }) => committed)).toEqual([true, false, true, true]);
    const revisions = results.flatMap((result) => (result.committed ? [result.revision] : []));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(new Set(revisions).size).toBe(3);
    expect(results[1]).toMatchObject({ key: 'k', found: revisions[0] });
    expect(await contents(table)).toEqual(['k=3', 'm=1']);
  });

  test('of many that compete for a row exactly one wins', async () => {
    const table = await bench.store.table('things');
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => table.commit([set('seat', String(index), 'absent')])),
    );
    expect(results.filter(({ committed }) => committed)).toHaveLength(1);
    expect(await contents(table)).toEqual(['seat=0']);
  });

  test('counters raised by compare-and-set from many sides lose no step', async () => {
    const table = await bench.store.table('things');
    await table.commit([set('n', '0')]);
    const raise = async (): Promise<void> => {
      for (;;) {
        const row = await table.get('n');
        if (row === undefined) throw new Error('the counter is gone');
        const next = String(Number(text(row.value)) + 1);
        if ((await table.commit([set('n', next, row.revision)])).committed) return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, raise));
    expect(await contents(table)).toEqual(['n=20']);
  });

  test('a read after a commit resolved sees it', async () => {
    const table = await bench.store.table('things');
    for (let n = 0; n < 20; n += 1) {
      await table.commit([set('k', String(n))]);
      expect(text((await table.get('k'))?.value)).toBe(String(n));
    }
  });
}

function describeDurability(bench: StoreBench): void {
  test('rows, deletions and revisions survive closing and opening', async () => {
    const before = await bench.store.table('things');
    await before.commit([set('stays', '1'), set('goes', '1')]);
    const last = revisionOf(await before.commit([del('goes')]));
    const after = await (await bench.reopen()).table('things');
    expect(await contents(after)).toEqual(['stays=1']);
    expect(revisionOf(await after.commit([set('new', '1')]))).toBeGreaterThan(last);
  });

  test('the revision grows on even when the last commit only deleted', async () => {
    const before = await bench.store.table('things');
    await before.commit([set('k', '1')]);
    const last = revisionOf(await before.commit([del('k')]));
    const after = await (await bench.reopen()).table('things');
    expect(revisionOf(await after.commit([set('k', '2')]))).toBeGreaterThan(last);
  });

  test('closing finishes the commits that were begun', async () => {
    const table = await bench.store.table('things');
    const begun = Array.from({ length: 100 }, (_, index) => table.commit([set(`k${index}`, '')]));
    const closed = bench.store.close();
    expect((await Promise.all(begun)).every(({ committed }) => committed)).toBe(true);
    await closed;
    expect(await (await (await bench.reopen()).table('things')).scan('')).toHaveLength(100);
  });

  test('a closed store refuses everything and can be closed again', async () => {
    const table = await bench.store.table('things');
    await bench.store.close();
    const unavailable = { reason: 'STORE_UNAVAILABLE' };
    await expect(table.commit([set('k', '1')])).rejects.toMatchObject(unavailable);
    await expect(table.get('k')).rejects.toMatchObject(unavailable);
    await expect(bench.store.check()).rejects.toMatchObject(unavailable);
    await bench.store.close();
  });

  test('an open store checks out', async () => {
    await Promise.all([bench.store.check(), bench.store.check()]);
    await bench.store.check();
  });
}
