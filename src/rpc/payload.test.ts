import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isJson,
  jsonDepthMax,
  payloadBytesMax,
  payloadFromProto,
  replyPayloadToProto,
  valueDepth,
} from './payload.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const value = (json: JsonValue): Value => fromJson(ValueSchema, json);

/** The reply as a caller that did not send `data` gets it: plain JSON, or `data` when a Value cannot hold it. */
function replied(json: string, contentType = 'application/json'): unknown {
  const payload = replyPayloadToProto({ contentType, data: bytes(json) }, true);
  return payload.case === 'json' ? toJson(ValueSchema, payload.value as Value) : payload.case;
}

describe('a payload', () => {
  test('given as data passes byte for byte', () => {
    const data = new Uint8Array([0, 255, 1]);
    expect(payloadFromProto({ case: 'data', value: data }, '')).toEqual({
      contentType: 'application/octet-stream',
      data,
    });
    expect(payloadFromProto({ case: 'data', value: data }, 'image/png').contentType).toBe('image/png');
  });

  test('given as json becomes text once', () => {
    const payload = payloadFromProto({ case: 'json', value: value({ a: [1, 'ü', null] }) }, '');
    expect([payload.contentType, text(payload.data)]).toEqual(['application/json', '{"a":[1,"ü",null]}']);
  });

  test('may be empty', () => {
    expect(payloadFromProto({ case: undefined }, '').data).toHaveLength(0);
  });

  test('of exactly the limit passes, one byte more is refused with both numbers', () => {
    const limit = new Uint8Array(payloadBytesMax);
    expect(payloadFromProto({ case: 'data', value: limit }, '').data).toBe(limit);
    expect(() => payloadFromProto({ case: 'data', value: new Uint8Array(payloadBytesMax + 1) }, '')).toThrow(
      `The payload has ${payloadBytesMax + 1} bytes, at most ${payloadBytesMax}`,
    );
  });
});

describe('a reply', () => {
  test('comes as json where a Value holds it exactly', () => {
    for (const json of [
      '{"a":1.5,"b":[true,null,"x"]}',
      '9007199254740991',
      '0.1',
      '1e3',
      '-0.25',
      '"text"',
      '1.0',
      '{}',
    ]) {
      expect(replied(json)).toEqual(JSON.parse(json));
    }
  });

  test.each([
    ['an integer beyond what a double holds', '{"id":9007199254740993}'],
    ['more digits than a double holds', '0.1234567890123456789'],
    ['a number out of range', '1e999'],
    ['a key that would set the prototype', '{"__proto__":{"a":1}}'],
    ['text that is not JSON', '{broken'],
    ['bytes that are not UTF-8', '\ud800'],
    ['deeper nesting', '['.repeat(jsonDepthMax + 1) + ']'.repeat(jsonDepthMax + 1)],
  ])('comes as data: %s', (name, json) => {
    const data = name.startsWith('bytes') ? new Uint8Array([0x22, 0xff, 0x22]) : bytes(json);
    expect(replyPayloadToProto({ contentType: 'application/json', data }, true)).toEqual({
      case: 'data',
      value: data,
    });
  });

  test('comes as data where the message held data, and where it is not JSON', () => {
    expect(replyPayloadToProto({ contentType: 'application/json', data: bytes('{}') }, false).case).toBe(
      'data',
    );
    expect(replied('{}', 'text/plain')).toBe('data');
  });

  test('of nothing is unset', () => {
    expect(replied('')).toBeUndefined();
  });

  test('that is JSON of any shape is either equal to what the target sent, or data', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (json) => {
        const sent = JSON.stringify(json);
        const got = replied(sent);
        if (got === 'data') return;
        expect(JSON.stringify(got)).toBe(JSON.stringify(JSON.parse(sent)));
      }),
    );
  });

  test('up to the deepest nesting allowed comes as json', () => {
    const deepest = '['.repeat(jsonDepthMax) + ']'.repeat(jsonDepthMax);
    expect(replied(deepest)).toEqual(JSON.parse(deepest));
  });
});

test('the depth of a Value counts lists and objects, and stops counting one past the limit', () => {
  const nested = (depth: number): JsonValue =>
    depth === 0 ? 1 : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };
  for (const depth of [0, 1, 2, jsonDepthMax]) expect(valueDepth(value(nested(depth)))).toBe(depth);
  expect(valueDepth(value(nested(jsonDepthMax + 20)))).toBe(jsonDepthMax + 1);
});

test.each([
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['application/problem+json', true],
  ['APPLICATION/JSON', true],
  ['text/json2', false],
  ['text/plain', false],
  ['', false],
])('the media type %j is JSON: %s', (mediaType, expected) => {
  expect(isJson(mediaType)).toBe(expected);
});
