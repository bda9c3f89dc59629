import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactJsonText, parseExactJson, scalarText } from './exact-json.ts';
import { MappingFault } from './mapping-fault.ts';

const roundTrip = (text: string): string => exactJsonText(parseExactJson(text), 'body', 1000);

describe('exact JSON', () => {
  test.each([
    '12345678901234567890',
    '-12345678901234567890.5',
    '0.1000000000000000055511151231257827',
    '1e400',
    '1.2345678e-320',
    '{"id":12345678901234567890,"n":1.5,"list":[9007199254740993,true,null,"text"]}',
  ])('gives %s back as it was', (text) => {
    expect(roundTrip(text)).toBe(text);
  });

  test('takes no text for a number', () => {
    expect(() => parseExactJson(String.raw`{"a":"\u0000number:5"}`)).toThrow(SyntaxError);
    expect(roundTrip(String.raw`"\u0000 5"`)).toBe(String.raw`"\u0000 5"`);
  });

  test('keeps a number that a double holds a number', () => {
    expect(parseExactJson('[1234567890123456, 0.30000000000000004, 1e21, 1.0]')).toEqual([
      1234567890123456, 0.30000000000000004, 1e21, 1,
    ]);
  });

  test('writes a long number within a text, and as a key, by its digits alone', () => {
    const id = parseExactJson('12345678901234567890') as string;
    expect(scalarText(id)).toBe('12345678901234567890');
    expect(exactJsonText({ [`k${id}`]: `pet ${id}` }, 'body', 1000)).toBe(
      '{"k12345678901234567890":"pet 12345678901234567890"}',
    );
  });

  test('of any value says the same as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(exactJsonText(value, 'body', 1e6))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('a text that looks like a marked number cannot put anything but a number into JSON', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const json = exactJsonText(`\u0000number:${text}`, 'body', 1e6);
        expect(['string', 'number']).toContain(typeof JSON.parse(json));
      }),
    );
  });

  test.each([
    ['a function', { f: () => 1 }, /holds a function/],
    ['a JSONata function', { f: { _jsonata_lambda: true } }, /holds a function/],
    ['NaN', [NaN], /holds NaN/],
    ['nothing', undefined, /holds nothing/],
    ['more bytes than allowed', 'é'.repeat(600), /larger than 1000 bytes/],
    ['more levels than allowed', JSON.parse('['.repeat(102) + ']'.repeat(102)), /deeper than 100 levels/],
  ])('refuses %s', (_, value, message) => {
    const write = (): string => exactJsonText(value, 'reply', 1000);
    expect(write).toThrow(MappingFault);
    expect(write).toThrow(message);
  });
});
