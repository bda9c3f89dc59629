import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Table, TableChange, TableCommit, View, ViewDefinition } from '../base/table.ts';
import { bytes, eventText, readWatch, type StoreBench, text } from './store-bench.conformance.ts';

const keys = ['a', 'aa', 'ab', 'b', 'ä', 'a\u{1f600}', 'a\uffee'];

/** What a change expects, in words, because the revision is known only when it runs. */
type Expectation = 'anything' | 'absent' | 'current' | 'stale';
type Change = { key: string; value: string | undefined; expects: Expectation };
type Step = { kind: 'commits'; commits: Change[][] } | { kind: 'reopen' };

const change: fc.Arbitrary<Change> = fc.record({
  key: fc.constantFrom(...keys),
  value: fc.option(fc.constantFrom('red', 'green', 'blue', ''), { nil: undefined, freq: 3 }),
  expects: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Expectation>('anything') },
    { weight: 2, arbitrary: fc.constantFrom<Expectation>('absent', 'current', 'stale') },
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant('commits' as const),
      commits: fc.array(fc.array(change, { maxLength: 4 }), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);

const colours = (table: string): ViewDefinition => ({
  name: `${table}.colours`,
  version: 1,
  table,
  columns: { colour: 'text', letters: 'set' },
  project(_key, value) {
    const colour = text(value) ?? '';
    return colour === 'blue' ? undefined : { colour, letters: Array.from(colour) };
  },
});

/** The table as a plain map, with the same rules. */
class Model {
  readonly rows = new Map<string, { value: string; revision: number }>();

  found(key: string): number | 'absent' {
    return this.rows.get(key)?.revision ?? 'absent';
  }

  /** What the commit must answer; `revision` is what the store gave if it committed. */
  apply(changes: readonly TableChange[], revision: number): TableCommit {
    for (const { key, expect: expected } of changes) {
      const found = this.found(key);
      if (expected !== undefined && expected !== found) return { committed: false, key, found };
    }
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(key);
      else this.rows.set(key, { value: text(value) ?? '', revision });
    }
    return { committed: true, revision };
  }

  sorted(): [string, { value: string; revision: number }][] {
    return [...this.rows].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

/** The part of the conformance suite that runs random commits against a plain map. */
export function describeModel(bench: StoreBench): void {
  test('random commits, scans, watches, views and restarts agree with a plain map', async () => {
    let runs = 0;
    let lastRevision = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        // A table for each run in one store: opening a store takes most of the time.
        const name = `run${(runs += 1)}`;
        const definition = colours(name);
        const model = new Model();
        let view = await bench.store.view(definition);
        let table = await bench.store.table(name);
        for (const one of steps) {
          if (one.kind === 'reopen') {
            const store = await bench.reopen();
            view = await store.view(definition);
            table = await store.table(name);
            continue;
          }
          const before = new Map(model.rows);
          const commits = one.commits.map((changes) => changes.map((each) => toTableChange(each, before)));
          const results = await Promise.all(commits.map((changes) => table.commit(changes)));
          for (const [index, result] of results.entries()) {
            const changes = commits[index] ?? [];
            expect(model.apply(changes, result.committed ? result.revision : -1)).toEqual(result);
            if (!result.committed) continue;
            if (changes.length > 0) expect(result.revision).toBeGreaterThan(lastRevision);
            lastRevision = result.revision;
          }
          await expectSame(table, view, model, before);
        }
      }),
      { numRuns: 60 },
    );
  });
}

function toTableChange({ key, value, expects }: Change, rows: Model['rows']): TableChange {
  const written = { key, value: value === undefined ? undefined : bytes(value) };
  switch (expects) {
    case 'anything':
      return written;
    case 'absent':
      return { ...written, expect: 'absent' };
    case 'current':
      return { ...written, expect: rows.get(key)?.revision ?? 'absent' };
    case 'stale':
      return { ...written, expect: 999_999 };
  }
}

/** Compares everything that can be read with the model; `before` is the model when the step began. */
async function expectSame(table: Table, view: View, model: Model, before: Model['rows']): Promise<void> {
  const rows = model.sorted();
  const found = await table.scan('');
  expect(found.map((row) => [row.key, { value: text(row.value), revision: row.revision }])).toEqual(rows);
  expect((await table.scan('a')).map(({ key }) => key)).toEqual(
    rows.map(([key]) => key).filter((key) => key.startsWith('a')),
  );
  for (const colour of ['red', 'green', '']) {
    const expected = rows.filter(([, { value }]) => value === colour).map(([key]) => key);
    expect(await view.keys({ where: [{ column: 'colour', in: [colour] }] })).toEqual(expected);
  }
  const withE = rows.filter(([, { value }]) => ['red', 'green'].includes(value)).length;
  expect((await view.countBy('letters')).get('e') ?? 0).toBe(withE);

  const from = Math.max(0, ...Array.from(before.values(), (row) => row.revision));
  const changed = rows.filter(([, row]) => row.revision > from);
  if (changed.length === 0) return;
  const abort = new AbortController();
  const watch = table.watch(from, abort.signal)[Symbol.asyncIterator]();
  const newest = Math.max(...changed.map(([, row]) => row.revision));
  const events = await readWatch(watch, (all) => (all.at(-1)?.revision ?? 0) >= newest);
  abort.abort();
  const sets = events.filter(({ value }) => value !== undefined);
  expect(sets.map(eventText).sort()).toEqual(changed.map(([key, { value }]) => `${key}=${value}`).sort());
  for (const { key, value } of events) if (value === undefined) expect(model.rows.has(key)).toBe(false);
}
