import { Code, ConnectError } from '@connectrpc/connect';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '@switchyard/gen/standard/google/rpc/error_details_pb';

/** What the hub says when it refuses a call. */
export interface Failure {
  readonly code: Code;
  readonly message: string;
  /** Why, in one word of docs/errors.md: `SYSTEM_NOT_FOUND`. Empty when the hub was not reached. */
  readonly reason: string;
  /** Values that belong to the reason; of a delivery `executed`: no, yes or unknown. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When to come back, in ms. Unset: the hub does not say. */
  readonly retryAfterMs: number | undefined;
  /** Every field that is wrong, at once. */
  readonly violations: readonly { readonly field: string; readonly description: string }[];
}

/** Reads a failed call: the code and text of its status, and what google.rpc's details add. */
export function readFailure(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  const delay = retry?.retryDelay;
  return {
    code: error.code,
    message: error.rawMessage,
    reason: info?.reason ?? '',
    metadata: info?.metadata ?? {},
    retryAfterMs: delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    violations: bad?.fieldViolations ?? [],
  };
}

/** A failure in lines for people. */
export function failureText(failure: Failure): string {
  const { code, message, reason, metadata, retryAfterMs, violations } = failure;
  const lines = [`${reason || 'no reason'} (${Code[code]}): ${message}`];
  for (const [name, value] of Object.entries(metadata)) lines.push(`  ${name} = ${value}`);
  if (retryAfterMs !== undefined) lines.push(`  try again after ${retryAfterMs} ms`);
  for (const { field, description } of violations) lines.push(`  ${field}: ${description}`);
  return lines.join('\n');
}

/** Whether the same call would fail again however often it is repeated. */
export function isFinal({ code }: Failure): boolean {
  return [Code.InvalidArgument, Code.Unauthenticated, Code.PermissionDenied, Code.Unimplemented].includes(
    code,
  );
}
