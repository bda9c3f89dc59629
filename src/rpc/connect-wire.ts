import { encodeEnvelope } from '@connectrpc/connect/protocol';
import {
  codeToHttpStatus as httpStatusOf,
  endStreamFlag,
  endStreamToJson,
  errorToJson,
} from '@connectrpc/connect/protocol-connect';
import type { StatusCode } from '../base/error-catalogue.ts';
import { connectCode, connectErrorFrom } from './connect-errors.ts';
import { encodeGrpcMessage, type WireError } from './error-mapping.ts';

/** Marks the last envelope of a gRPC-Web response, which holds the trailers. */
const grpcWebTrailerFlag = 0x80;
/** Marks a compressed envelope. */
const compressedFlag = 0x01;

/** The HTTP status of a code in the Connect protocol. https://connectrpc.com/docs/protocol#error-codes */
export function codeToHttpStatus(code: StatusCode): number {
  return httpStatusOf(connectCode(code));
}

/** The error as the Connect protocol's JSON: code, message, details. */
export function errorJson(error: WireError): unknown {
  return errorToJson(connectErrorFrom(error), undefined);
}

/** The message that ends a Connect stream with this error. */
export function encodeEndStream(error: WireError): Uint8Array {
  const end = endStreamToJson(new Headers(), connectErrorFrom(error), undefined);
  return encodeEnvelope(endStreamFlag, new TextEncoder().encode(JSON.stringify(end)));
}

/**
 * The time a caller gives, in ms, from `grpc-timeout` (`5S`, `100m`) or `connect-timeout-ms`; undefined when it
 * says nothing, `invalid` when it cannot be read.
 */
export function parseTimeoutMs(
  grpcTimeout: string | undefined,
  connectTimeoutMs: string | undefined,
): number | undefined | 'invalid' {
  if (grpcTimeout !== undefined) {
    const match = /^(\d{1,8})([HMSmun])$/.exec(grpcTimeout);
    const unitMs = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[match?.[2] ?? ''];
    return match === null || unitMs === undefined ? 'invalid' : Number(match[1]) * unitMs;
  }
  if (connectTimeoutMs === undefined) return undefined;
  return /^\d{1,10}$/.test(connectTimeoutMs) ? Number(connectTimeoutMs) : 'invalid';
}

/** Puts connect's `grpc-message`, which it encodes too much, into the form of the gRPC specification. */
export function mendGrpcMessage(trailer: Headers | undefined): void {
  const message = trailer?.get('grpc-message');
  if (message != null) trailer?.set('grpc-message', encodeGrpcMessage(decodeURIComponent(message)));
}

/** The same for the trailers inside a gRPC-Web body: each chunk of connect is one envelope. */
export function mendGrpcWebChunk(chunk: Uint8Array): Uint8Array {
  const flags = chunk[0] ?? 0;
  if ((flags & grpcWebTrailerFlag) === 0 || (flags & compressedFlag) !== 0) return chunk;
  const text = new TextDecoder().decode(chunk.subarray(5));
  const mended = text.replace(
    /^(grpc-message: )(.*?)(\r\n|$)/im,
    (_whole, name: string, message: string, end: string) =>
      name + encodeGrpcMessage(decodeURIComponent(message)) + end,
  );
  return encodeEnvelope(flags, new TextEncoder().encode(mended));
}
