import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Key, Key_State as KeyState, KeySchema } from '#gen/switchyard/access/v1/key_pb.js';
import type { Clock } from '../base/clock.ts';
import { createKeyOffline, listKeysOffline, revokeKeyOffline } from '../hub/offline-keys.ts';
import { keyStateAt } from '../security/key-record.ts';
import type { KeyView } from '../security/key-store.ts';
import { prefixOf } from '../security/api-key.ts';
import { type KeyKeeper, rolesByName } from './keys-keeper.ts';
import { UsageError } from './usage-error.ts';

/** The keys in the data folder of a hub that does not run. */
export function offlineKeeper(dataDir: string, clock: Clock): KeyKeeper {
  const shown = (key: KeyView): Key => keyToProto(key, clock.now());
  return {
    async create({ validateOnly, ...spec }) {
      if (validateOnly) throw noDryRun();
      const { key, secret } = await createKeyOffline(dataDir, spec, clock);
      return { key: shown(key), secret };
    },
    async list(name) {
      const keys = await listKeysOffline(dataDir, clock);
      return keys.filter((key) => name === '' || key.name === name).map(shown);
    },
    async revoke(prefix, { validateOnly }) {
      if (validateOnly) throw noDryRun();
      return shown(await revokeKeyOffline(dataDir, prefix, clock));
    },
  };
}

function noDryRun(): UsageError {
  return new UsageError('--dry-run asks a hub; it does not go with --data-dir');
}

/** The form in which a hub would have sent it, so that output is the same. */
function keyToProto(key: KeyView, nowMs: number): Key {
  const time = (ms: number | undefined) => (ms === undefined ? undefined : timestampFromMs(ms));
  const states = { live: KeyState.LIVE, expired: KeyState.EXPIRED, revoked: KeyState.REVOKED };
  return create(KeySchema, {
    prefix: prefixOf(key.id),
    name: key.name,
    role: rolesByName[key.role],
    systems: [...key.systems],
    state: states[keyStateAt(key, nowMs)],
    createTime: timestampFromMs(key.createTimeMs),
    creator: key.creator,
    ...optional('expireTime', time(key.expireTimeMs)),
    ...optional('lastUseTime', time(key.lastUseTimeMs)),
    ...optional('revokeTime', time(key.revokeTimeMs)),
  });
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value };
}
