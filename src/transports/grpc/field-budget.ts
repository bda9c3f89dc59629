import type { DescExtension, DescField, DescMessage, JsonValue, Registry } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Deepest message that is counted; the library takes no deeper ones either. */
const depthMax = 100;
/** What a value of google.protobuf.Struct, Value and ListValue takes: a message of its own with six fields. */
const plainValueFields = 7;

/** What a field takes that its type does not have: it is kept as an object of its own. */
const unknownFieldFields = 4;

/** Finds types by name and extensions by number. */
type Types = Pick<Registry, 'getMessage' | 'getExtensionFor'>;

/**
 * Bounds the memory that decoding takes: a message of two bytes becomes an object with all fields of its type, a thousand
 * times as large. Counts before anything is decoded: for each message all fields that its type has, and each field that
 * is there.
 */
export class FieldBudget {
  readonly #fieldsMax: number;
  readonly #types: Types;
  readonly #fields = new Map<DescMessage, ReadonlyMap<number | string, DescField>>();
  #left: number;

  constructor(fieldsMax: number, types: Types) {
    this.#fieldsMax = fieldsMax;
    this.#types = types;
    this.#left = fieldsMax;
  }

  /** Counts an encoded message. Throws an Error when there are more fields than may be, and for bytes that are none. */
  takeBytes(desc: DescMessage, bytes: Uint8Array, depth = 0): void {
    const reader = new BinaryReader(bytes);
    this.#inMessage(desc, reader, { end: reader.len, depth });
  }

  /** Counts a message in its JSON form. Throws an Error when there are more fields than may be. */
  takeJson(desc: DescMessage, json: JsonValue, depth = 0): void {
    if (isPlain(desc)) {
      this.#inPlain(json, depth);
      return;
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
    this.#begin(desc, depth);
    const type = desc.typeName === 'google.protobuf.Any' ? json['@type'] : undefined;
    const packed = typeof type === 'string' ? this.#packedType(type) : undefined;
    if (packed !== undefined) this.takeJson(packed, json, depth + 1);
    const fields = this.#fieldsOf(desc);
    for (const [name, value] of Object.entries(json)) {
      this.#take(1);
      const inner = messageOf(fields.get(name));
      if (inner === undefined) continue;
      for (const one of valuesOf(fields.get(name), value)) this.takeJson(inner, one, depth + 1);
    }
  }

  #inMessage(desc: DescMessage, reader: BinaryReader, { end, depth }: { end: number; depth: number }): void {
    this.#begin(desc, depth);
    const isAny = desc.typeName === 'google.protobuf.Any';
    let packed: DescMessage | undefined;
    let value: Uint8Array | undefined;
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      if (wire === WireType.EndGroup) return;
      const field = this.#fieldsOf(desc).get(number) ?? this.#types.getExtensionFor(desc, number);
      this.#take(field === undefined ? unknownFieldFields : 1);
      const inner = messageOf(field);
      if (isAny && number === 1 && wire === WireType.LengthDelimited)
        packed = this.#packedType(reader.string());
      else if (isAny && number === 2 && wire === WireType.LengthDelimited) value = reader.bytes();
      else if (inner !== undefined && wire === WireType.StartGroup)
        this.#inMessage(inner, reader, { end, depth: depth + 1 });
      else if (inner !== undefined && wire === WireType.LengthDelimited) {
        const within = { end: reader.uint32() + reader.pos, depth: depth + 1 };
        if (field?.fieldKind === 'map') this.#inMapEntry(inner, reader, within);
        else this.#inMessage(inner, reader, within);
      } else reader.skip(wire, number);
    }
    if (packed !== undefined && value !== undefined) this.takeBytes(packed, value, depth + 1);
  }

  /** A key (1) and a message (2). */
  #inMapEntry(
    value: DescMessage,
    reader: BinaryReader,
    { end, depth }: { end: number; depth: number },
  ): void {
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      if (number === 2 && wire === WireType.LengthDelimited)
        this.#inMessage(value, reader, { end: reader.uint32() + reader.pos, depth });
      else reader.skip(wire, number);
    }
  }

  #inPlain(json: JsonValue, depth: number): void {
    if (depth > depthMax) throw new Error(`it is deeper than ${depthMax} levels`);
    this.#take(plainValueFields);
    if (typeof json !== 'object' || json === null) return;
    for (const inner of Object.values(json)) this.#inPlain(inner, depth + 1);
  }

  #begin(desc: DescMessage, depth: number): void {
    if (depth > depthMax) throw new Error(`it is deeper than ${depthMax} levels`);
    this.#take(1 + desc.fields.length);
  }

  #take(fields: number): void {
    this.#left -= fields;
    if (this.#left < 0)
      throw new Error(`its messages have more than ${this.#fieldsMax} fields together, unset ones counted`);
  }

  #packedType(url: string): DescMessage | undefined {
    return this.#types.getMessage(url.slice(url.lastIndexOf('/') + 1));
  }

  #fieldsOf(desc: DescMessage): ReadonlyMap<number | string, DescField> {
    let fields = this.#fields.get(desc);
    if (fields === undefined) {
      fields = new Map(
        desc.fields.flatMap((field) =>
          [field.number, field.name, field.jsonName].map((key) => [key, field] as const),
        ),
      );
      this.#fields.set(desc, fields);
    }
    return fields;
  }
}

/** The type of the messages that a field holds; undefined when it holds none. */
function messageOf(field: DescField | DescExtension | undefined): DescMessage | undefined {
  return field === undefined || field.fieldKind === 'scalar' || field.fieldKind === 'enum'
    ? undefined
    : field.message;
}

/** The values of a field in JSON: of a list or map each. */
function valuesOf(field: DescField | undefined, value: JsonValue): readonly JsonValue[] {
  const many = field?.fieldKind === 'list' || field?.fieldKind === 'map';
  return many && typeof value === 'object' && value !== null ? Object.values(value) : [value];
}

/** Whether the JSON form of a type is any JSON. */
function isPlain({ typeName }: DescMessage): boolean {
  return ['google.protobuf.Struct', 'google.protobuf.Value', 'google.protobuf.ListValue'].includes(typeName);
}
