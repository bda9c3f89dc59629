import { paint, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import type { Cell } from './table.ts';

/** A line of a drawing: words one after the other, two spaces between them. */
export type Words = readonly Cell[];

/** Something with something below it. */
export interface Branch {
  readonly words: Words;
  /** Text below it, wrapped to the width. */
  readonly details?: readonly string[];
  readonly below?: readonly Branch[];
}

/** Where a drawing goes. */
export type Paper = Pick<Terminal, 'colour' | 'columns' | 'boxes'>;

/** Characters in a line where nobody says. */
const columnsDefault = 100;
/** Narrower than this nothing is drawn: then lines are longer than the terminal. */
const columnsMin = 40;

interface Strokes {
  readonly down: string;
  readonly tee: string;
  readonly last: string;
  readonly across: string;
  readonly corners: readonly [topLeft: string, topRight: string, bottomLeft: string, bottomRight: string];
  readonly joinAbove: string;
  readonly joinBelow: string;
}

const unicode: Strokes = {
  down: '│',
  tee: '├─',
  last: '└─',
  across: '─',
  corners: ['┌', '┐', '└', '┘'],
  joinAbove: '┴',
  joinBelow: '┬',
};
const ascii: Strokes = {
  down: '|',
  tee: '|-',
  last: '`-',
  across: '-',
  corners: ['+', '+', '+', '+'],
  joinAbove: '+',
  joinBelow: '+',
};

/** Draws branches below each other; one that has something below it gets room of its own when `airy`. */
export function drawTree(
  paper: Paper,
  branches: readonly Branch[],
  { indent = '', airy = false }: { readonly indent?: string; readonly airy?: boolean } = {},
): readonly string[] {
  const { down, tee, last } = strokesOf(paper);
  return branches.flatMap((branch, index) => {
    const isLast = index === branches.length - 1;
    const inner = `${indent}${isLast ? ' ' : down}  `;
    const { details = [], below = [] } = branch;
    // Text hangs under the words, past the line that leads to what is below.
    const hang = below.length > 0 ? `${inner}${down}  ` : `${inner}  `;
    return [
      ...(airy ? [`${indent}${down}`] : []),
      `${indent}${isLast ? last : tee} ${wordsText(paper, branch.words)}`.trimEnd(),
      ...details.flatMap((text) =>
        wrap(text, widthOf(paper) - hang.length).map((line) => `${hang}${paint(paper, 'dim', line)}`),
      ),
      ...drawTree(paper, below, { indent: inner }),
    ];
  });
}

/** Draws rows in a box with a title, aligned in columns; a line leads into it and out of it at the second character. */
export function drawBox(paper: Paper, title: string, rows: readonly Words[]): readonly string[] {
  const { across, corners, down, joinAbove, joinBelow } = strokesOf(paper);
  const [topLeft, topRight, bottomLeft, bottomRight] = corners;
  const heading = `${printable(title)} `;
  const widths = columnWidths(rows, widthOf(paper) - 4);
  const width = Math.max(heading.length + 3, sumOf(widths));
  const lines = rows.flatMap((row) => boxedLines(paper, row, widths));
  return [
    `${topLeft}${across}${joinAbove}${across} ${heading}${across.repeat(Math.max(0, width - heading.length - 2))}${topRight}`,
    ...lines.map(({ text, length }) => `${down} ${text}${' '.repeat(width - length)} ${down}`),
    `${bottomLeft}${across}${joinBelow}${across.repeat(width)}${bottomRight}`,
  ];
}

/** The line that leads from one drawing to the next. */
export function drawLink(paper: Paper): string {
  return `  ${strokesOf(paper).down}`;
}

/** Breaks text between words, so that no line is longer than `width`, unless a single word is. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** A row of a box: what is wider than its column is wrapped. */
function boxedLines(
  paper: Paper,
  row: Words,
  widths: readonly number[],
): readonly { readonly text: string; readonly length: number }[] {
  const columns = widths.map((width, at) =>
    wrap(textOf(row[at] ?? ''), width).flatMap((line) => cut(line, width)),
  );
  const height = Math.max(1, ...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => ({
    text: columns
      .map((lines, at) => {
        const filled = (lines[line] ?? '').padEnd(widths[at] ?? 0);
        const cell = row[at] ?? '';
        return typeof cell === 'string' ? filled : paint(paper, cell.colour, filled);
      })
      .join('  '),
    length: sumOf(widths),
  }));
}

/** Words that are longer than a line, in pieces that are not. */
function cut(line: string, width: number): readonly string[] {
  if (line.length <= width) return [line];
  return [line.slice(0, width), ...cut(line.slice(width), width)];
}

/** What each column needs; where all of it is more than `widthMax`, the widest makes do with less. */
function columnWidths(rows: readonly Words[], widthMax: number): readonly number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(0, ...rows.map((row) => printable(textOf(row[at] ?? '')).length)),
  );
  const excess = sumOf(widths) - widthMax;
  if (excess <= 0) return widths;
  const widest = widths.indexOf(Math.max(...widths));
  return widths.map((width, at) => (at === widest ? Math.max(8, width - excess) : width));
}

/** Columns with the space between them. */
function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 2, -2);
}

function wordsText(paper: Paper, words: Words): string {
  return words
    .filter((word) => textOf(word) !== '')
    .map((word) => wordText(paper, word))
    .join('  ');
}

function wordText(paper: Paper, word: Cell): string {
  return typeof word === 'string' ? printable(word) : paint(paper, word.colour, printable(word.text));
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function widthOf({ columns = columnsDefault }: Paper): number {
  return Math.max(columnsMin, columns);
}

function strokesOf({ boxes = true }: Paper): Strokes {
  return boxes ? unicode : ascii;
}
