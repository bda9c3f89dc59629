import { AccessService } from '#gen/switchyard/access/v1/access_service_pb.js';
import type { Clock } from '../base/clock.ts';
import type { Audit } from '../security/audit.ts';
import { prefixOf } from '../security/api-key.ts';
import { type KeySpec, type KeyStore, sortKeyOf } from '../security/key-store.ts';
import { keyToProto, principalToProto, roleFromProto } from './access-proto.ts';
import { accessRequestSchemas } from './access-requests.ts';
import { defineService, type ServiceDefinition } from './call.ts';
import { cutPage, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { durationFromProto } from './proto-values.ts';

export interface AccessServiceOptions {
  readonly keys: KeyStore;
  readonly audit: Pick<Audit, 'changed'>;
  /** Whether callers are asked who they are. */
  readonly authenticationEnabled: boolean;
  readonly clock: Clock;
}

/** Bytes of a key in a list, beside its name and systems. */
const keyBytes = 200;

/** The handlers of switchyard.access.v1.AccessService. */
export function createAccessService(options: AccessServiceOptions): ServiceDefinition<typeof AccessService> {
  const { keys, audit, authenticationEnabled, clock } = options;
  return defineService({
    service: AccessService,
    schemas: accessRequestSchemas,
    handlers: {
      async createKey({ name, role, systems, ttl, validateOnly }, { principal }) {
        const spec: KeySpec = {
          name,
          role: roleFromProto(role),
          systems,
          ttlMs: durationFromProto(ttl),
        };
        if (validateOnly) return { key: keyToProto(keys.preview(spec, principal.name), clock.now()) };
        const { key, secret } = await keys.create(spec, principal.name);
        audit.changed('key created', {
          key: prefixOf(key.id),
          name,
          role: key.role,
          systems,
          by: principal.name,
        });
        return { key: keyToProto(key, clock.now()), secret };
      },

      async listKeys({ name, pageSize, pageToken }) {
        const scope = pageScope('ListKeys', name);
        const after = pageTokenFrom(scope, pageToken) ?? '';
        const found = keys
          .list()
          .filter((key) => (name === '' || key.name === name) && sortKeyOf(key) > after);
        const { page, more } = cutPage(found, {
          size: pageSizeOf(pageSize),
          bytesOf: (key) => keyBytes + key.name.length + key.systems.join('  ').length,
        });
        const last = page.at(-1);
        return {
          keys: page.map((key) => keyToProto(key, clock.now())),
          nextPageToken: more && last !== undefined ? pageTokenTo(scope, sortKeyOf(last)) : '',
        };
      },

      async revokeKey({ prefix, validateOnly }, { principal }) {
        const before = keys.require(prefix);
        if (validateOnly) return { key: keyToProto(before, clock.now()) };
        const key = await keys.revoke(prefix);
        if (before.revokeTimeMs === undefined)
          audit.changed('key revoked', { key: prefix, name: key.name, by: principal.name });
        return { key: keyToProto(key, clock.now()) };
      },

      async whoAmI(_request, { principal }) {
        return principalToProto(principal, authenticationEnabled);
      },
    },
  });
}
