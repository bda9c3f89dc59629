import {
  create,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import { Buffer } from 'node:buffer';
import type { ReplySchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import { HubError } from '../base/error.ts';

/** Largest payload of a message, and of a reply, in bytes. */
export const payloadBytesMax = 3 * 1024 * 1024;
/** Deepest nesting of a `json` payload; a deeper reply comes as `data`. */
export const jsonDepthMax = 32;

/** A payload inside the hub: bytes and what they are. */
export interface Payload {
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** The two ways in which requests and replies carry a payload. */
export type PayloadOneof =
  | { readonly case: 'data'; readonly value: Uint8Array }
  | { readonly case: 'json'; readonly value: Value }
  | { readonly case: undefined; readonly value?: undefined };

/** The bytes of a payload, JSON turned into text once. Throws PAYLOAD_TOO_LARGE. */
export function payloadFromProto(payload: PayloadOneof, contentType: string): Payload {
  switch (payload.case) {
    case 'data':
      return bounded({ contentType: contentType || 'application/octet-stream', data: payload.value });
    case 'json':
      return bounded({
        contentType: contentType || 'application/json',
        data: Buffer.from(JSON.stringify(toJson(ValueSchema, payload.value))),
      });
    case undefined:
      return { contentType, data: new Uint8Array() };
  }
}

/**
 * The payload of a reply: as `json` when that is wanted and a Value holds it exactly, else as `data`; unset when
 * it is empty.
 */
export function replyPayloadToProto(
  { contentType, data }: Payload,
  wantJson: boolean,
): NonNullable<MessageInitShape<typeof ReplySchema>['payload']> {
  if (data.byteLength === 0) return { case: undefined };
  const value = wantJson && isJson(contentType) ? exactValue(data) : undefined;
  if (value === undefined || outgrows(value, data.byteLength)) return { case: 'data', value: data };
  return { case: 'json', value };
}

/** A Value takes up to eleven bytes for a digit: one that outgrows the limit would not get through to a gRPC client. */
function outgrows(value: Value, textBytes: number): boolean {
  return textBytes > payloadBytesMax / 12 && toBinary(ValueSchema, value).byteLength > payloadBytesMax;
}

/** Whether a media type is JSON: `application/json` or a `+json` one (RFC 6839). */
export function isJson(contentType: string): boolean {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return mediaType === 'application/json' || mediaType.endsWith('+json');
}

/** How deep a Value is nested, counted no further than one past `jsonDepthMax`. */
export function valueDepth(value: Value, depth = 0): number {
  const { kind } = value;
  if (kind.case === 'listValue') {
    if (depth >= jsonDepthMax) return depth + 1;
    return kind.value.values.reduce(
      (deepest, item) => Math.max(deepest, valueDepth(item, depth + 1)),
      depth + 1,
    );
  }
  if (kind.case === 'structValue') {
    if (depth >= jsonDepthMax) return depth + 1;
    return Object.values(kind.value.fields).reduce(
      (deepest, item) => Math.max(deepest, valueDepth(item, depth + 1)),
      depth + 1,
    );
  }
  return depth;
}

/** What is wrong with a Value as a payload: too deep, without a kind, or a number that JSON cannot say; else undefined. */
export function valueProblem(value: Value): { readonly message: string; readonly found: string } | undefined {
  if (valueDepth(value) > jsonDepthMax) {
    return { message: `must be nested at most ${jsonDepthMax} deep`, found: 'deeper' };
  }
  return kindProblem(value);
}

function kindProblem({ kind }: Value): { readonly message: string; readonly found: string } | undefined {
  switch (kind.case) {
    case undefined:
      return { message: 'must have a kind in every value', found: 'a value without one' };
    case 'numberValue':
      return Number.isFinite(kind.value)
        ? undefined
        : { message: 'must hold finite numbers, because JSON has no others', found: String(kind.value) };
    case 'listValue':
      return firstProblem(kind.value.values);
    case 'structValue':
      return firstProblem(Object.values(kind.value.fields));
    default:
      return undefined;
  }
}

function firstProblem(values: readonly Value[]): ReturnType<typeof kindProblem> {
  for (const value of values) {
    const problem = kindProblem(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function bounded(payload: Payload): Payload {
  const bytes = payload.data.byteLength;
  if (bytes <= payloadBytesMax) return payload;
  throw new HubError({
    reason: 'PAYLOAD_TOO_LARGE',
    message: `The payload has ${bytes} bytes, at most ${payloadBytesMax} are allowed; send less at once, or a reference to the data.`,
    metadata: { bytes: String(bytes), limit: String(payloadBytesMax) },
    executed: 'no',
  });
}

/** The Value of a JSON text; undefined when it is not JSON, or a Value would change it. */
function exactValue(data: Uint8Array): Value | undefined {
  const seen = { exact: true };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    const parsed = JSON.parse(text, (key, value: unknown, context?: { source?: string }) => {
      if (typeof value === 'number' && !isExactNumber(context?.source ?? String(value))) seen.exact = false;
      // As a key of a plain object it would set the prototype; and protobuf strings are well-formed text.
      if (key === '__proto__' || !key.isWellFormed()) seen.exact = false;
      if (typeof value === 'string' && !value.isWellFormed()) seen.exact = false;
      return value;
    }) as JsonValue;
    if (!seen.exact) return undefined;
    const value = isShallow(parsed) ? fromJson(ValueSchema, parsed) : undefined;
    return value === undefined ? undefined : create(ValueSchema, value);
  } catch {
    // Not JSON after all, whatever its media type says: it goes through as bytes.
    return undefined;
  }
}

function isShallow(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < jsonDepthMax && Object.values(value).every((inner) => isShallow(inner, depth + 1));
}

/** Whether a double prints the same decimal number as the literal, so that nothing is lost by it. */
function isExactNumber(literal: string): boolean {
  return canonicalNumber(literal) === canonicalNumber(String(Number(literal)));
}

/** Sign, digits without zeros at either end, and the exponent of the last digit: equal for equal decimal numbers. */
function canonicalNumber(literal: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal);
  if (match === null) return literal;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const exponent = Number(exponentText) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${exponent}`;
}
