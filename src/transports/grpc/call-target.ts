import type { OutgoingHttpHeaders } from 'node:http2';
import type { Secrets } from '../../base/secrets.ts';
import type { TargetAddress } from '../target-address.ts';
import type { TlsIdentities } from '../tls-identity.ts';
import type { GrpcConnectionSettings } from './grpc-settings.ts';
import { readMetadata } from './metadata.ts';
import type { SessionTarget } from './session-target.ts';

/** Where a call goes and what all calls there say about themselves. */
export interface CallTarget {
  readonly session: SessionTarget;
  /** The interface's metadata with its secrets, and its authority. */
  readonly headers: OutgoingHttpHeaders;
}

/** What reads the secrets that settings refer to. */
export interface CallTargetPorts {
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/** What settings mean that refer to no secret and no certificate; undefined for others. In one turn, so that most calls are. */
export function plainTargetOf(
  address: TargetAddress,
  { tls, metadata, authority }: GrpcConnectionSettings,
): CallTarget | undefined {
  if (tls !== undefined || metadata !== undefined) return undefined;
  return {
    session: { address, identity: undefined },
    headers: authority === undefined ? {} : { ':authority': authority },
  };
}

/**
 * What the settings mean now: files and variables are read each time, so that a renewed certificate or token counts
 * from the next call on. Rejects with UnsentFault, TlsIdentityFault or SecretUnavailable.
 */
export async function callTargetOf(
  address: TargetAddress,
  settings: GrpcConnectionSettings,
  { secrets, identities }: CallTargetPorts,
): Promise<CallTarget> {
  const plain = plainTargetOf(address, settings);
  if (plain !== undefined) return plain;
  const { tls, metadata = {}, authority } = settings;
  return {
    session: { address, identity: address.tls ? await identities.of(tls) : undefined },
    headers: {
      ...(authority === undefined ? {} : { ':authority': authority }),
      ...(await readMetadata(metadata, secrets)),
    },
  };
}
