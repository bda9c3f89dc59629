import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { apiKeyText } from './api-key.ts';
import { createAuthentication, noAuthentication } from './authentication.ts';
import type { Authenticator, Evidence } from './authenticator.ts';
import { type CertificateRule, createCertificateAuthenticator } from './certificate-authenticator.ts';
import type { ClientCertificate } from './client-certificate.ts';
import { createKeyAuthenticator } from './key-authenticator.ts';
import { openKeyStore } from './key-store.ts';
import { createMemoryStore } from './memory-store.fixture.ts';
import { anonymousWith, mayActAs, ownSystem, unchecked } from './principal.ts';
import { isSystemPattern } from './system-pattern.ts';

const clock = createFakeClock();

function evidence(headers: Record<string, string>, parts: Partial<Evidence> = {}): Evidence {
  return {
    header: (name) => headers[name],
    address: '192.0.2.1',
    certificate: undefined,
    allowsBasic: false,
    ...parts,
  };
}

async function openKeys() {
  const keys = await openKeyStore({ store: createMemoryStore(), clock, onFault: () => undefined });
  const { secret } = await keys.create(
    { name: 'alice', role: 'sender', systems: [], ttlMs: undefined },
    'admin',
  );
  const authentication = createAuthentication({
    authenticators: [createKeyAuthenticator(keys)],
    anonymous: undefined,
  });
  return { keys, secret, authentication };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('API keys', () => {
  test.each([
    ['a bearer token', (secret: string) => ({ authorization: `Bearer ${secret}` })],
    [
      'a bearer token in any spelling of the scheme',
      (secret: string) => ({ authorization: `bEARER  ${secret} ` }),
    ],
    ['a header of its own', (secret: string) => ({ 'x-api-key': secret })],
  ])('are taken as %s', async (_, headers) => {
    const { secret, authentication } = await openKeys();
    expect(await authentication.caller(evidence(headers(secret)))).toMatchObject({
      principal: { name: 'alice', role: 'sender', credential: { kind: 'key', id: secret.slice(0, 15) } },
      refusal: undefined,
    });
  });

  test('are taken as a password of pages with any user, and of RPCs never', async () => {
    const { secret, authentication } = await openKeys();
    for (const text of [`:${secret}`, `alice:${secret}`, secret]) {
      const headers = { authorization: basic(text) };
      const onPage = await authentication.caller(evidence(headers, { allowsBasic: true }));
      expect(onPage.principal?.name).toBe('alice');
      expect((await authentication.caller(evidence(headers))).refusal?.reason).toBe('UNAUTHENTICATED');
    }
  });

  test.each([
    ['nothing', {}, /asks who is calling; show an API key/],
    ['no key', { authorization: 'Bearer sw_hello' }, /is no API key/],
    ['no key in x-api-key', { 'x-api-key': 'hello' }, /is no API key/],
    ['a token of another kind', { authorization: 'Bearer eyJhbGciOi' }, /nothing that this hub takes/],
    ['a scheme that is not known', { authorization: 'Negotiate abc' }, /nothing that this hub takes/],
    [
      'an unknown key',
      { authorization: `Bearer ${apiKeyText({ id: '0'.repeat(12), secret: '0'.repeat(64) })}` },
      /not valid/,
    ],
  ])('%s is refused', async (_, headers, why) => {
    const { authentication } = await openKeys();
    const { principal, refusal } = await authentication.caller(evidence(headers));
    expect(principal).toBeUndefined();
    expect(refusal?.message).toMatch(why);
  });

  test('a refusal never holds the secret', async () => {
    const { keys, secret, authentication } = await openKeys();
    await keys.revoke(secret.slice(0, 15));
    const caller = await authentication.caller(evidence({ authorization: `Bearer ${secret}` }));
    expect(caller.refusal?.message).toMatch(/^The API key sw_[0-9a-f]{12} was revoked; have an admin/);
    expect(JSON.stringify([caller, caller.refusal?.message])).not.toContain(secret.slice(16));
  });
});

describe('several ways', () => {
  const certified: Authenticator = {
    offer: 'a certificate',
    // Answers later, as one that asks a server does.
    authenticate: async ({ certificate }) =>
      certificate === undefined ? undefined : { principal: { ...unchecked, name: 'by certificate' } },
  };
  const certificate = certificateOf();

  test('the first that recognises a credential decides, also against a good one behind it', async () => {
    const { keys, secret } = await openKeys();
    const authentication = createAuthentication({
      authenticators: [createKeyAuthenticator(keys), certified],
      anonymous: anonymousWith('readonly'),
    });
    const caller = async (headers: Record<string, string>, parts: Partial<Evidence> = {}) =>
      (await authentication.caller(evidence(headers, parts))).principal?.name;
    const key = { authorization: `Bearer ${secret}` };
    expect(await caller(key, { certificate })).toBe('alice');
    expect(await caller({}, { certificate })).toBe('by certificate');
    expect(await caller({})).toBe('anonymous');
    expect(
      await caller({ authorization: `Bearer ${secret.slice(0, -1)}0x` }, { certificate }),
    ).toBeUndefined();
    expect(await caller({ authorization: 'Bearer other' })).toBeUndefined();
  });

  test('without authentication everybody may do everything', async () => {
    const { principal } = await noAuthentication.caller(evidence({}));
    expect(principal).toMatchObject({ name: 'anonymous', role: 'admin' });
    expect(mayActAs(unchecked, 'any.system')).toBe(true);
  });
});

function certificateOf(parts: Partial<ClientCertificate> = {}): ClientCertificate {
  return {
    untrusted: undefined,
    commonName: 'orders',
    alternativeNames: ['DNS:orders.internal', 'URI:spiffe://corp/orders'],
    fingerprint: 'AB'.repeat(32),
    validFromMs: clock.now() - 1000,
    validUntilMs: clock.now() + 1000,
    ...parts,
  };
}

describe('client certificates', () => {
  const find = async (by: CertificateRule['by'], parts: Partial<ClientCertificate> = {}) => {
    const rules: CertificateRule[] = [{ by, name: 'orders', role: 'sender', systems: ['orders_001'] }];
    return createCertificateAuthenticator(rules, clock).authenticate(
      evidence({}, { certificate: certificateOf(parts) }),
    );
  };

  test.each<[string, CertificateRule['by']]>([
    ['common name', { subjectCn: 'orders' }],
    ['DNS name', { san: 'orders.internal' }],
    ['DNS name in capitals', { san: 'DNS:Orders.Internal' }],
    ['URI', { san: 'URI:spiffe://corp/orders' }],
    ['fingerprint with colons in small letters', { fingerprint: Array(32).fill('ab').join(':') }],
  ])('stand for a principal by %s', async (_, by) => {
    expect(await find(by)).toMatchObject({
      principal: { name: 'orders', role: 'sender', credential: { kind: 'certificate', id: 'AB'.repeat(32) } },
    });
  });

  test.each<[string, CertificateRule['by'], Partial<ClientCertificate>, RegExp]>([
    ['another common name', { subjectCn: 'Orders' }, {}, /fits no entry/],
    [
      'a wildcard of another',
      { san: 'orders.internal' },
      { alternativeNames: ['DNS:*.internal'] },
      /fits no entry/,
    ],
    ['a name as another kind', { san: 'DNS:spiffe://corp/orders' }, {}, /fits no entry/],
    ['no common name', { subjectCn: 'orders' }, { commonName: undefined }, /fits no entry/],
    [
      'an untrusted one',
      { subjectCn: 'orders' },
      { untrusted: 'SELF_SIGNED' },
      /not issued by a CA .*SELF_SIGNED/,
    ],
    ['an expired one', { subjectCn: 'orders' }, { validUntilMs: clock.now() - 1 }, /expired at/],
  ])('%s does not', async (_, by, parts, why) => {
    expect(await find(by, parts)).toMatchObject({ refused: expect.stringMatching(why) as string });
  });

  test('what somebody wrote into a name cannot break a line of the log', async () => {
    const found = await find({ subjectCn: 'x' }, { commonName: 'a\n{"level":"info"}\u001b[2J' });
    expect(JSON.stringify(found)).not.toMatch(/\\n|\\u001b/);
  });
});

describe('systems', () => {
  const principal = (...systems: string[]) => ({ ...anonymousWith('sender'), systems });

  test('an id means itself, a prefix with a star what begins so', () => {
    const { systems: _, ...rest } = principal();
    const one = { ...rest, systems: ['orders_001', 'payments.*'] };
    expect(['orders_001', 'payments.ledger'].every((id) => mayActAs(one, id))).toBe(true);
    expect(['orders_0011', 'orders_00', 'payments', 'paymentsx'].some((id) => mayActAs(one, id))).toBe(false);
    expect(mayActAs(principal(), 'orders_001')).toBe(false);
  });

  test('a principal is a system when it may act as exactly one', () => {
    expect(ownSystem(principal('orders_001'))).toBe('orders_001');
    expect(ownSystem(principal('orders_001', 'orders_002'))).toBeUndefined();
    expect(ownSystem(principal('orders.*'))).toBeUndefined();
    expect(ownSystem(principal())).toBeUndefined();
  });

  test.each(['*', 'a*', 'payments.*', 'payments.led*', 'orders_001'])('%s is a pattern', (text) =>
    expect(isSystemPattern(text)).toBe(true),
  );
  test.each(['', '.*', 'A*', '*a', 'a..*', 'a**', 'payments.', 'a b*', `${'a'.repeat(128)}*`])(
    '"%s" is none',
    (text) => expect(isSystemPattern(text)).toBe(false),
  );
});
