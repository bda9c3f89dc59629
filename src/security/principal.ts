import type { Role } from './role.ts';
import { type SystemPattern, covers, fullId } from './system-pattern.ts';

/** How a principal showed who it is. */
export type CredentialKind = 'none' | 'key' | 'certificate';

/** Who is calling, as the edge authenticated it. Goes with every domain call. */
export interface Principal {
  /** Name of the caller; `anonymous` for one that did not show who it is. */
  readonly name: string;
  readonly role: Role;
  /** Systems that it may act as. Empty: none. */
  readonly systems: readonly SystemPattern[];
  /** What it showed: the prefix of a key, the fingerprint of a certificate; `id` is empty for neither. */
  readonly credential: { readonly kind: CredentialKind; readonly id: string };
  /** When the credential stops to be accepted, epoch ms; `Infinity` for never. */
  readonly expireTimeMs: number;
}

/** A caller that did not show who it is, with a role that the configuration gives it. It is no system. */
export function anonymousWith(role: Role): Principal {
  return {
    name: 'anonymous',
    role,
    systems: [],
    credential: { kind: 'none', id: '' },
    expireTimeMs: Infinity,
  };
}

/** Every caller of a hub without authentication: it may do everything, as any system. */
export const unchecked: Principal = { ...anonymousWith('admin'), systems: ['*'] };

/** Whether the principal may act as a system: send as it, or register it. */
export function mayActAs({ systems }: Principal, systemId: string): boolean {
  return systems.some((pattern) => covers(pattern, systemId));
}

/** The system that the principal is: the only one that it may act as, if that is a whole id; else undefined. */
export function ownSystem({ systems }: Principal): string | undefined {
  const [only, ...others] = systems;
  return only === undefined || others.length > 0 ? undefined : fullId(only);
}
