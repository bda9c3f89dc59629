import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { SecretUnavailable, type Secrets } from '../base/secrets.ts';
import { testCertificate, testKey } from './fixtures/tls.fixture.ts';
import { createTlsIdentities, TlsIdentityFault, tlsSettings } from './tls-identity.ts';

const values: Record<string, string> = { 'file:cert': testCertificate, 'file:key': testKey };
const secrets: Secrets = {
  objection: () => undefined,
  read: (ref) =>
    values[ref] === undefined
      ? Promise.reject(new SecretUnavailable(`no ${ref}`))
      : Promise.resolve(values[ref]),
};
const identities = (startMs?: number) => createTlsIdentities({ secrets, clock: createFakeClock(startMs) });
const mutual = { cert: { secret_ref: 'file:cert' }, key: { secret_ref: 'file:key' } };

test('settings that name nothing give the hub its own trust', async () => {
  expect(await identities(Date.UTC(2027, 0)).of(undefined)).toBeUndefined();
});

test('equal identities have equal ids, others have not', async () => {
  const all = identities(Date.UTC(2027, 0));
  const first = await all.of(mutual);
  expect(first).toMatchObject({ cert: testCertificate, key: testKey });
  expect((await all.of({ ...mutual, cert: testCertificate }))?.id).toBe(first?.id);
  expect((await all.of({ ...mutual, server_name: 'ledger' }))?.id).not.toBe(first?.id);
  expect((await all.of({ ca: testCertificate }))?.id).not.toBe(first?.id);
});

test('a key that is not the certificate’s is refused', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  values['file:other'] = String(other.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const read = identities(Date.UTC(2027, 0)).of({ ...mutual, key: { secret_ref: 'file:other' } });
  await expect(read).rejects.toThrow(TlsIdentityFault);
  await expect(read).rejects.toThrow(/tls.key does not fit tls.cert/);
});

test.each([
  [{ ca: 'no PEM' }, /tls.ca is not a certificate/],
  [{ ...mutual, cert: 'no PEM' }, /tls.cert is not a certificate/],
])('%j is refused', async (settings, message) => {
  await expect(identities(Date.UTC(2027, 0)).of(settings)).rejects.toThrow(message);
});

test('an expired certificate is refused, although it was good when it was first used', async () => {
  const clock = createFakeClock(Date.UTC(2027, 0));
  const all = createTlsIdentities({ secrets, clock });
  expect(await all.of(mutual)).toBeDefined();
  await clock.advance(Date.UTC(2127, 0) - clock.now());
  await expect(all.of(mutual)).rejects.toThrow(/tls.cert expired at 2126-/);
});

test('a certificate of the future is refused until its time has come', async () => {
  const clock = createFakeClock(Date.UTC(2020, 0));
  const all = createTlsIdentities({ secrets, clock });
  await expect(all.of(mutual)).rejects.toThrow(/tls.cert is not valid before 202/);
  await clock.advance(Date.UTC(2027, 0) - clock.now());
  expect(await all.of(mutual)).toBeDefined();
});

test('a secret that is gone says so', async () => {
  await expect(identities().of({ ca: { secret_ref: 'file:gone' } })).rejects.toThrow(SecretUnavailable);
});

test('the setting demands certificate and key together, and the key by reference', () => {
  expect(tlsSettings.safeParse(mutual).success).toBe(true);
  expect(tlsSettings.safeParse({ cert: testCertificate }).error?.issues[0]?.message).toContain('together');
  expect(tlsSettings.safeParse({ cert: testCertificate, key: testKey }).success).toBe(false);
});
