import type { TargetAddress } from '../target-address.ts';
import type { TlsIdentity } from '../tls-identity.ts';

/** What a session is shared by: two interfaces of one origin with different certificates have one each. */
export interface SessionTarget {
  readonly address: TargetAddress;
  /** Undefined: the hub's own trust, no certificate. */
  readonly identity: TlsIdentity | undefined;
}

/** Equal for targets that share a session. Begins with the origin and a space, which no origin holds. */
export function sessionKey({ address, identity }: SessionTarget): string {
  return `${address.origin} ${identity?.id ?? ''}`;
}
