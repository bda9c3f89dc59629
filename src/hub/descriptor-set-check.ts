import { messageOf } from '../base/error.ts';
import { NamedTypes } from '../transports/grpc/named-types.ts';

/** Why the bytes are no descriptor set that the gRPC transport could use; undefined: they are one. */
export function descriptorSetProblem(data: Uint8Array): string | undefined {
  try {
    new NamedTypes({ get: () => data }).get('it');
    return undefined;
  } catch (error) {
    return messageOf(error).replace(/^the descriptor set it cannot be used: /, '');
  }
}
