import type { DescField, DescMessage, DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { StatusCode } from '../base/error-catalogue.ts';
import { HubError, invalidFields } from '../base/error.ts';
import type { WireError } from './error-mapping.ts';
import { showFound } from './validation.ts';

/** A ConnectError that carries one of our errors as it is. */
export function connectErrorFrom(error: WireError): ConnectError {
  return new ConnectError(error.message, connectCode(error.code), undefined, [...error.details]);
}

/** Connect's name of each code; the numbers are gRPC's. */
const connectCodes: Readonly<Record<StatusCode, Code>> = {
  CANCELLED: Code.Canceled,
  UNKNOWN: Code.Unknown,
  INVALID_ARGUMENT: Code.InvalidArgument,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  NOT_FOUND: Code.NotFound,
  ALREADY_EXISTS: Code.AlreadyExists,
  PERMISSION_DENIED: Code.PermissionDenied,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  ABORTED: Code.Aborted,
  UNIMPLEMENTED: Code.Unimplemented,
  INTERNAL: Code.Internal,
  UNAVAILABLE: Code.Unavailable,
  UNAUTHENTICATED: Code.Unauthenticated,
};

export function connectCode(code: StatusCode): Code {
  return connectCodes[code];
}

/**
 * The error of our catalogue for one that connect raised itself: a request that cannot be parsed, is too large, or
 * comes in a form that is not taken. Undefined for what only a defect can cause.
 */
export function hubErrorFromConnect(
  error: ConnectError,
  method: DescMethod,
  readBytesMax: number,
): HubError | undefined {
  const text = error.rawMessage;
  switch (error.code) {
    case Code.ResourceExhausted:
      return new HubError({
        reason: 'PAYLOAD_TOO_LARGE',
        message: `The request is larger than ${readBytesMax} bytes, the most that the hub reads; send less at once.`,
        metadata: { limit_bytes: String(readBytesMax) },
        executed: 'no',
      });
    case Code.Unimplemented:
      return new HubError({
        reason: 'NOT_IMPLEMENTED',
        message: `The hub does not take this call: ${text}.`,
      });
    case Code.InvalidArgument:
      return badRequest(method, text);
    case Code.Canceled:
      // The caller reset its stream, or its connection ended.
      return new HubError({ reason: 'CANCELLED', message: 'The caller cancelled the call or went away.' });
    default:
      // Also what connect calls internal: bytes that are not the message.
      return /^parse binary|^protocol error|^premature|^decompression|^received compressed/.test(text)
        ? badRequest(method, text)
        : undefined;
  }
}

/** INVALID_FIELD for a request that could not be parsed, with a violation when the text tells the field. */
function badRequest(method: DescMethod, text: string): HubError {
  const unknown = /^cannot decode message (\S+) from JSON: key "(.*)" is unknown$/s.exec(text);
  if (unknown?.[1] !== undefined && unknown[2] !== undefined) {
    const message = messageNamed(method.input, unknown[1]);
    const allowed = message?.fields.map((field) => field.name).join(', ') ?? '';
    return invalidFields([
      {
        field: unknown[2].slice(0, 256),
        description: `is not a field of ${unknown[1]}; allowed are ${allowed === '' ? 'none' : allowed}`,
      },
    ]);
  }
  const field = /^cannot decode field (\S+)\.(\w+) from JSON: (.*)$/s.exec(text);
  if (field?.[2] !== undefined && field[3] !== undefined) {
    return invalidFields([
      { field: field[2], description: `of ${field[1] ?? ''}: ${field[3].slice(0, 512)}` },
    ]);
  }
  const named = /^cannot decode (?:message|enum) (\S+) from JSON:? (.*)$/s.exec(text);
  if (named?.[1] !== undefined && named[2] !== undefined && named[1] !== method.input.typeName) {
    return invalidFields([
      {
        field: namesOfType(method.input, named[1]),
        description: `is not a ${named[1]}: ${named[2].slice(0, 512)}`,
      },
    ]);
  }
  return new HubError({
    reason: 'INVALID_FIELD',
    message: `The request is not a ${method.input.typeName}: ${text.slice(0, 512)}`,
    metadata: { found: showFound(text) },
  });
}

/** Names of the fields in a request that have this type: the parser does not say which one it was at. */
function namesOfType(root: DescMessage, typeName: string): string {
  const names = new Set<string>();
  for (const message of messagesIn(root)) {
    for (const field of message.fields) {
      if (typesOf(field).includes(typeName)) names.add(field.name);
    }
  }
  return names.size === 0 ? typeName : [...names].slice(0, 5).join(' or ');
}

function messageNamed(root: DescMessage, typeName: string): DescMessage | undefined {
  return messagesIn(root).find((message) => message.typeName === typeName);
}

/** The message and all that it holds, each once. */
function messagesIn(root: DescMessage): DescMessage[] {
  const found = new Set<DescMessage>([root]);
  for (const message of found) {
    for (const field of message.fields) {
      if (field.message !== undefined) found.add(field.message);
    }
  }
  return [...found];
}

function typesOf(field: DescField): string[] {
  return [field.message?.typeName, field.enum?.typeName].filter((name) => name !== undefined);
}
