import Table from 'cli-table3';
import { paint, printable } from './terminal.ts';
import type { Colour, Terminal } from './terminal.ts';

/** A cell: text, or text in a colour. Control characters are taken out of either. */
export type Cell = string | { readonly text: string; readonly colour: Colour };

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table as plain aligned columns under upper-case heads, no borders, no trailing spaces. */
export function renderTable(
  terminal: Terminal,
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const table = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  table.push(heads.map((head) => paint(terminal, 'dim', head.toUpperCase())));
  for (const row of rows) table.push(row.map((cell) => renderCell(terminal, cell)));
  return withoutTrailingSpaces(table.toString());
}

/** Names and values, one a line: what a single resource looks like. Rows with an empty value are left out. */
export function renderFacts(
  terminal: Terminal,
  facts: readonly (readonly [name: string, value: Cell])[],
): string {
  const shown = facts.filter(([, value]) => (typeof value === 'string' ? value : value.text) !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) =>
      `${paint(terminal, 'dim', name.padEnd(width))}  ${renderCell(terminal, value)}`.trimEnd(),
    )
    .join('\n');
}

function renderCell(terminal: Terminal, cell: Cell): string {
  return typeof cell === 'string' ? printable(cell) : paint(terminal, cell.colour, printable(cell.text));
}

function withoutTrailingSpaces(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
