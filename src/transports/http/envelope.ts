import type { Message } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import { instant, isJsonType } from '../mapping/mapping-input.ts';
import { isJson } from './json-payload.ts';

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
  if (isJsonType(message.contentType) && isJson(message.data))
    return Buffer.concat([Buffer.from(`${head},"payload":`), message.data, Buffer.from('}')]);
  return Buffer.from(`${head},"payload_base64":"${Buffer.from(message.data).toString('base64')}"}`);
}
