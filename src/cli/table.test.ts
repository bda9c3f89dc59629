import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { renderFacts, renderTable } from './table.ts';
import { printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const plain: Terminal = {
  print: () => undefined,
  printBytes: () => undefined,
  remark: () => undefined,
  colour: false,
  interactive: false,
  documents: 'json',
};

test('a table is aligned columns without borders or trailing spaces', () => {
  const rows = [
    ['cmc_001', { text: 'HEALTHY', colour: 'green' }, ''],
    ['a', { text: 'OPEN', colour: 'red' }, 'why'],
  ] as const;
  expect(renderTable(plain, ['id', 'status', 'cause'], rows)).toBe(
    'ID       STATUS   CAUSE\ncmc_001  HEALTHY\na        OPEN     why',
  );
});

test('colour is there only when the terminal takes it, and does not disturb the columns', () => {
  const table = renderTable({ ...plain, colour: true }, ['a', 'b'], [[{ text: 'x', colour: 'red' }, 'y']]);
  expect(table).toContain('\u001b[31mx\u001b[0m');
  expect(stripVTControlCharacters(table)).toBe('A  B\nx  y');
});

test('texts from others cannot move the cursor or recolour the screen', () => {
  const hostile = 'a\u001b[2J\u001b]0;title\u0007\nb\u009bc';
  for (const text of [
    printable(hostile),
    renderTable(plain, ['x'], [[hostile]]),
    renderFacts(plain, [['x', hostile]]),
  ]) {
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  }
  expect(printable(hostile)).not.toContain('\n');
});

test('facts leave out what is empty', () => {
  expect(
    renderFacts(plain, [
      ['id', 'a'],
      ['zone', ''],
      ['version', '1'],
    ]),
  ).toBe('id       a\nversion  1');
});
