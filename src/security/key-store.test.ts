import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { parseApiKey, prefixOf } from './api-key.ts';
import { endedKeepMs, type KeySpec, type KeyStore, openKeyStore } from './key-store.ts';
import { createMemoryStore } from './memory-store.fixture.ts';

const dayMs = 86_400_000;
const spec = (name: string, parts: Partial<KeySpec> = {}): KeySpec => ({
  name,
  role: 'readonly',
  systems: [],
  ttlMs: undefined,
  ...parts,
});

async function open() {
  const [clock, store] = [createFakeClock(), createMemoryStore()];
  const faults: unknown[] = [];
  const ended: string[] = [];
  const load = async (): Promise<KeyStore> => {
    const keys = await openKeyStore({ store, clock, onFault: (error) => faults.push(error) });
    keys.onEnded((key) => ended.push(key.name));
    return keys;
  };
  return { clock, store, faults, ended, load, keys: await load() };
}

const verdictOf = (keys: KeyStore, secret: string) => keys.verify(parseApiKey(secret)!);

test('a key is accepted until it is revoked, also by a hub that starts later', async () => {
  const { keys, load } = await open();
  const { key, secret } = await keys.create(spec('alice', { role: 'operator', systems: ['a.*'] }), 'admin');
  expect(key).toMatchObject({ name: 'alice', role: 'operator', systems: ['a.*'], creator: 'admin' });
  const later = await load();
  expect(verdictOf(later, secret)).toMatchObject({ accepted: true, key: { name: 'alice' } });
  await later.revoke(prefixOf(key.id));
  expect(verdictOf(later, secret)).toEqual({ accepted: false, why: 'revoked' });
  expect(verdictOf(await load(), secret)).toEqual({ accepted: false, why: 'revoked' });
});

test('only a hash of the secret is stored', async () => {
  const { keys, store } = await open();
  const { secret } = await keys.create(spec('alice'), 'admin');
  const stored = [...store.rows('api-keys').values()]
    .map(({ value }) => new TextDecoder().decode(value))
    .join();
  expect(stored).toContain('"name":"alice"');
  expect(stored).not.toContain(parseApiKey(secret)!.secret);
});

test('a wrong secret is unknown whatever became of the key, so that nobody learns which keys there are', async () => {
  const { keys } = await open();
  const { key } = await keys.create(spec('alice'), 'admin');
  const wrong = { id: key.id, secret: '0'.repeat(64) };
  expect(keys.verify(wrong)).toEqual({ accepted: false, why: 'unknown' });
  await keys.revoke(prefixOf(key.id));
  expect(keys.verify(wrong)).toEqual({ accepted: false, why: 'unknown' });
  expect(keys.verify({ id: '000000000000', secret: wrong.secret })).toEqual({
    accepted: false,
    why: 'unknown',
  });
});

test('a key expires to the millisecond, and who listens hears of it within 10 s, once', async () => {
  const { keys, clock, ended } = await open();
  const { secret } = await keys.create(spec('brief', { ttlMs: 60_000 }), 'admin');
  await clock.advance(59_999);
  expect(verdictOf(keys, secret).accepted).toBe(true);
  await clock.advance(1);
  expect(verdictOf(keys, secret)).toEqual({ accepted: false, why: 'expired' });
  await clock.advance(60_000);
  expect(ended).toEqual(['brief']);
});

test('two live keys may share a name; a third is refused until one is revoked or expires', async () => {
  const { keys, clock } = await open();
  const first = await keys.create(spec('alice', { ttlMs: dayMs }), 'admin');
  const second = await keys.create(spec('alice'), 'admin');
  expect(verdictOf(keys, first.secret).accepted && verdictOf(keys, second.secret).accepted).toBe(true);
  const third = keys.create(spec('alice'), 'admin');
  await expect(third).rejects.toMatchObject({
    reason: 'KEY_LIMIT',
    message: expect.stringContaining(prefixOf(first.key.id)) as string,
  });
  expect(() => keys.preview(spec('alice'), 'admin')).toThrow(/2 live keys/);
  await keys.create(spec('bob'), 'admin');
  await keys.revoke(prefixOf(second.key.id));
  await keys.create(spec('alice'), 'admin');
  await expect(keys.create(spec('alice'), 'admin')).rejects.toMatchObject({ reason: 'KEY_LIMIT' });
  await clock.advance(dayMs);
  await keys.create(spec('alice'), 'admin');
});

test('keys that are asked for at the same time keep the bound too', async () => {
  const { keys } = await open();
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => keys.create(spec('alice'), 'admin')),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});

test('revoking tells who listens at once, and a second time changes nothing', async () => {
  const { keys, clock, ended } = await open();
  const { key } = await keys.create(spec('alice'), 'admin');
  const revoked = await keys.revoke(prefixOf(key.id));
  await clock.advance(1000);
  expect(await keys.revoke(prefixOf(key.id))).toEqual(revoked);
  expect(ended).toEqual(['alice']);
  await expect(keys.revoke('sw_000000000000')).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND' });
  await expect(keys.revoke('alice')).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
});

test('a revocation that cannot be stored is not reported as done', async () => {
  const { keys, store } = await open();
  const { key, secret } = await keys.create(spec('alice'), 'admin');
  store.fault = new Error('disk full');
  await expect(keys.revoke(prefixOf(key.id))).rejects.toThrow('disk full');
  expect(verdictOf(keys, secret).accepted).toBe(true);
  store.fault = undefined;
  await keys.revoke(prefixOf(key.id));
});

test('the last use is written each minute and at the end, and a fault is told and mended', async () => {
  const { keys, clock, store, faults, load } = await open();
  const { key, secret } = await keys.create(spec('alice'), 'admin');
  expect(keys.list()[0]?.lastUseTimeMs).toBeUndefined();
  await clock.advance(1000);
  verdictOf(keys, secret);
  const usedMs = clock.now();
  store.fault = new Error('disk full');
  await clock.advance(60_000);
  expect(faults).toHaveLength(1);
  expect(store.rows('api-key-uses').size).toBe(0);
  store.fault = undefined;
  await clock.advance(60_000);
  expect((await load()).require(prefixOf(key.id)).lastUseTimeMs).toBe(usedMs);
  verdictOf(keys, secret);
  await keys.close();
  expect((await load()).require(prefixOf(key.id)).lastUseTimeMs).toBe(clock.now());
  expect(usedMs).toBeLessThan(clock.now());
});

test('ended keys are shown for 30 days', async () => {
  const { keys, clock, store, load } = await open();
  const { key } = await keys.create(spec('old'), 'admin');
  await keys.revoke(prefixOf(key.id));
  await clock.advance(endedKeepMs);
  await keys.create(spec('one'), 'admin');
  expect(keys.list().map(({ name }) => name)).toEqual(['old', 'one']);
  await clock.advance(1);
  await keys.create(spec('two'), 'admin');
  expect(keys.list().map(({ name }) => name)).toEqual(['one', 'two']);
  expect(store.rows('api-keys').size).toBe(2);
  expect((await load()).list()).toHaveLength(2);
});

test('tells whether anybody can manage keys', async () => {
  const { keys } = await open();
  await keys.create(spec('alice', { role: 'operator' }), 'admin');
  expect(keys.hasAdmin()).toBe(false);
  const { key } = await keys.create(spec('root', { role: 'admin' }), 'offline');
  expect(keys.hasAdmin()).toBe(true);
  await keys.revoke(prefixOf(key.id));
  expect(keys.hasAdmin()).toBe(false);
});

test('a key that cannot be read ends the start with its prefix and the way out', async () => {
  const { store, load } = await open();
  const value = Buffer.from('{"v":2}');
  store.rows('api-keys').set('0123456789ab', { key: '0123456789ab', value, revision: 1 });
  await expect(load()).rejects.toMatchObject({
    reason: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(/sw_0123456789ab .*newer hub/) as string,
  });
});
