import type { OutgoingHttpHeaders } from 'node:http2';
import { z } from 'zod';
import type { Message } from '../../base/message.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { SendOptions } from '../../base/transport.ts';
import { headerValue, hopsHeader, passedOnHeaders } from '../headers.ts';
import { credentialObjection, readSecretText, type SecretText, secretText } from '../secret-value.ts';
import { UnsentFault } from '../unsent-fault.ts';

/** Metadata of one interface or route, at most so many entries. */
const entriesMax = 32;
/** Longest value in characters, the secret included. */
const valueLengthMax = 8192;

/** Names that the protocol, the connection or the hub itself sets. */
const reserved = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'http2-settings',
  'idempotency-key',
  'keep-alive',
  'proxy-connection',
  'te',
  'traceparent',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-message-id',
]);
const reservedPrefixes = ['grpc-', 'switchyard-', 'x-switchyard-'];

/** The settings `metadata` of interfaces and routes. */
export const metadataSettings = z.record(z.string(), secretText).superRefine((metadata, context) => {
  const entries = Object.entries(metadata);
  const refuse = (path: string[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  if (entries.length > entriesMax)
    refuse([], `has ${entries.length} entries, at most ${entriesMax} are allowed`);
  for (const [name, value] of entries) {
    const objection = nameObjection(name) ?? credentialObjection(name, value);
    if (objection !== undefined) refuse([name], objection);
    if (typeof value === 'string' && !isMetadataValue(value))
      refuse([name], 'a value is visible ASCII text and spaces');
  }
});

export type MetadataSettings = z.output<typeof metadataSettings>;

/** The metadata with the secrets in it. Rejects with {@link UnsentFault} or SecretUnavailable. */
export async function readMetadata(
  metadata: Readonly<Record<string, SecretText>>,
  secrets: Secrets,
): Promise<OutgoingHttpHeaders> {
  const read: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(metadata)) {
    const text = await readSecretText(value, secrets);
    if (!isMetadataValue(text))
      throw new UnsentFault(
        'misconfigured',
        `the value of the metadata ${name} cannot be sent: it is visible ASCII text and spaces, at most ${valueLengthMax} characters`,
      );
    read[name] = text;
  }
  return read;
}

/**
 * How many attempts of the call went before this one; left out of the first
 * (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#exposed-retry-metadata).
 */
const previousAttempts = 'grpc-previous-rpc-attempts';

/** What the hub says about a message in metadata, and the message's own headers. */
export function messageMetadata(
  message: Message,
  { attempt }: Pick<SendOptions, 'attempt'>,
): OutgoingHttpHeaders {
  const metadata: OutgoingHttpHeaders = {
    'x-message-id': headerValue(message.id),
    'idempotency-key': headerValue(message.id),
    [hopsHeader]: String(message.hops),
  };
  if (attempt > 1) metadata[previousAttempts] = String(attempt - 1);
  if (message.traceparent !== '') metadata['traceparent'] = headerValue(message.traceparent);
  // Keys that end with -bin hold bytes in gRPC; a message's headers are text and stay in the message.
  for (const [name, value] of passedOnHeaders(message.headers))
    if (!name.endsWith('-bin')) metadata[name] = value;
  return metadata;
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: "Custom-Metadata". */
function nameObjection(name: string): string | undefined {
  if (!/^[0-9a-z_.-]{1,128}$/.test(name))
    return `${JSON.stringify(name.slice(0, 128))} is no metadata name: lower-case letters, digits, "-", "_" and "." are allowed`;
  if (name.endsWith('-bin')) return 'names that end with -bin hold bytes; only text can be set';
  if (reserved.has(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix)))
    return `${name} is set by the protocol or by the hub; choose another name`;
  return undefined;
}

function isMetadataValue(text: string): boolean {
  return text.length <= valueLengthMax && /^[\x20-\x7e]*$/.test(text);
}
