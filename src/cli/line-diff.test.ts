import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines, withContext } from './line-diff.ts';

const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

test('the lines without additions are the old text, those without removals the new one', () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const lines = diffLines(before, after);
      const without = (sign: string) => lines.filter((line) => line.sign !== sign).map(({ text }) => text);
      expect(without('+')).toEqual(before);
      expect(without('-')).toEqual(after);
    }),
  );
});

test('what both have in order stays', () => {
  const signs = diffLines(['a', 'b', 'c', 'd', 'e'], ['a', 'x', 'c', 'e']).map(
    ({ sign, text }) => sign + text,
  );
  expect(signs).toEqual([' a', '-b', '+x', ' c', '-d', ' e']);
});

test('texts too large to compare are shown as replaced', () => {
  const before = Array.from({ length: 3000 }, (_, index) => `a${index}`);
  const lines = diffLines(before, before.toReversed());
  expect(lines.filter(({ sign }) => sign === '-')).toHaveLength(3000);
});

test('lines far from a change are told as a gap', () => {
  const lines = diffLines(['1', '2', '3', '4', '5'], ['1', '2', '3', '4', '6']);
  expect(withContext(lines, 1).map(({ sign, text }) => sign + text)).toEqual([' …', ' 4', '-5', '+6']);
});
