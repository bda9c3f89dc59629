import type { Message } from '../../base/message.ts';
import type { GrpcMethodOperation } from './grpc-operation.ts';
import { UnsentFault } from '../unsent-fault.ts';

const protobufTypes = new Set([
  'application/protobuf',
  'application/x-protobuf',
  'application/vnd.google.protobuf',
  'application/grpc',
  'application/grpc+proto',
]);

/**
 * Whether a payload is the request's bytes or JSON to be made into them. Throws {@link UnsentFault}: its content type
 * is neither, and the route does not say.
 */
export function payloadFormOf(
  { encoding = 'auto' }: GrpcMethodOperation,
  { contentType, data }: Pick<Message, 'contentType' | 'data'>,
): 'json' | 'bytes' {
  if (encoding !== 'auto') return encoding;
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (protobufTypes.has(type)) return 'bytes';
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  // Nothing is the empty message, whatever it is said to be.
  if (data.byteLength === 0) return 'json';
  throw new UnsentFault(
    'mapping_failed',
    `the payload's content type ${JSON.stringify(contentType.slice(0, 100))} is neither JSON (application/json, …+json) nor protobuf (application/protobuf); send one of them, or set the route's encoding`,
  );
}
