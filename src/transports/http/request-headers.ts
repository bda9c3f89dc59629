import type { Message } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import {
  headerValue,
  hopsHeader,
  isHeaderValue,
  passedOnHeaders,
  previousAttemptsHeader,
} from '../headers.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';

/** Longest value of a header that a message gives, characters. */
const valueLengthMax = 8192;

/** Headers as pairs; names in lower case. */
export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** What the hub says in every request, whatever its form. Bodies are not decoded here, so none may come encoded. */
export function commonHeaders(message: Message, { attempt }: Pick<SendOptions, 'attempt'>): HeaderPairs {
  return [
    ['accept-encoding', 'identity'],
    ['user-agent', 'switchyard'],
    [hopsHeader, String(message.hops)],
    ...(attempt > 1 ? [[previousAttemptsHeader, String(attempt - 1)] as const] : []),
    ...(message.traceparent === '' ? [] : [['traceparent', headerValue(message.traceparent)] as const]),
  ];
}

/** The key by which a target recognises a message that comes again. */
export function idempotencyKey(message: Message): HeaderPairs {
  return [['idempotency-key', headerValue(message.id)]];
}

/** The message's own headers; those of a CloudEvent's attributes are the hub's. */
export function messageHeaders(message: Message): HeaderPairs {
  return passedOnHeaders(message.headers).filter(([name]) => !name.startsWith('ce-'));
}

/** Headers that name the message, for the hub's own envelope. */
export function envelopeHeaders(endpoint: Endpoint, message: Message): HeaderPairs {
  return [
    ['content-type', 'application/json'],
    ['x-message-id', headerValue(message.id)],
    ['x-target-system', headerValue(endpoint.systemId)],
    ['x-message-type', headerValue(message.type)],
    ...(message.source === '' ? [] : [['x-source-system', headerValue(message.source)] as const]),
  ];
}

/**
 * Layers of headers as undici takes them: name, value, name, value, … A later layer wins over an earlier one. Throws
 * {@link MappingFault} naming a header whose value cannot be one: a line break would begin another header.
 */
export function mergedHeaders(...layers: readonly HeaderPairs[]): string[] {
  const merged = new Map<string, string>();
  for (const [name, value] of layers.flat()) {
    if (!isHeaderValue(value))
      throw new MappingFault(`headers.${name}`, 'the value holds characters that a header cannot carry');
    if (value.length > valueLengthMax)
      throw new MappingFault(`headers.${name}`, `the value has more than ${valueLengthMax} characters`);
    merged.set(name, value);
  }
  return [...merged].flat();
}
