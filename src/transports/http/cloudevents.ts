import type { Message } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import { instant, isJsonType } from '../mapping/mapping-input.ts';
import { isJson } from './json-payload.ts';

/** The source of an event whose sender did not say who it is: CloudEvents needs one. */
const sourceUnknown = 'switchyard';

/** Attributes of a message as a CloudEvent 1.0, extensions included; absent ones are left out. */
function attributesOf(
  endpoint: Endpoint,
  message: Message,
  options: SendOptions,
): Record<string, string | number> {
  const all: Record<string, string | number | undefined> = {
    specversion: '1.0',
    id: message.id,
    source: uriReference(message.source) || sourceUnknown,
    type: message.type,
    time: instant(message.createTimeMs),
    kind: message.kind,
    priority: message.priority,
    correlationid: message.correlationId,
    target: endpoint.systemId,
    attempt: options.attempt,
    deadline: instant(options.deadlineMs),
    traceparent: message.traceparent,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
}

/**
 * A message as a CloudEvent in binary content mode (CloudEvents HTTP binding 1.0, section 3.1): attributes as `ce-`
 * headers, the payload as the body, byte by byte.
 */
export function binaryEvent(
  endpoint: Endpoint,
  message: Message,
  options: SendOptions,
): { readonly headers: [string, string][]; readonly body: Uint8Array } {
  return {
    headers: [
      ...Object.entries(attributesOf(endpoint, message, options)).map(([name, value]): [string, string] => [
        `ce-${name}`,
        attributeHeader(String(value)),
      ]),
      ...(message.data.length === 0 || message.contentType === ''
        ? []
        : [['content-type', message.contentType] as [string, string]]),
    ],
    body: message.data,
  };
}

/**
 * A message as a CloudEvent in structured content mode (section 3.2): one JSON object. A JSON payload is spliced in as
 * it came, so that numbers survive exactly; any other is `data_base64`.
 */
export function structuredEvent(
  endpoint: Endpoint,
  message: Message,
  options: SendOptions,
): { readonly headers: [string, string][]; readonly body: Uint8Array } {
  const { contentType, data } = message;
  const empty = data.length === 0;
  const json = !empty && isJsonType(contentType) && isJson(data);
  const head = JSON.stringify({
    ...attributesOf(endpoint, message, options),
    ...(empty || contentType === '' ? {} : { datacontenttype: contentType }),
  }).slice(0, -1);
  const base64 = (): string => Buffer.from(data).toString('base64');
  return {
    headers: [['content-type', 'application/cloudevents+json; charset=utf-8']],
    body: json
      ? Buffer.concat([Buffer.from(`${head},"data":`), data, Buffer.from('}')])
      : Buffer.from(empty ? `${head}}` : `${head},"data_base64":"${base64()}"}`),
  };
}

/**
 * An attribute as a header value (section 3.1.3.2): space, double quote, percent and all but printable ASCII are
 * percent-encoded as UTF-8.
 */
export function attributeHeader(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\x21\x23\x24\x26-\x7e]/gu, (char) =>
      [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}

/** A system's id is a URI reference as it is; anything else is percent-encoded to one. */
function uriReference(source: string): string {
  return /^[A-Za-z0-9._~/-]*$/.test(source) ? source : encodeURIComponent(source.toWellFormed());
}
