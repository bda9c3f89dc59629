import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextLink } from './link-header.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['</a?page=2>; rel="next"', '/a?page=2'],
  ['</a>; rel=next', '/a'],
  ['</p>; rel="prev", </n>; rel="next", </l>; rel="last"', '/n'],
  ['</a,b;c>; title="x, y; rel=next"; rel="prev", </n>;rel="last next"', '/n'],
  ['</a>; REL="Next"', '/a'],
  ['</a>; rel="prev"; rel="next"', undefined],
  ['</a>; rel="nextish"', undefined],
  ['</a> rel="next"', undefined],
  ['garbage', undefined],
])('the next page of %j is %j', (header, link) => {
  expect(nextLink(header)).toBe(link);
});

test('any header is read in an end', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', ' ', 'r', 'e', 'l') }),
      (text) => {
        nextLink(text);
      },
    ),
  );
});
