import type { Clock } from '../base/clock.ts';
import { HubError, invalidFields } from '../base/error.ts';
import type { Store } from '../base/table.ts';
import {
  type ApiKey,
  apiKeyText,
  createApiKey,
  hashSecret,
  idOfPrefix,
  isSecretOf,
  prefixOf,
} from './api-key.ts';
import { decodeKey, encodeKey, keyEndedAtMs, type KeyRecord, keyStateAt } from './key-record.ts';
import { loadRows } from './key-rows.ts';
import type { Role } from './role.ts';
import type { SystemPattern } from './system-pattern.ts';

/** What a new key is to be. */
export interface KeySpec {
  readonly name: string;
  readonly role: Role;
  readonly systems: readonly SystemPattern[];
  /** Undefined: it never expires. */
  readonly ttlMs: number | undefined;
}

/** A key, and when it was last accepted. */
export interface KeyView extends KeyRecord {
  /** Epoch ms, to the minute across restarts; undefined: never. */
  readonly lastUseTimeMs: number | undefined;
}

/** What a presented key is worth. */
export type KeyVerdict =
  | { readonly accepted: true; readonly key: KeyRecord }
  /** `why` may be told to the caller: it says `expired` or `revoked` only to who has the secret. */
  | { readonly accepted: false; readonly why: 'unknown' | 'expired' | 'revoked' };

/** The hub's API keys: durable, and all in memory, because every call asks for one. */
export interface KeyStore {
  /** Checks a presented key, and notes its use. */
  verify(presented: ApiKey): KeyVerdict;
  /**
   * Makes a key; durable when it resolves. The secret cannot be had again. Throws KEY_LIMIT when two keys of the name
   * are live or the hub holds {@link keysMax}.
   */
  create(spec: KeySpec, creator: string): Promise<{ readonly key: KeyView; readonly secret: string }>;
  /** What {@link create} would throw, and the key that it would make. */
  preview(spec: KeySpec, creator: string): KeyRecord;
  /** Every key by name and age, ended ones for {@link endedKeepMs}. */
  list(): readonly KeyView[];
  /** Throws KEY_NOT_FOUND. */
  require(prefix: string): KeyView;
  /** Revokes a key; a revoked one stays as it is. Throws KEY_NOT_FOUND. */
  revoke(prefix: string): Promise<KeyView>;
  /** Calls `listener` when a key is revoked, at once, or has expired, within 10 s. */
  onEnded(listener: (key: KeyRecord) => void): void;
  /** Whether a live key has the role admin. */
  hasAdmin(): boolean;
  /** Writes when keys were last used, and stops. */
  close(): Promise<void>;
}

/** Most keys, ended ones included. */
export const keysMax = 10_000;
/** Most live keys of one name: the one in use and the one that replaces it. */
export const liveKeysPerNameMax = 2;
/** How long a revoked or expired key is still shown. */
export const endedKeepMs = 30 * 86_400_000;

/** How often keys are looked at for having expired. */
const expiryCheckMs = 10_000;
/** How often uses are written. */
const useWriteMs = 60_000;

export interface KeyStoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Told when uses could not be written; they are tried again. */
  readonly onFault: (error: unknown) => void;
}

/** Loads all keys. Throws STORE_UNAVAILABLE for one that cannot be read. */
export async function openKeyStore({ store, clock, onFault }: KeyStoreOptions): Promise<KeyStore> {
  const table = await store.table('api-keys');
  const uses = await store.table('api-key-uses');
  const keys = new Map<string, KeyRecord>();
  for (const { key, value } of await loadRows(table)) keys.set(key, decodeKey(key, value));
  const lastUse = new Map<string, number>();
  for (const { key, value } of await loadRows(uses))
    lastUse.set(key, Number(new TextDecoder().decode(value)));

  const unwritten = new Set<string>();
  const listeners: ((key: KeyRecord) => void)[] = [];
  const inOrder = createOrder();
  const tell = (key: KeyRecord): void => listeners.forEach((listener) => listener(key));
  const viewOf = (key: KeyRecord): KeyView => ({ ...key, lastUseTimeMs: lastUse.get(key.id) });

  const requireKey = (prefix: string): KeyRecord => {
    const key = keys.get(idOfPrefix(prefix) ?? '');
    if (key === undefined) throw keyNotFound(prefix);
    return key;
  };

  const newKey = (spec: KeySpec, creator: string, { id, secret }: ApiKey): KeyRecord => {
    const nowMs = clock.now();
    const sameName = [...keys.values()].filter(
      (key) => key.name === spec.name && keyStateAt(key, nowMs) === 'live',
    );
    if (sameName.length >= liveKeysPerNameMax) throw tooManyOfName(spec.name, sameName);
    if (keys.size >= keysMax) throw tooManyKeys();
    const { name, role, systems, ttlMs } = spec;
    return {
      id,
      name,
      role,
      systems,
      hash: hashSecret(secret),
      creator,
      createTimeMs: nowMs,
      expireTimeMs: ttlMs === undefined ? undefined : nowMs + ttlMs,
      revokeTimeMs: undefined,
    };
  };

  const removeOld = async (): Promise<void> => {
    const nowMs = clock.now();
    const old = [...keys.values()].filter((key) => nowMs - (keyEndedAtMs(key, nowMs) ?? nowMs) > endedKeepMs);
    if (old.length === 0) return;
    await table.commit(old.map(({ id }) => ({ key: id, value: undefined })));
    await uses.commit(old.map(({ id }) => ({ key: id, value: undefined })));
    for (const { id } of old) {
      keys.delete(id);
      lastUse.delete(id);
      unwritten.delete(id);
    }
  };

  const writeUses = async (): Promise<void> => {
    const ids = [...unwritten];
    if (ids.length === 0) return;
    unwritten.clear();
    try {
      await uses.commit(ids.map((id) => ({ key: id, value: Buffer.from(String(lastUse.get(id) ?? 0)) })));
    } catch (error) {
      for (const id of ids) unwritten.add(id);
      onFault(error);
    }
  };

  let checkedMs = clock.now();
  const timers = [
    clock.every(expiryCheckMs, () => {
      const [fromMs, nowMs] = [checkedMs, clock.now()];
      checkedMs = nowMs;
      for (const key of keys.values()) {
        const { expireTimeMs = Infinity } = key;
        if (expireTimeMs > fromMs && keyStateAt(key, nowMs) === 'expired') tell(key);
      }
    }),
    clock.every(useWriteMs, () => void inOrder(writeUses)),
  ];

  return {
    verify({ id, secret }) {
      const key = keys.get(id);
      if (key === undefined || !isSecretOf(secret, key.hash)) return { accepted: false, why: 'unknown' };
      const state = keyStateAt(key, clock.now());
      if (state !== 'live') return { accepted: false, why: state };
      lastUse.set(id, clock.now());
      unwritten.add(id);
      return { accepted: true, key };
    },
    create: (spec, creator) =>
      inOrder(async () => {
        await removeOld();
        const apiKey = unusedKey(keys);
        const key = newKey(spec, creator, apiKey);
        await table.commit([{ key: key.id, value: encodeKey(key) }]);
        keys.set(key.id, key);
        return { key: viewOf(key), secret: apiKeyText(apiKey) };
      }),
    preview: (spec, creator) => newKey(spec, creator, { id: '', secret: '' }),
    list: () => [...keys.values()].map(viewOf).sort((a, b) => (sortKeyOf(a) < sortKeyOf(b) ? -1 : 1)),
    require: (prefix) => viewOf(requireKey(prefix)),
    revoke: (prefix) =>
      inOrder(async () => {
        const key = requireKey(prefix);
        if (key.revokeTimeMs !== undefined) return viewOf(key);
        const revoked = { ...key, revokeTimeMs: clock.now() };
        await table.commit([{ key: key.id, value: encodeKey(revoked) }]);
        keys.set(key.id, revoked);
        tell(revoked);
        return viewOf(revoked);
      }),
    onEnded: (listener) => void listeners.push(listener),
    hasAdmin: () =>
      [...keys.values()].some((key) => key.role === 'admin' && keyStateAt(key, clock.now()) === 'live'),
    async close() {
      for (const timer of timers) timer.cancel();
      await inOrder(writeUses);
    },
  };
}

/** Sorts keys by name, then age, then id: also the position in a paged list. The separator sorts before every name's character. */
export function sortKeyOf({ name, createTimeMs, id }: KeyRecord): string {
  return `${name} ${String(createTimeMs).padStart(15, '0')} ${id}`;
}

/** A key whose id nobody has: 48 bits meet by chance once in a while. */
function unusedKey(keys: ReadonlyMap<string, KeyRecord>): ApiKey {
  let key = createApiKey();
  while (keys.has(key.id)) key = createApiKey();
  return key;
}

/** Runs what it is given one after another, so that what a write found still holds when it is written. */
function createOrder(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    // Whoever asked hears of a failure; the next one only waits.
    last = next.catch(() => undefined);
    return next;
  };
}

function keyNotFound(prefix: string): HubError {
  if (idOfPrefix(prefix) === undefined) {
    return invalidFields([
      { field: 'prefix', description: `must be sw_ and 12 hexadecimal digits, as ListKeys shows it` },
    ]);
  }
  return new HubError({
    reason: 'KEY_NOT_FOUND',
    message: `There is no key ${prefix}; list them with: switchyard keys list`,
    metadata: { prefix },
    resource: { type: 'key', name: prefix },
  });
}

function tooManyOfName(name: string, live: readonly KeyRecord[]): HubError {
  const prefixes = live.map(({ id }) => prefixOf(id)).join(' and ');
  return new HubError({
    reason: 'KEY_LIMIT',
    message: `${name} has ${live.length} live keys already (${prefixes}), the one in use and the one that replaces it; revoke the older one first: switchyard keys revoke PREFIX`,
    metadata: { name, live: String(live.length), limit: String(liveKeysPerNameMax) },
  });
}

function tooManyKeys(): HubError {
  return new HubError({
    reason: 'KEY_LIMIT',
    message: `The hub holds ${keysMax} keys, as many as it may; revoked and expired ones go after 30 days.`,
    metadata: { limit: String(keysMax) },
  });
}
