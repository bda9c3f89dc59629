import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes, prefixEnd } from './key-range.ts';

const texts = fc.string({ unit: fc.oneof(fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\u{10ffff}'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), maxLength: 4 }); // prettier-ignore

test('a text lies from the prefix up to its end exactly when it starts with it', () => {
  fc.assert(
    fc.property(texts, fc.oneof(texts, fc.tuple(texts)), (prefix, other) => {
      const candidate = typeof other === 'string' ? other : prefix + other[0];
      const end = prefixEnd(prefix);
      const isInRange =
        compareBytes(candidate, prefix) >= 0 && (end === undefined || compareBytes(candidate, end) < 0);
      expect(isInRange).toBe(candidate.startsWith(prefix));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['', undefined],
  ['a', 'b'],
  ['ab\u{10ffff}', 'ac'],
  ['\u{10ffff}', undefined],
  ['\ud7ff', '\ue000'],
])('the end of %j is %j', (prefix, end) => {
  expect(prefixEnd(prefix)).toBe(end);
});
