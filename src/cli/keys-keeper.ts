import { type Key, Role } from '#gen/switchyard/access/v1/key_pb.js';

/** A key as a command asks for it. */
export interface NewKey {
  readonly name: string;
  /** `readonly`, `sender`, `operator` or `admin`. */
  readonly role: RoleName;
  readonly systems: readonly string[];
  readonly ttlMs: number | undefined;
  readonly validateOnly: boolean;
}

/** Roles as options spell them, and as the contract has them. */
export const rolesByName = {
  readonly: Role.READONLY,
  sender: Role.SENDER,
  operator: Role.OPERATOR,
  admin: Role.ADMIN,
} as const;
export type RoleName = keyof typeof rolesByName;

/** Where keys are kept: a hub that is asked, or the folder of one that does not run. */
export interface KeyKeeper {
  create(key: NewKey): Promise<{ readonly key: Key; readonly secret: string }>;
  list(name: string): Promise<readonly Key[]>;
  revoke(prefix: string, options: { readonly validateOnly: boolean }): Promise<Key>;
}
