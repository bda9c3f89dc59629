import { create, type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { type ErrorReason, errorCatalogue, type StatusCode } from '../base/error-catalogue.ts';
import { type FieldViolation, HubError, messageOf } from '../base/error.ts';
import { createId } from '../base/id.ts';
import type { Logger } from '../telemetry/log.ts';

/** The `domain` of every ErrorInfo. */
export const errorDomain = 'switchyard.dev';
/** Text and details together, in bytes as they go over the wire before base64. Larger trailers break grpcio and hang grpc-js. */
export const errorBytesMax = 4096;
/** Longest text, in bytes of its percent-encoded form. */
export const errorTextBytesMax = 1536;
/** Longest value of one metadata entry, in bytes (contract.md: 1 KiB of the target's body). */
export const metadataValueBytesMax = 1024;

/** One detail of an error, with its description so that any adapter can encode it. */
export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: Message;
}

/** An error as it goes over the wire, whatever the protocol. */
export interface WireError {
  readonly reason: ErrorReason;
  readonly code: StatusCode;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

/** The number of a status code in gRPC. */
export const grpcCodes: Readonly<Record<StatusCode, number>> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

/**
 * Turns anything thrown into a HubError. What is not one is a defect: its text stays in the log, under an id that
 * the caller gets too.
 */
export function hubErrorFrom(thrown: unknown, logger: Logger, where: string): HubError {
  if (thrown instanceof HubError) return thrown;
  const errorId = createId();
  logger.error('a call failed by a defect', {
    error_id: errorId,
    where,
    error: messageOf(thrown),
    stack: thrown instanceof Error ? thrown.stack : undefined,
  });
  return new HubError({
    reason: 'INTERNAL',
    message: `The hub failed on this call; its log has the cause under error id ${errorId}. Please report it.`,
    metadata: { error_id: errorId },
    cause: thrown,
  });
}

/**
 * The wire form of a HubError: text and details within {@link errorBytesMax}. What does not fit is left out in this
 * order: field violations from the end, then metadata from the end; ErrorInfo with the reason always stays. The
 * text and ErrorInfo's `violations_omitted` say how many violations were left out.
 */
export function wireErrorFrom(error: HubError): WireError {
  const { code } = errorCatalogue[error.reason];
  const total = error.violations.length;
  let metadata = Object.entries({
    ...(error.executed === undefined ? {} : { executed: error.executed }),
    ...error.metadata,
  }).map(([key, value]): [string, string] => [cutUtf8(key, 64), cutUtf8(value, metadataValueBytesMax)]);
  // No more than could ever fit; then fewer until they do.
  let shown = Math.min(total, 200);
  for (;;) {
    const omitted = total - shown;
    const note = omitted === 0 ? '' : ` (${omitted} of ${total} violations are left out here)`;
    const message = cutText(error.message, errorTextBytesMax - note.length) + note;
    const details = detailsOf(error, {
      metadata: omitted === 0 ? metadata : [...metadata, ['violations_omitted', String(omitted)]],
      violations: error.violations.slice(0, shown),
    });
    const excess = sizeOf(message, details) - errorBytesMax;
    if (excess <= 0 || (shown === 0 && metadata.length === 0)) {
      return { reason: error.reason, code, message, details };
    }
    if (shown > 0) shown -= Math.max(1, Math.min(shown, Math.floor(excess / 512)));
    else metadata = metadata.slice(0, -1);
  }
}

/** The status as one message, for `grpc-status-details-bin`. */
export function statusBytes(error: WireError): Uint8Array {
  const details = error.details.map(({ desc, value }) => anyPack(desc, value));
  return toBinary(
    StatusSchema,
    create(StatusSchema, { code: grpcCodes[error.code], message: error.message, details }),
  );
}

/**
 * The `grpc-message` form of a text: only `%` and bytes outside 0x20–0x7E are percent-encoded, as the gRPC
 * specification says. More than that shows up as `%3A` in grpc-js, which decodes with decodeURI.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function encodeGrpcMessage(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function detailsOf(
  error: HubError,
  parts: { metadata: readonly (readonly [string, string])[]; violations: readonly FieldViolation[] },
): ErrorDetail[] {
  const details: ErrorDetail[] = [
    detail(
      ErrorInfoSchema,
      create(ErrorInfoSchema, {
        reason: error.reason,
        domain: errorDomain,
        metadata: Object.fromEntries(parts.metadata),
      }),
    ),
  ];
  if (parts.violations.length > 0) {
    const fieldViolations = parts.violations.map(({ field, description }) => ({
      field: cutUtf8(field, 256),
      description: cutUtf8(description, 512),
    }));
    details.push(detail(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(Math.max(0, Math.ceil(error.retryAfterMs)));
    details.push(detail(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  if (error.resource !== undefined) {
    const { type, name } = error.resource;
    const info = { resourceType: cutUtf8(type, 64), resourceName: cutUtf8(name, 256) };
    details.push(detail(ResourceInfoSchema, create(ResourceInfoSchema, info)));
  }
  if (errorCatalogue[error.reason].code === 'RESOURCE_EXHAUSTED') {
    const subject = cutUtf8(error.metadata['subject'] ?? 'hub', 256);
    const violations = [{ subject, description: cutUtf8(error.message, 256) }];
    details.push(detail(QuotaFailureSchema, create(QuotaFailureSchema, { violations })));
  }
  return details;
}

function detail(desc: DescMessage, value: Message): ErrorDetail {
  return { desc, value };
}

function sizeOf(message: string, details: readonly ErrorDetail[]): number {
  const status = statusBytes({ reason: 'INTERNAL', code: 'INTERNAL', message, details });
  return encodeGrpcMessage(message).length + status.byteLength;
}

/** The text without control characters but line ends, cut so that its percent-encoded form fits. */
function cutText(text: string, encodedBytesMax: number): string {
  if (encodeGrpcMessage(text.slice(0, encodedBytesMax + 1)).length <= encodedBytesMax) return text;
  let cut = cutUtf8(text, encodedBytesMax - 1);
  while (encodeGrpcMessage(`${cut}…`).length > encodedBytesMax) {
    cut = cutUtf8(cut, Math.floor(Buffer.byteLength(cut) * 0.9));
  }
  return `${cut}…`;
}

/** At most `bytesMax` bytes of UTF-8, never half a character. */
function cutUtf8(text: string, bytesMax: number): string {
  if (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax) return text;
  const bytes = Buffer.from(text.slice(0, bytesMax), 'utf8').subarray(0, Math.max(0, bytesMax));
  // A character that was cut in two decodes to U+FFFD at the end.
  return new TextDecoder().decode(bytes).replace(/\uFFFD+$/u, '');
}
