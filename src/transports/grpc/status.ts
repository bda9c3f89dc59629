/** Names of the gRPC status codes by number, https://grpc.io/docs/guides/status-codes/ */
export const grpcCodeNames = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
export type GrpcCodeName = (typeof grpcCodeNames)[number];

/** The name for a `grpc-status` value; undefined when it is not one of the 17 codes. */
export function parseGrpcStatus(text: string): GrpcCodeName | undefined {
  return /^[0-9]{1,2}$/.test(text) ? grpcCodeNames[Number(text)] : undefined;
}

/** Codes by which a server says a definite no: the same request will be refused again, and it did not act. */
export const definiteRefusals: ReadonlySet<GrpcCodeName> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
]);

/**
 * The code that an HTTP status stands for when something in between answered instead of a gRPC server:
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function codeOfHttpStatus(httpStatus: number): GrpcCodeName {
  switch (httpStatus) {
    case 400:
      return 'INTERNAL';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'UNIMPLEMENTED';
    case 429:
    case 502:
    case 503:
    case 504:
      return 'UNAVAILABLE';
    default:
      return 'UNKNOWN';
  }
}

/** Whether a content type is gRPC's own: gRPC-Web and pages of proxies are not. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  return /^application\/grpc\s*(?:$|[+;])/i.test(contentType ?? '');
}

/** Decodes a percent-encoded `grpc-message`; what is not validly encoded stays as it is, as the protocol asks. */
export function decodeGrpcMessage(text: string): string {
  if (!text.includes('%')) return text;
  // Runs of encoded bytes are decoded as one: a character may take several.
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

/** A `grpc-timeout` value: at most eight digits and a unit. At least 1 ms. */
export function formatGrpcTimeout(remainingMs: number): string {
  const wholeMs = Math.max(1, Math.floor(remainingMs));
  if (wholeMs < 1e8) return `${wholeMs}m`;
  return `${Math.min(99_999_999, Math.floor(wholeMs / 1000))}S`;
}
