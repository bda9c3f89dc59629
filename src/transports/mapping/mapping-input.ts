import { isUtf8 } from 'node:buffer';
import { messageOf } from '../../base/error.ts';
import type { Message } from '../../base/message.ts';
import { parseExactJson } from './exact-json.ts';
import { MappingFault } from './mapping-fault.ts';

/** The message as mappings see it: names as in the contract. */
export interface MappedMessage {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** System that it goes to. */
  readonly target: string;
  readonly kind: string;
  readonly priority: string;
  readonly correlation_id: string;
  readonly content_type: string;
  /** When its sender made it, RFC 3339. */
  readonly create_time: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What templates and expressions of a request see. */
export interface MappingInput {
  /** See {@link decodedContent}; read when first asked for. */
  readonly payload: unknown;
  readonly message: MappedMessage;
}

/** A message to `systemId` as the input of a mapping. Reading `payload` throws {@link MappingFault} for broken JSON. */
export function mappingInputOf(message: Message, systemId: string): MappingInput {
  let decoded: { readonly payload: unknown } | undefined;
  return {
    get payload() {
      decoded ??= { payload: decodedContent(message.contentType, message.data, 'payload') };
      return decoded.payload;
    },
    message: {
      id: message.id,
      type: message.type,
      source: message.source,
      target: systemId,
      kind: message.kind,
      priority: message.priority,
      correlation_id: message.correlationId,
      content_type: message.contentType,
      create_time: instant(message.createTimeMs) ?? '',
      headers: message.headers,
    },
  };
}

/**
 * Bytes as a mapping sees them: JSON parsed with exact numbers, other text that is UTF-8 as a text, nothing as
 * undefined, any other bytes as their base64. Throws {@link MappingFault} naming `field` for JSON that is none.
 */
export function decodedContent(contentType: string, data: Uint8Array, field: string): unknown {
  if (data.length === 0) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (isJsonType(contentType)) {
    if (!isUtf8(bytes)) throw new MappingFault(field, `says that it is ${contentType} and is not UTF-8`);
    try {
      return parseExactJson(bytes.toString('utf8'));
    } catch (cause) {
      throw new MappingFault(field, `says that it is ${contentType} and is not: ${messageOf(cause)}`);
    }
  }
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('base64');
}

/** Whether a content type is JSON: `application/json`, `text/json`, `application/problem+json`. */
export function isJsonType(contentType: string): boolean {
  return /^\s*(?:application|text)\/(?:json|[^\s;]+\+json)\s*(?:;|$)/i.test(contentType);
}

/** RFC 3339 in UTC with milliseconds; undefined for an instant that a date cannot hold. */
export function instant(epochMs: number): string | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
