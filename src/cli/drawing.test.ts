import { describe, expect, test } from 'vitest';
import { drawBox, drawLink, drawTree, wrap } from './drawing.ts';
import type { Branch, Paper } from './drawing.ts';

const paper: Paper = { colour: false };

const branches: Branch[] = [
  {
    words: ['one', 'two'],
    details: ['says something'],
    below: [{ words: ['inner'], details: ['of it'] }, { words: ['other'] }],
  },
  { words: ['last'], details: ['a text that is too long for a line of forty'] },
];

test('a tree hangs what belongs to a branch below it', () => {
  expect(drawTree({ ...paper, columns: 40 }, branches)).toEqual([
    '├─ one  two',
    '│  │  says something',
    '│  ├─ inner',
    '│  │    of it',
    '│  └─ other',
    '└─ last',
    '     a text that is too long for a line',
    '     of forty',
  ]);
});

test('a terminal that shows no lines gets ASCII', () => {
  expect(drawTree({ ...paper, boxes: false }, [{ words: ['a'], below: [{ words: ['b'] }] }])).toEqual([
    '`- a',
    '   `- b',
  ]);
  expect(drawBox({ ...paper, boxes: false }, 'title', [['a', 'b']])).toEqual([
    '+-+- title -+',
    '| a  b      |',
    '+-+---------+',
  ]);
  expect(drawLink({ ...paper, boxes: false })).toBe('  |');
});

describe('a box', () => {
  test('aligns its columns and is as wide as it needs to be', () => {
    expect(
      drawBox(paper, 'policy: a', [
        ['x', '1', 'from somewhere'],
        ['long', '', ''],
      ]),
    ).toEqual([
      '┌─┴─ policy: a ───────────┐',
      '│ x     1  from somewhere │',
      '│ long                    │',
      '└─┬───────────────────────┘',
    ]);
  });

  test('wraps its widest column at the width of the terminal', () => {
    const lines = drawBox({ ...paper, columns: 40 }, 't', [
      ['name', 'a text that is much too long for one line of forty characters'],
      ['x', 'y'.repeat(50)],
    ]);
    expect(lines.map((line) => line.length)).toEqual(lines.map(() => 40));
  });

  test('pads by what is seen, not by what colours it', () => {
    const coloured = drawBox({ ...paper, colour: true }, 't', [[{ text: 'a', colour: 'red' }, 'b']]);
    // eslint-disable-next-line no-control-regex -- the sequences of colours are what is left out
    expect(coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(
      drawBox(paper, 't', [['a', 'b']]),
    );
  });
});

test('text of others cannot move the cursor', () => {
  expect(drawTree(paper, [{ words: ['a\u001b[2J'], details: ['b\u0007\nc'] }]).join('|')).toBe(
    '└─ a\uFFFD[2J|     b\uFFFD c',
  );
});

test('wrapping breaks between words only', () => {
  expect(wrap('aa bb ccccccc d', 5)).toEqual(['aa bb', 'ccccccc', 'd']);
  expect(wrap('', 5)).toEqual([]);
});
