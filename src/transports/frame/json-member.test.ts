import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rawMember } from './json-member.ts';

test('a member comes exactly as it stands', () => {
  const text = '{ "a" : 1 ,"payload" :{"n":12345678901234567890.10,"b":1,"a":[ 1 ]} , "z":"}"}';
  expect(rawMember(text, 'payload')).toBe('{"n":12345678901234567890.10,"b":1,"a":[ 1 ]}');
  expect(rawMember(text, 'a')).toBe('1');
  expect(rawMember(text, 'z')).toBe('"}"');
  expect(rawMember(text, 'n')).toBeUndefined();
});

test.each([
  ['a name with escapes', String.raw`{"\u0070ayload":1}`, '1'],
  ['the last of two', '{"payload":1,"payload":[2]}', '[2]'],
  [
    'a string that holds quotation marks and backslashes',
    String.raw`{"x":"\\","payload":"\"}\\"}`,
    String.raw`"\"}\\"`,
  ],
  ['a word', '{"payload":null}', 'null'],
])('found is %s', (_, text, found) => {
  expect(rawMember(text, 'payload')).toBe(found);
});

test('of any object every member is found, and means what JSON.parse says', () => {
  const spaces = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (members, space) => {
      const text = JSON.stringify(members, undefined, space);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      for (const [name, value] of Object.entries(parsed))
        expect(JSON.parse(rawMember(text, name) ?? '')).toEqual(value);
      if (!Object.hasOwn(parsed, 'missing')) expect(rawMember(text, 'missing')).toBeUndefined();
    }),
  );
});
