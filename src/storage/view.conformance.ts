import { expect, test } from 'vitest';
import type { View, ViewCondition, ViewDefinition, ViewRow } from '../base/table.ts';
import { del, set, type StoreBench, text } from './store-bench.conformance.ts';

/** Rows hold their view row as JSON; `null` is left out of the view. */
const definition: ViewDefinition = {
  name: 'things.by_attribute',
  version: 1,
  table: 'things',
  columns: { type: 'text', weight: 'integer', tags: 'set' },
  project: (_key, value) => (JSON.parse(text(value) ?? 'null') as ViewRow | null) ?? undefined,
};

const row = (key: string, attributes: ViewRow | null): ReturnType<typeof set> =>
  set(key, JSON.stringify(attributes));

/** The part of the conformance suite about views. */
export function describeViews(bench: StoreBench): void {
  /** A view over five rows. */
  const filled = async (): Promise<View> => {
    const view = await bench.store.view(definition);
    await (
      await bench.store.table('things')
    ).commit([
      row('a', { type: 'Ledger', weight: 1, tags: ['x', 'y'] }),
      row('b', { type: 'ledger.eu', weight: 2, tags: ['y'] }),
      row('c', { type: '100%_sure', weight: -3, tags: [] }),
      row('d', { weight: 1, tags: ['x', 'x', 'z'] }),
      row('hidden', null),
    ]);
    return view;
  };

  test.each<[string, readonly ViewCondition[], string[]]>([
    ['nothing asked', [], ['a', 'b', 'c', 'd']],
    ['text in', [{ column: 'type', in: ['Ledger', 'ledger.eu', 'other'] }], ['a', 'b']],
    ['text is case-sensitive', [{ column: 'type', in: ['ledger'] }], []],
    ['integer in', [{ column: 'weight', in: [1, -3] }], ['a', 'c', 'd']],
    ['an empty list', [{ column: 'type', in: [] }], []],
    ['set in', [{ column: 'tags', in: ['x', 'z'] }], ['a', 'd']],
    ['an empty list on a set', [{ column: 'tags', in: [] }], []],
    [
      'two sets of values',
      [
        { column: 'tags', in: ['x'] },
        { column: 'tags', in: ['y'] },
      ],
      ['a'],
    ],
    [
      'both of two',
      [
        { column: 'weight', in: [1] },
        { column: 'tags', in: ['z'] },
      ],
      ['d'],
    ],
    ['prefix', [{ column: 'type', prefix: 'ledger' }], ['b']],
    ['an empty prefix is any text', [{ column: 'type', prefix: '' }], ['a', 'b', 'c']],
    ['prefix with % and _', [{ column: 'type', prefix: '1%' }], []],
    ['prefix with literal %', [{ column: 'type', prefix: '100%_' }], ['c']],
    ['contains, in any case', [{ column: 'type', contains: 'LEDG' }], ['a', 'b']],
    ['contains % literally', [{ column: 'type', contains: '%' }], ['c']],
    ['contains _ literally', [{ column: 'type', contains: '_' }], ['c']],
    ['a number for a text', [{ column: 'type', in: [100] }], []],
    ['a text for a number', [{ column: 'weight', in: ['1'] }], []],
    ['quotes', [{ column: 'type', in: [`'; DROP TABLE store_rows; --`, '"'] }], []],
  ])('keys: %s', async (_, where, keys) => {
    const view = await filled();
    expect(await view.keys({ where })).toEqual(keys);
  });

  test('keys come in key order, in pages', async () => {
    const view = await filled();
    expect(await view.keys({ where: [], limit: 2 })).toEqual(['a', 'b']);
    expect(await view.keys({ where: [], limit: 2, after: 'b' })).toEqual(['c', 'd']);
    expect(await view.keys({ where: [{ column: 'weight', in: [1] }], after: 'a' })).toEqual(['d']);
  });

  test('keys without limit gives 1000', async () => {
    const view = await bench.store.view(definition);
    const table = await bench.store.table('things');
    await table.commit(Array.from({ length: 1001 }, (_, index) => row(`k${index}`, { weight: index })));
    expect(await view.keys({ where: [] })).toHaveLength(1000);
  });

  test('countBy counts rows by value, and a row once for every member of a set', async () => {
    const view = await filled();
    expect(await view.countBy('weight')).toEqual(new Map([[1, 2], [2, 1], [-3, 1]])); // prettier-ignore
    expect(await view.countBy('type')).toEqual(new Map([['Ledger', 1], ['ledger.eu', 1], ['100%_sure', 1]])); // prettier-ignore
    expect(await view.countBy('tags')).toEqual(new Map([['x', 2], ['y', 2], ['z', 1]])); // prettier-ignore
  });

  test('countBy counts only what the conditions let through', async () => {
    const view = await filled();
    expect(await view.countBy('tags', [{ column: 'weight', in: [1] }])).toEqual(
      new Map([['x', 2], ['y', 1], ['z', 1]]), // prettier-ignore
    );
    expect(await view.countBy('weight', [{ column: 'tags', in: ['y'] }])).toEqual(new Map([[1, 1], [2, 1]])); // prettier-ignore
  });

  test('a view follows every commit', async () => {
    const view = await filled();
    const table = await bench.store.table('things');
    await table.commit([
      row('a', { type: 'other', tags: ['n'] }),
      del('b'),
      row('c', null),
      row('hidden', {}),
    ]);
    expect(await view.keys({ where: [] })).toEqual(['a', 'd', 'hidden']);
    expect(await view.keys({ where: [{ column: 'tags', in: ['x', 'y', 'n'] }] })).toEqual(['a', 'd']);
    expect(await view.countBy('tags')).toEqual(new Map([['n', 1], ['x', 1], ['z', 1]])); // prettier-ignore
    expect(await view.countBy('weight')).toEqual(new Map([[1, 1]]));
  });

  test('a commit that was refused leaves the view alone', async () => {
    const view = await filled();
    const table = await bench.store.table('things');
    const result = await table.commit([row('new', { type: 'new' }), row('a', { type: 'new' }, )].map((change) => ({ ...change, expect: 'absent' as const }))); // prettier-ignore
    expect(result.committed).toBe(false);
    expect(await view.keys({ where: [{ column: 'type', in: ['new'] }] })).toEqual([]);
  });

  test('a view of a table that has rows already is filled', async () => {
    const table = await bench.store.table('things');
    const weights = Array.from({ length: 1234 }, (_, index) => row(`k${index}`, { weight: index % 10 }));
    await table.commit(weights);
    const view = await bench.store.view(definition);
    expect((await view.countBy('weight')).get(3)).toBe(124);
  });

  test('commits during the filling are neither lost nor undone by it', async () => {
    const table = await bench.store.table('things');
    const keys = Array.from({ length: 3000 }, (_, index) => `k${String(index).padStart(4, '0')}`);
    await table.commit(keys.map((key) => row(key, { weight: 0 })));
    const progress = { isOpen: false };
    const opening = bench.store.view(definition).finally(() => {
      progress.isOpen = true;
    });
    // All over the table, so that every page is changed between being read and being filled in.
    for (let n = 1; !progress.isOpen; n += 1) {
      const touched = keys.filter((_, index) => index % 17 === n % 17);
      await table.commit(touched.map((key, index) => (index % 3 === 0 ? del(key) : row(key, { weight: n }))));
    }
    const expected = new Map<number, number>();
    for (const { value } of await table.scan('', { limit: 5000 })) {
      const { weight } = JSON.parse(text(value) ?? '') as { weight: number };
      expected.set(weight, (expected.get(weight) ?? 0) + 1);
    }
    expect(await (await opening).countBy('weight')).toEqual(expected);
  });

  test('a view is kept over a restart without projecting anew', async () => {
    await filled();
    await bench.reopen();
    const view = await bench.store.view({
      ...definition,
      project: () => {
        throw new Error('not to be called');
      },
    });
    expect(await view.keys({ where: [{ column: 'tags', in: ['z'] }] })).toEqual(['d']);
  });

  test.each<[string, Partial<ViewDefinition>]>([
    ['its version', { version: 2 }],
    ['its columns', { columns: { ...definition.columns, extra: 'integer' } }],
  ])('a view is rebuilt when %s changed', async (_, change) => {
    await filled();
    await bench.reopen();
    const view = await bench.store.view({ ...definition, ...change, project: () => ({ type: 'rebuilt' }) });
    expect(await view.keys({ where: [{ column: 'type', in: ['rebuilt'] }] })).toHaveLength(5);
    expect(await view.countBy('tags')).toEqual(new Map());
  });

  test('a view that was not open during a commit is rebuilt, not out of date', async () => {
    await filled();
    const store = await bench.reopen();
    await (await store.table('things')).commit([row('late', { type: 'late' }), del('a')]);
    const view = await store.view(definition);
    expect(await view.keys({ where: [] })).toEqual(['b', 'c', 'd', 'late']);
  });

  test('two views of one table both follow it', async () => {
    const first = await filled();
    const second = await bench.store.view({
      name: 'things.lengths',
      version: 1,
      table: 'things',
      columns: { length: 'integer' },
      project: (_key, value) => ({ length: value.byteLength }),
    });
    await (await bench.store.table('things')).commit([row('e', { type: 't' })]);
    expect(await first.keys({ where: [{ column: 'type', in: ['t'] }] })).toEqual(['e']);
    expect(await second.keys({ where: [{ column: 'length', in: [12] }] })).toEqual(['e']);
  });

  test('a projection that throws or does not fit costs its commit only', async () => {
    const view = await bench.store.view(definition);
    const table = await bench.store.table('things');
    const results = await Promise.allSettled([
      table.commit([row('good', { type: 'ok' })]),
      table.commit([set('bad', 'not json')]),
      table.commit([row('unfit', { weight: 'heavy' })]),
      table.commit([row('unknown', { nobody: 1 })]),
      table.commit([row('good2', { type: 'ok' })]),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(await view.keys({ where: [] })).toEqual(['good', 'good2']);
    expect((await table.scan('')).map(({ key }) => key)).toEqual(['good', 'good2']);
  });

  test.each<[string, Partial<ViewDefinition>]>([
    ['name', { name: 'x"; DROP TABLE store_rows; --' }],
    ['column', { columns: { 'a b': 'text' } }],
    ['column', { columns: { 'a"': 'set' } }],
  ])('a definition with a bad %s is refused', async (_, change) => {
    await expect(bench.store.view({ ...definition, ...change })).rejects.toThrow(RangeError);
  });

  test('a question about a column that is not there, or not asked that way, is refused', async () => {
    const view = await filled();
    await expect(view.keys({ where: [{ column: 'nobody', in: [] }] })).rejects.toThrow('no column');
    await expect(view.keys({ where: [{ column: 'constructor', in: [] }] })).rejects.toThrow('no column');
    await expect(view.keys({ where: [{ column: 'tags', prefix: 'x' }] })).rejects.toThrow('set, not text');
    await expect(view.countBy('key')).rejects.toThrow('no column');
  });
}
