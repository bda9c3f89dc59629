import { fromBinary, fromJsonString, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { messageOf } from '../../base/error.ts';
import { transcodedFieldsMax } from '../limits.ts';
import { FieldBudget } from './field-budget.ts';
import type { UnaryMethod } from './service-types.ts';

/** A message that does not fit the method's type. One line for people; names the field. */
export class TranscodeFault extends Error {
  constructor(message: string) {
    super(message.length > textLengthMax ? `${message.slice(0, textLengthMax)}…` : message);
    this.name = 'TranscodeFault';
  }
}

/** Longest text of a fault in characters: it may quote a value. */
const textLengthMax = 500;

/** A request in JSON as bytes; no text at all is the empty message. Throws {@link TranscodeFault}. */
export function requestFromJson({ desc, types }: UnaryMethod, json: Uint8Array): Uint8Array {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(json);
    const options = { registry: types };
    if (text.trim() === '') return new Uint8Array();
    new FieldBudget(transcodedFieldsMax, types).takeJson(desc.input, JSON.parse(text) as JsonValue);
    return toBinary(desc.input, fromJsonString(desc.input, exactIntegers(text), options));
  } catch (thrown) {
    throw new TranscodeFault(messageOf(thrown));
  }
}

/** A reply's bytes as JSON, as https://protobuf.dev/programming-guides/json/ has it. Throws {@link TranscodeFault}. */
export function replyToJson(
  { desc, types }: UnaryMethod,
  bytes: Uint8Array,
  { emitDefaults }: { readonly emitDefaults: boolean },
): Uint8Array {
  try {
    new FieldBudget(transcodedFieldsMax, types).takeBytes(desc.output, bytes);
    const message = fromBinary(desc.output, bytes);
    return Buffer.from(
      JSON.stringify(toJson(desc.output, message, { registry: types, alwaysEmitImplicit: emitDefaults })),
    );
  } catch (thrown) {
    throw new TranscodeFault(messageOf(thrown));
  }
}

/**
 * A JSON text whose integers beyond a number's exact range are texts: 64-bit fields take those, and lose nothing. It
 * stays a text, because only in one does the library see a field that is given twice.
 */
function exactIntegers(json: string): string {
  if (!/\d{16}/.test(json)) return json;
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[-+.\w]+/g, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}
