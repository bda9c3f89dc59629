import { describe, expect, test } from 'vitest';
import { LiveTable } from './live-table.ts';
import { keysOf } from './screen.ts';
import type { Terminal } from './terminal.ts';
import type { WatchKind } from './watch-kind.ts';

interface Lamp {
  readonly id: string;
  readonly severity: number;
  readonly age: number;
}

const terminal: Terminal = {
  print: () => undefined,
  printBytes: () => undefined,
  remark: () => undefined,
  colour: false,
  interactive: true,
  documents: 'json',
};
const kind: WatchKind<Lamp> = {
  plural: 'lamps',
  idOf: ({ id }) => id,
  lines: () => [],
  json: () => ({}),
  previousJson: () => ({}),
  removedJson: () => ({}),
  state: ({ severity }) => ({ cell: severity > 1 ? 'BROKEN' : 'ON', severity }),
  sorts: { name: () => 0, age: (one, other) => other.age - one.age },
  texts: ({ id }) => [id],
  table: (_terminal, lamps) => ['LAMP', ...lamps.map(({ id }) => id)].join('\n'),
};
const present = (id: string, severity: number, age = 0) =>
  ({ kind: 'present', item: { id, severity, age } }) as const;

function tableOf(...lamps: ReturnType<typeof present>[]): LiveTable<Lamp> {
  const table = new LiveTable({ kind, terminal, url: 'http://hub' });
  for (const lamp of lamps) table.take(lamp, 0);
  return table;
}
const shown = (table: LiveTable<Lamp>, rows = 20): readonly string[] =>
  table
    .frame(rows, 0)
    .slice(3, -1)
    .filter((line) => line !== '');

test('the worst comes first, then by name; the summary counts states, the worst first', () => {
  const table = tableOf(present('b', 1), present('c', 5), present('a', 1));
  expect(shown(table)).toEqual(['c', 'a', 'b']);
  expect(table.frame(20, 0)[0]).toContain('3 lamps: 1 BROKEN, 2 ON  http://hub');
});

test('s goes through the ways to sort', () => {
  const table = tableOf(present('a', 1, 1), present('b', 9, 2));
  expect(shown(table)).toEqual(['b', 'a']);
  table.press('s');
  expect(shown(table)).toEqual(['a', 'b']);
  expect(table.frame(20, 0).at(-1)).toContain('s sort (name)');
  table.press('s');
  expect(shown(table)).toEqual(['b', 'a']);
});

describe('the filter', () => {
  test('is typed after /, keeps letters that are keys otherwise, and Enter keeps it', () => {
    const table = tableOf(present('quiet', 1), present('loud', 1));
    for (const key of ['/', 'q', 'x', '\u007f', 'u', '\r']) expect(table.press(key)).toBe('redraw');
    expect(shown(table)).toEqual(['quiet']);
    expect(table.frame(20, 0).at(-1)).toContain('filter "qu" (1 shown');
    table.press('\u001b');
    expect(shown(table)).toHaveLength(2);
  });
  test('that nothing matches is said', () => {
    const table = tableOf(present('a', 1));
    for (const key of '/zz') table.press(key);
    expect(table.frame(20, 0)[2]).toBe('No lamps match the filter.');
  });
});

test('paused, the table stays as it was; afterwards it is up to date', () => {
  const table = tableOf(present('a', 1));
  table.press('p');
  table.take(present('b', 1), 0);
  table.take({ kind: 'removed', id: 'a', before: undefined }, 0);
  expect(shown(table)).toEqual(['a']);
  expect(table.frame(20, 0)[1]).toContain('PAUSED');
  table.press('p');
  expect(shown(table)).toEqual(['b']);
});

test('a lost connection is a banner with the age of what is shown, until it is back', () => {
  const table = tableOf(present('a', 1));
  table.take({ kind: 'lost', message: 'reset' }, 1_000);
  expect(table.frame(20, 13_000)[1]).toMatch(/^CONNECTION LOST \(reset\); trying again; .* 12 s ago$/);
  table.take({ kind: 'resumed', continued: true }, 20_000);
  expect(table.frame(20, 21_000)[1]).toBe('connected again: nothing was missed');
  expect(table.frame(20, 26_000)[1]).toBe('');
});

test('a frame is never longer than the screen, and what does not fit is scrolled to', () => {
  const table = tableOf(...Array.from({ length: 30 }, (_, index) => present(`l${index + 10}`, 1)));
  for (const rows of [1, 2, 3, 5, 10]) expect(table.frame(rows, 0)).toHaveLength(rows);
  expect(shown(table, 10)).toEqual(['l10', 'l11', 'l12', 'l13', 'l14', 'l15']);
  expect(table.frame(10, 0).at(-1)).toContain('(24 more below)');
  table.press('\u001b[6~');
  expect(shown(table, 10)[0]).toBe('l16');
  for (let times = 0; times < 40; times += 1) table.press('j');
  expect(shown(table, 10).at(-1)).toBe('l39');
  table.frame(10, 0);
  table.press('k');
  expect(shown(table, 10).at(-1)).toBe('l38');
});

test.each([['q'], ['\u0003']])('%j quits', (key) => expect(tableOf().press(key)).toBe('quit'));

test('keys that come at once are told apart', () => {
  expect(keysOf('a\u001b[B\u001b[6~/é\u001b')).toEqual(['a', '\u001b[B', '\u001b[6~', '/', 'é', '\u001b']);
});
