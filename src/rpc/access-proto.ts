import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type WhoAmIResponseSchema,
  WhoAmIResponse_Method as Method,
} from '#gen/switchyard/access/v1/access_service_pb.js';
import {
  Key_State as KeyStateProto,
  type KeySchema,
  Role as RoleProto,
} from '#gen/switchyard/access/v1/key_pb.js';
import { prefixOf } from '../security/api-key.ts';
import { type KeyRecord, type KeyState, keyStateAt } from '../security/key-record.ts';
import type { CredentialKind, Principal } from '../security/principal.ts';
import { type Role, roleDefault } from '../security/role.ts';
import { optionalTimestamp, timestampToProto } from './proto-values.ts';

const rolesToProto: Readonly<Record<Role, RoleProto>> = {
  readonly: RoleProto.READONLY,
  sender: RoleProto.SENDER,
  operator: RoleProto.OPERATOR,
  admin: RoleProto.ADMIN,
};

const statesToProto: Readonly<Record<KeyState, KeyStateProto>> = {
  live: KeyStateProto.LIVE,
  expired: KeyStateProto.EXPIRED,
  revoked: KeyStateProto.REVOKED,
};

const methodsToProto: Readonly<Record<CredentialKind, Method>> = {
  none: Method.NONE,
  key: Method.KEY,
  certificate: Method.CERTIFICATE,
};

/** The role that a request names; the default when it names none. */
export function roleFromProto(role: RoleProto): Role {
  const found = Object.entries(rolesToProto).find(([, proto]) => proto === role);
  return (found?.[0] as Role | undefined) ?? roleDefault;
}

/** A key as callers see it: never with its hash. */
export function keyToProto(
  key: KeyRecord & { readonly lastUseTimeMs?: number | undefined },
  nowMs: number,
): MessageInitShape<typeof KeySchema> {
  return {
    prefix: key.id === '' ? '' : prefixOf(key.id),
    name: key.name,
    role: rolesToProto[key.role],
    systems: [...key.systems],
    state: statesToProto[keyStateAt(key, nowMs)],
    createTime: timestampToProto(key.createTimeMs),
    creator: key.creator,
    ...optionalTimestamp('expireTime', key.expireTimeMs),
    ...optionalTimestamp('lastUseTime', key.lastUseTimeMs),
    ...optionalTimestamp('revokeTime', key.revokeTimeMs),
  };
}

/** A principal as it is told who it is. */
export function principalToProto(
  principal: Principal,
  authenticationEnabled: boolean,
): MessageInitShape<typeof WhoAmIResponseSchema> {
  const { name, role, systems, credential, expireTimeMs } = principal;
  return {
    name,
    role: rolesToProto[role],
    systems: [...systems],
    method: methodsToProto[credential.kind],
    credential: credential.id,
    ...optionalTimestamp('expireTime', expireTimeMs === Infinity ? undefined : expireTimeMs),
    authenticationEnabled,
  };
}
