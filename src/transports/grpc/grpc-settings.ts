import { z } from 'zod';
import { tlsSettings } from '../tls-identity.ts';
import { metadataSettings } from './metadata.ts';

/** Settings about the connection: those that the health check honours too. */
const connectionFields = {
  tls: tlsSettings
    .optional()
    .describe('Trust, client certificate and server name. Only with grpcs://; default: the machine’s trust.'),
  metadata: metadataSettings
    .optional()
    .describe(
      'Metadata of every call, by name: a text, or one around a secret. At most 32. It wins over the message’s headers.',
    ),
  authority: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9._~[\]:-]+$/, 'must be a host, or host:port')
    .optional()
    .describe(
      'The `:authority` of every call, for servers behind a proxy that chooses by it; default: host and port of the URI.',
    ),
};

/** Settings of a gRPC interface. */
export const grpcSettings = z.strictObject({
  ...connectionFields,
  descriptor_set: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe(
      'Name of a descriptor set of a catalog: where the types of its methods come from. Default: the target’s reflection.',
    ),
});

export type GrpcSettings = z.output<typeof grpcSettings>;

/** The settings about the connection alone, whatever else an interface of any protocol sets. */
export const grpcConnectionSettings = z.object(connectionFields);

export type GrpcConnectionSettings = z.output<typeof grpcConnectionSettings>;
