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
import { CatalogFileError, positionText } from '../catalog/catalog-file-error.ts';
import { CommandFailure } from './command-failure.ts';
import { optionOfField } from './cli-words.ts';
import { connectionFault, isPlainToTls, plainToTlsFault } from './connection-fault.ts';
import { formatDuration } from './duration.ts';
import { printable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes of every command. 0 is success. */
export const exitCodes = { hubError: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** A failure in the form that people and scripts are shown. */
export interface Failure {
  /** One of {@link exitCodes}, unless the command has codes of its own. */
  readonly exitCode: number;
  /** Reason of the catalogue; USAGE, HUB_UNREACHABLE, HUB_TLS_FAILED or FAILED for what happened on this side. */
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
  if (thrown instanceof CommandFailure) {
    const failure = describeFailure(thrown.cause, hubUrl);
    return {
      ...failure,
      exitCode: thrown.exitCode ?? failure.exitCode,
      violations: failure.violations.map(thrown.translate),
    };
  }
  if (thrown instanceof CatalogFileError) return describeFileError(thrown);
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

/** Violations of files that are shown; the others are counted. */
const fileViolationsMax = 100;

function describeFileError({ violations }: CatalogFileError): Failure {
  const more = violations.length - fileViolationsMax;
  const count = violations.length === 1 ? 'one thing is' : `${violations.length} things are`;
  return {
    ...noDetails,
    exitCode: exitCodes.usage,
    reason: 'USAGE',
    message: `${count} wrong with what was given${more > 0 ? `; the first ${fileViolationsMax} are` : ''}:`,
    violations: violations.slice(0, fileViolationsMax).map((violation) => ({
      field: [positionText(violation), violation.path].filter((part) => part !== '').join(': '),
      description: violation.message,
    })),
  };
}

/**
 * The failure, looked at once more: a port that only broke the connection off is asked whether it speaks TLS. Takes up
 * to 2 s, and only for a hub that was not reached over plain http.
 */
export async function examined(failure: Failure, hubUrl: string): Promise<Failure> {
  if (failure.reason !== 'HUB_UNREACHABLE' || !(await isPlainToTls(hubUrl))) return failure;
  return { ...failure, ...plainToTlsFault(hubUrl) };
}

/** What to do next on the command line, where the hub cannot know it. */
const hints: Readonly<Record<string, string | undefined>> = {
  UNAUTHENTICATED:
    'say who you are: an API key with --token-file or SWITCHYARD_TOKEN, a certificate with --cert and --key, or keep either in a context (switchyard contexts set --help)',
  PERMISSION_DENIED:
    'you are known, but may not do this (switchyard whoami shows what you may): use the key of another role (--token-file, --context)',
};

/**
 * The failure as lines for standard error: reason and message, violations one a line, and what to do next.
 * `fromFlags`: fields are named by the options that fill them.
 */
export function failureLines(failure: Failure, fromFlags = true): readonly string[] {
  const isOwn = failure.reason === 'FAILED' || failure.reason === 'USAGE';
  const lines = [`${isOwn ? 'error' : failure.reason}: ${printable(failure.message)}`];
  for (const { field, description } of failure.violations) {
    const option = fromFlags ? optionOfField(field) : undefined;
    const name = option === undefined ? field : `${option} (${field})`;
    lines.push(`  ${printable(name)}: ${printable(description)}`);
  }
  const body = failure.metadata['body'];
  if (body !== undefined) lines.push(`  the target said: ${printable(body)}`);
  if (failure.retryAfterMs !== undefined)
    lines.push(`  try again in ${formatDuration(failure.retryAfterMs)}`);
  const hint = hints[failure.reason];
  if (hint !== undefined) lines.push(`  ${hint}`);
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
    return { ...noDetails, exitCode: exitCodes.unreachable, ...connectionFault(error, hubUrl) };
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

/** Whether the operating system, TLS or the HTTP/2 layer failed, not a call that got an answer. */
function hasSystemCause({ cause }: ConnectError): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
}

/** `NOT_FOUND` for Code.NotFound. */
function codeName(code: Code): string {
  return ((Code[code] as string | undefined) ?? 'UNKNOWN')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replace('CANCELED', 'CANCELLED');
}
