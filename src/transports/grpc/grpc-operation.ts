import { z } from 'zod';
import { metadataSettings } from './metadata.ts';

const typeName = z
  .string()
  .max(512)
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'must be the full name of a message type, such as acme.v1.Order');

/** A route's operation that calls a method of the target. */
export const grpcMethodOperation = z.strictObject({
  method: z
    .string()
    .max(512)
    .regex(
      /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\/[A-Za-z_]\w*$/,
      'must be package.Service/Method, without a leading slash',
    )
    .describe('Full name of the method: `package.Service/Method`. Unary methods only.'),
  metadata: metadataSettings
    .optional()
    .describe('Metadata of this method’s calls, by name; wins over the interface’s.'),
  encoding: z
    .enum(['auto', 'json', 'bytes'])
    .optional()
    .describe(
      'How the payload becomes the request: `json` transcodes it, `bytes` passes it as it is, `auto` (the default) goes by its content type.',
    ),
  any_types: z
    .array(typeName)
    .max(32)
    .optional()
    .describe(
      'Message types that stand in `google.protobuf.Any` fields and that the service’s own files do not import. At most 32.',
    ),
  emit_defaults: z
    .boolean()
    .optional()
    .describe('Whether a JSON reply also holds fields that have their default value. Default false.'),
});

/** A route's operation that sends the hub's own envelope, as an interface without routes does. */
export const grpcEnvelopeOperation = z.strictObject({
  envelope: z
    .literal('switchyard', { error: 'must be switchyard' })
    .describe('`switchyard` calls switchyard.messaging.v1.ReceiverService/Receive.'),
  metadata: metadataSettings
    .optional()
    .describe('Metadata of these calls, by name; wins over the interface’s.'),
});

/** The operation of a route of a gRPC interface. */
export const grpcOperation = z.union([grpcMethodOperation, grpcEnvelopeOperation]);

export type GrpcMethodOperation = z.output<typeof grpcMethodOperation>;
export type GrpcOperation = z.output<typeof grpcOperation>;

/** The schema that an operation means to fit, so that its violations name what is wrong rather than both ways out. */
export function operationSchemaOf(operation: Readonly<Record<string, unknown>>): z.ZodType<GrpcOperation> {
  return 'envelope' in operation ? grpcEnvelopeOperation : grpcMethodOperation;
}

/** Service and name of a method: `pkg.Service/Method`. */
export interface MethodName {
  readonly service: string;
  readonly method: string;
}

export function methodNameOf({ method: full }: GrpcMethodOperation): MethodName {
  const slash = full.indexOf('/');
  return { service: full.slice(0, slash), method: full.slice(slash + 1) };
}
