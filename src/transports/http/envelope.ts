import { isUtf8 } from 'node:buffer';
import type { Message } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import { headerValue, hopsHeader, passedOnHeaders } from '../headers.ts';

/** Path under the interface's URI that messages are posted to, unless the setting `message_path` names another. */
export const messagePathDefault = '/api/v1/messages';

/**
 * The hub's JSON envelope as bytes (contract.md, "What a system receives over HTTP"). A JSON payload is spliced in as
 * it came, so that numbers and the order of keys survive exactly; an empty payload is `null`, any other bytes are
 * `payload_base64`.
 */
export function envelopeBody(endpoint: Endpoint, message: Message, options: SendOptions): Buffer {
  const head = JSON.stringify({
    message_id: message.id,
    source_system: message.source,
    target_system: endpoint.systemId,
    message_type: message.type,
    kind: message.kind,
    priority: message.priority,
    timestamp: instant(message.createTimeMs),
    correlation_id: message.correlationId,
    headers: message.headers,
    attempt: options.attempt,
    deadline: instant(options.deadlineMs),
    content_type: message.contentType,
  }).slice(0, -1);
  if (message.data.length === 0) return Buffer.from(`${head},"payload":null}`);
  if (isJson(message.contentType, message.data))
    return Buffer.concat([Buffer.from(`${head},"payload":`), message.data, Buffer.from('}')]);
  return Buffer.from(`${head},"payload_base64":"${bufferOf(message.data).toString('base64')}"}`);
}

/** The request's headers as undici takes them: name, value, name, value, … */
export function envelopeHeaders(endpoint: Endpoint, message: Message): string[] {
  const headers = [
    'content-type',
    'application/json',
    // Bodies are not decoded here, so none may come encoded.
    'accept-encoding',
    'identity',
    'user-agent',
    'switchyard',
    'x-message-id',
    headerValue(message.id),
    'x-target-system',
    headerValue(endpoint.systemId),
    'x-message-type',
    headerValue(message.type),
    'idempotency-key',
    headerValue(message.id),
    hopsHeader,
    String(message.hops),
  ];
  if (message.source !== '') headers.push('x-source-system', headerValue(message.source));
  if (message.traceparent !== '') headers.push('traceparent', headerValue(message.traceparent));
  for (const [name, value] of passedOnHeaders(message.headers)) headers.push(name, value);
  return headers;
}

/** RFC 3339 in UTC with milliseconds; undefined (the field is left out) for an instant that a date cannot hold. */
function instant(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const jsonTypePattern = /^\s*(?:application|text)\/(?:json|[^\s;]+\+json)\s*(?:;|$)/i;

function isJson(contentType: string, data: Uint8Array): boolean {
  if (!jsonTypePattern.test(contentType) || !isUtf8(data)) return false;
  try {
    JSON.parse(bufferOf(data).toString('utf8'));
    return true;
  } catch {
    // Not JSON after all: it goes as base64.
    return false;
  }
}

function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
