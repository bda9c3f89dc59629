import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { typesOf, unaryMethodOf, type UnaryMethod } from './service-types.ts';
import { replyToJson, requestFromJson, TranscodeFault } from './transcode.ts';

type Init = MessageInitShape<typeof FileDescriptorProtoSchema>;

function methodOf(file: Init): UnaryMethod {
  const service = { name: 'S', method: [{ name: 'Do', inputType: '.acme.M', outputType: '.acme.M' }] };
  const whole = create(FileDescriptorProtoSchema, {
    name: 'm.proto',
    package: 'acme',
    service: [service],
    ...file,
  });
  return unaryMethodOf(typesOf([whole]), { service: 'acme.S', method: 'Do' });
}

/** The JSON that comes back when the request comes back as it was. */
function round(method: UnaryMethod, json: string): unknown {
  const reply = replyToJson(method, requestFromJson(method, Buffer.from(json)), { emitDefaults: false });
  return JSON.parse(Buffer.from(reply).toString());
}

describe('proto2', () => {
  const method = methodOf({
    messageType: [
      {
        name: 'M',
        field: [
          { name: 'id', number: 1, type: Type.INT32, label: Label.REQUIRED },
          { name: 'packed', number: 2, type: Type.FIXED64, label: Label.REPEATED, options: { packed: true } },
          { name: 'part', number: 3, type: Type.GROUP, typeName: '.acme.M.Part', label: Label.OPTIONAL },
          { name: 'level', number: 4, type: Type.SINT64, label: Label.OPTIONAL, defaultValue: '-7' },
        ],
        nestedType: [
          { name: 'Part', field: [{ name: 'note', number: 1, type: Type.STRING, label: Label.OPTIONAL }] },
        ],
        extensionRange: [{ start: 100, end: 200 }],
      },
    ],
    extension: [
      { name: 'extra', number: 100, extendee: '.acme.M', type: Type.STRING, label: Label.OPTIONAL },
    ],
  });

  test('groups, packed fields, explicit defaults and extensions come through', () => {
    const json = {
      id: 0,
      packed: ['1', '18446744073709551615'],
      part: { note: '' },
      level: '-7',
      '[acme.extra]': 'e',
    };
    expect(round(method, JSON.stringify(json))).toEqual(json);
  });

  test('an extension that nobody knows is refused', () => {
    expect(() => requestFromJson(method, Buffer.from('{"id":1,"[acme.none]":1}'))).toThrow(TranscodeFault);
  });

  test('a missing required field is refused, by name', () => {
    expect(() => requestFromJson(method, Buffer.from('{}'))).toThrow(/acme\.M\.id/);
  });
});

describe('proto3', () => {
  const scalar = (name: string, number: number, type: Type) => ({
    name,
    number,
    type,
    label: Label.OPTIONAL,
  });
  const method = methodOf({
    syntax: 'proto3',
    messageType: [
      {
        name: 'M',
        field: [
          scalar('constructor', 1, Type.STRING),
          scalar('__proto__', 2, Type.STRING),
          scalar('to_string', 3, Type.STRING),
          scalar('big', 4, Type.INT64),
          { ...scalar('self', 5, Type.MESSAGE), typeName: '.acme.M' },
          { ...scalar('any', 6, Type.MESSAGE), typeName: '.google.protobuf.Any' },
          { ...scalar('value', 7, Type.MESSAGE), typeName: '.google.protobuf.Value' },
        ],
      },
    ],
  });

  test('names that JavaScript gives a meaning are fields like any other', () => {
    expect(round(method, '{"constructor":"c","__proto__":"p","toString":"t"}')).toEqual({
      constructor: 'c',
      Proto: 'p',
      toString: 't',
    });
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
  });

  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['"5"', '5'],
    ['7', '7'],
  ])('the integer %s stays %s', (given, expected) => {
    expect(round(method, `{"big": ${given}}`)).toEqual({ big: expected });
  });

  test('a long integer hides no field that is given twice, and text that looks like one stays', () => {
    expect(() => requestFromJson(method, Buffer.from('{"big":9007199254740993,"big":1}'))).toThrow(
      /duplicate object key "big"/,
    );
    const text = String.raw`a\":9007199254740993,\\`;
    expect(round(method, `{"big":9007199254740993,"toString":"${text}"}`)).toEqual({
      big: '9007199254740993',
      toString: 'a":9007199254740993,\\',
    });
  });

  test('an Any of a well-known type, and one of an error detail, need no descriptor', () => {
    for (const any of [
      { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '3s' },
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'R' },
    ])
      expect(round(method, JSON.stringify({ any }))).toEqual({ any });
  });

  test('nesting without end is refused, in both directions', () => {
    const deep = '{"self":'.repeat(5000) + '{}' + '}'.repeat(5000);
    expect(() => requestFromJson(method, Buffer.from(deep))).toThrow(TranscodeFault);
    const list = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(() => requestFromJson(method, Buffer.from(`{"value":${list}}`))).toThrow(TranscodeFault);
    let bytes = Buffer.alloc(0);
    for (let depth = 0; depth < 200; depth += 1) {
      const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      bytes = Buffer.concat([Buffer.from([0x2a, ...length]), bytes]);
    }
    expect(() => replyToJson(method, bytes, { emitDefaults: false })).toThrow(TranscodeFault);
  });

  test('more messages than memory is for are refused before they are made, in both directions', () => {
    const within = 'Any and lists within others count too';
    const many = (count: number, one: string): string => `{"list":[${Array(count).fill(one).join()}]}`;
    const list = methodOf({
      syntax: 'proto3',
      messageType: [
        {
          name: 'M',
          field: [
            { ...scalar('list', 1, Type.MESSAGE), typeName: '.acme.M', label: Label.REPEATED },
            { ...scalar('value', 2, Type.MESSAGE), typeName: '.google.protobuf.Value' },
            { ...scalar('any', 3, Type.MESSAGE), typeName: '.google.protobuf.Any' },
            ...Array.from({ length: 17 }, (_, index) => scalar(`s${index}`, 4 + index, Type.STRING)),
          ],
        },
      ],
    });
    const tooMany = /more than 1000000 fields together/;
    for (const json of [
      many(50_000, '{}'),
      `{"value":[${Array(150_000).fill(0).join()}]}`,
      `{"any":{"@type":"x/acme.M",${many(50_000, '{}').slice(1)}}`,
    ])
      expect(() => requestFromJson(list, Buffer.from(json)), within).toThrow(tooMany);
    const empty = Buffer.alloc(100_000, Buffer.from([0x0a, 0]));
    const length = (bytes: Buffer): number[] => [
      (bytes.length & 127) | 128,
      ((bytes.length >> 7) & 127) | 128,
      bytes.length >> 14,
    ];
    const packed = Buffer.concat([
      Buffer.from([0x0a, 8]),
      Buffer.from('x/acme.M'),
      Buffer.from([0x12, ...length(empty)]),
      empty,
    ]);
    const unknown = Buffer.alloc(900_000, Buffer.from([0xf8, 1, 0]));
    for (const bytes of [empty, unknown, Buffer.concat([Buffer.from([0x1a, ...length(packed)]), packed])])
      expect(() => replyToJson(list, bytes, { emitDefaults: true }), within).toThrow(tooMany);
    expect(round(list, many(1000, '{"s0":"x"}'))).toEqual(JSON.parse(many(1000, '{"s0":"x"}')));
  });

  test('messages in a map come through, and count', () => {
    const map = methodOf({
      syntax: 'proto3',
      messageType: [
        {
          name: 'M',
          field: [
            { ...scalar('by_name', 1, Type.MESSAGE), typeName: '.acme.M.ByNameEntry', label: Label.REPEATED },
            ...Array.from({ length: 17 }, (_, index) => scalar(`s${index}`, 4 + index, Type.STRING)),
          ],
          nestedType: [
            {
              name: 'ByNameEntry',
              field: [
                scalar('key', 1, Type.STRING),
                { ...scalar('value', 2, Type.MESSAGE), typeName: '.acme.M' },
              ],
              options: { mapEntry: true },
            },
          ],
        },
      ],
    });
    const json = { byName: { a: { s0: 'x', byName: { b: {} } }, c: {} } };
    expect(round(map, JSON.stringify(json))).toEqual(json);
    const many = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, {}]));
    expect(() => requestFromJson(map, Buffer.from(JSON.stringify({ byName: many })))).toThrow(
      /fields together/,
    );
    const entries = Buffer.alloc(240_000, Buffer.from([0x0a, 2, 0x12, 0]));
    expect(() => replyToJson(map, entries, { emitDefaults: false })).toThrow(/fields together/);
  });

  test('bytes that are no message are refused', () => {
    for (const bytes of [[0xff], [0x0a, 5, 1], [0x0a, 2, 0xc3, 0x28], [0x0b]])
      expect(() => replyToJson(method, Buffer.from(bytes), { emitDefaults: false })).toThrow(TranscodeFault);
  });

  test('the text of a fault is bounded, though it quotes the value', () => {
    const long = Buffer.from(JSON.stringify({ big: 'x'.repeat(10_000) }));
    expect(() => requestFromJson(method, long)).toThrow(/^.{1,501}$/);
  });
});
