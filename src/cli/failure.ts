import { Code, ConnectError } from '@connectrpc/connect';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '#gen/standard/google/rpc/error_details_pb.js';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { errorCatalogue } from '../base/error-catalogue.ts';
import type { FieldViolation } from '../base/error.ts';
import { messageOf } from '../base/error.ts';
import { formatDuration } from './duration.ts';
import { printable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes of every command. 0 is success. */
export const exitCodes = { hubError: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** A failure in the form that people and scripts are shown. */
export interface Failure {
  readonly exitCode: (typeof exitCodes)[keyof typeof exitCodes];
  /** Reason of the catalogue; USAGE, HUB_UNREACHABLE or FAILED for what happened on this side. */
  readonly reason: string;
  /** Name of the gRPC code when the hub answered; else empty. */
  readonly code: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs?: number;
}

const noDetails = { code: '', metadata: {}, violations: [] } as const;

/** What anything thrown by a command means. `hubUrl` is named when the hub cannot be reached. */
export function describeFailure(thrown: unknown, hubUrl: string): Failure {
  if (thrown instanceof UsageError) {
    return { ...noDetails, exitCode: exitCodes.usage, reason: 'USAGE', message: thrown.message };
  }
  if (!(thrown instanceof ConnectError)) {
    return { ...noDetails, exitCode: exitCodes.hubError, reason: 'FAILED', message: messageOf(thrown) };
  }
  const info = thrown.findDetails(ErrorInfoSchema)[0];
  if (info === undefined) return withoutErrorInfo(thrown, hubUrl);
  const retryDelay = thrown.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    exitCode: exitCodes.hubError,
    reason: info.reason,
    code: codeName(thrown.code),
    message: thrown.rawMessage,
    metadata: info.metadata,
    violations: thrown
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) =>
        fieldViolations.map(({ field, description }) => ({ field, description })),
      ),
    ...(retryDelay !== undefined && { retryAfterMs: durationMs(retryDelay) }),
  };
}

/** The failure as lines for standard error: reason and message, violations one a line, and what to do next. */
export function failureLines(failure: Failure): readonly string[] {
  const lines = [
    `${failure.reason === 'FAILED' || failure.reason === 'USAGE' ? 'error' : failure.reason}: ${printable(failure.message)}`,
  ];
  for (const { field, description } of failure.violations) {
    lines.push(`  ${printable(field)}: ${printable(description)}`);
  }
  const body = failure.metadata['body'];
  if (body !== undefined) lines.push(`  the target said: ${printable(body)}`);
  if (failure.retryAfterMs !== undefined)
    lines.push(`  try again in ${formatDuration(failure.retryAfterMs)}`);
  if (Object.hasOwn(errorCatalogue, failure.reason)) {
    lines.push(`What it means and what to do: switchyard errors lookup ${failure.reason}`);
  }
  return lines;
}

/** Codes that an error without the hub's own details has when the connection is at fault. */
const lossCodes: readonly Code[] = [
  Code.Unavailable,
  Code.Aborted,
  Code.Internal,
  Code.Unknown,
  Code.Canceled,
  Code.DeadlineExceeded,
];

/** Refusals after which a watch is simply opened again. */
const passingReasons: readonly string[] = [
  'HUB_DRAINING',
  'SLOW_READER',
  'CONCURRENCY_LIMITED',
  'STORE_UNAVAILABLE',
];

/** Whether a watch should be opened again: the connection failed, or the hub refused for a reason that passes. */
export function isPassing(thrown: unknown): boolean {
  if (!(thrown instanceof ConnectError)) return false;
  const info = thrown.findDetails(ErrorInfoSchema)[0];
  if (info !== undefined) return passingReasons.includes(info.reason);
  return lossCodes.includes(thrown.code);
}

/** Errors without the hub's details were made on this side, or by something that is not a Switchyard hub. */
function withoutErrorInfo(error: ConnectError, hubUrl: string): Failure {
  if (error.code === Code.DeadlineExceeded) {
    return {
      ...noDetails,
      exitCode: exitCodes.unreachable,
      reason: 'HUB_UNREACHABLE',
      message: `the hub at ${hubUrl} did not answer in time; give it more with --timeout, or check that it is the right address`,
    };
  }
  // CANCELLED: the other side dropped the stream; a command that was interrupted does not come here.
  if ([Code.Unavailable, Code.Canceled].includes(error.code) || hasSystemCause(error)) {
    return {
      ...noDetails,
      exitCode: exitCodes.unreachable,
      reason: 'HUB_UNREACHABLE',
      message: `no hub at ${hubUrl} (${causeOf(error)}). Start one with \`switchyard serve\`, or name another with --hub or SWITCHYARD_HUB`,
    };
  }
  return {
    ...noDetails,
    exitCode: exitCodes.hubError,
    reason: codeName(error.code),
    code: codeName(error.code),
    message:
      error.code === Code.Unimplemented
        ? `what answers at ${hubUrl} does not know this call; it is no Switchyard hub, or an older one`
        : error.rawMessage,
  };
}

/** Whether the operating system or the HTTP/2 layer failed, not a call that got an answer. */
function hasSystemCause({ cause }: ConnectError): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
}

function causeOf(error: ConnectError): string {
  const cause = error.cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
      return 'the name is not known';
    case 'ECONNRESET':
      return 'the connection was reset';
    case 'ERR_HTTP2_ERROR':
      return 'it does not speak gRPC';
    default:
      return error.rawMessage;
  }
}

/** `NOT_FOUND` for Code.NotFound. */
function codeName(code: Code): string {
  return ((Code[code] as string | undefined) ?? 'UNKNOWN')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replace('CANCELED', 'CANCELLED');
}
