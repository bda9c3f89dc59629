import { existsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { HubError, invalidFields } from '../base/error.ts';
import { type KeySpec, type KeyStore, type KeyView, openKeyStore } from '../security/key-store.ts';
import { isPrincipalName, principalNameForm } from '../security/key-record.ts';
import { isSystemPattern, systemPatternForm, systemPatternsMax } from '../security/system-pattern.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';

/** Who made a key that was not made over an RPC. */
const creator = 'offline';

/** Makes a key in the data folder of a hub that does not run. Throws INVALID_FIELD, KEY_LIMIT, STORE_UNAVAILABLE. */
export function createKeyOffline(
  dataDir: string,
  spec: KeySpec,
  clock: Clock,
): Promise<{ readonly key: KeyView; readonly secret: string }> {
  const violations = [
    ...(isPrincipalName(spec.name) ? [] : [{ field: 'name', description: `must be ${principalNameForm}` }]),
    ...(spec.systems.length > systemPatternsMax
      ? [{ field: 'systems', description: `must be at most ${systemPatternsMax}` }]
      : []),
    ...spec.systems
      .filter((pattern) => !isSystemPattern(pattern))
      .map((pattern) => ({
        field: 'systems',
        description: `must be ${systemPatternForm}; found ${pattern}`,
      })),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return withKeys(dataDir, clock, (keys) => keys.create(spec, creator));
}

/** Every key of a hub that does not run. Throws INVALID_FIELD when there is no such folder, STORE_UNAVAILABLE. */
export async function listKeysOffline(dataDir: string, clock: Clock): Promise<readonly KeyView[]> {
  requireFolder(dataDir);
  return withKeys(dataDir, clock, async (keys) => keys.list());
}

/** Revokes a key of a hub that does not run. Throws INVALID_FIELD when there is no such folder, KEY_NOT_FOUND, STORE_UNAVAILABLE. */
export async function revokeKeyOffline(dataDir: string, prefix: string, clock: Clock): Promise<KeyView> {
  requireFolder(dataDir);
  return withKeys(dataDir, clock, (keys) => keys.revoke(prefix));
}

/** Only a first key makes the folder: to look into one that is misspelt would find no keys. */
function requireFolder(dataDir: string): void {
  if (existsSync(dataDir)) return;
  throw invalidFields([
    {
      field: 'data_dir',
      description: `there is no folder ${dataDir}; name the hub's data folder (--data-dir)`,
    },
  ]);
}

/** The store's lock keeps a running hub and this apart: the one that comes second is refused with STORE_UNAVAILABLE. */
async function withKeys<T>(dataDir: string, clock: Clock, work: (keys: KeyStore) => Promise<T>): Promise<T> {
  const store = await openStopped(dataDir, clock);
  try {
    const keys = await openKeyStore({
      store,
      clock,
      onFault: (error) => {
        throw error;
      },
    });
    try {
      return await work(keys);
    } finally {
      await keys.close();
    }
  } finally {
    await store.close();
  }
}

/** Opens the store of a hub that does not run; for one that does the error says how keys are made there. */
async function openStopped(dataDir: string, clock: Clock): ReturnType<typeof openSqliteStore> {
  try {
    return await openSqliteStore({ dataDir, clock });
  } catch (error) {
    if (!(error instanceof HubError) || error.metadata['fault'] !== 'FOLDER_HELD') throw error;
    throw new HubError({
      reason: error.reason,
      message: `A hub runs on the data folder ${dataDir}. Ask it: leave --data-dir out, and name the hub (--hub) and the key of an admin (--token); or stop it first.`,
      metadata: error.metadata,
      cause: error,
    });
  }
}
