import { X509Certificate } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { openCertificateShop } from './certificates.fixture.ts';
import { parseAlternativeNames, readClientCertificate } from './client-certificate.ts';

const shop = openCertificateShop();
afterAll(() => shop[Symbol.dispose]());

const read = (options: Parameters<typeof shop.make>[0]) =>
  readClientCertificate(new X509Certificate(shop.make(options).cert), undefined);

test('reads name, alternative names, fingerprint and validity of a real certificate', () => {
  const found = read({ cn: 'orders', san: 'DNS:orders.internal,URI:spiffe://corp/orders,IP:192.0.2.1' });
  expect(found).toMatchObject({
    untrusted: undefined,
    commonName: 'orders',
    alternativeNames: ['DNS:orders.internal', 'URI:spiffe://corp/orders', 'IP Address:192.0.2.1'],
    fingerprint: expect.stringMatching(/^[0-9A-F]{64}$/) as string,
  });
  expect(found.validUntilMs - found.validFromMs).toBe(30 * 86_400_000);
});

test('a subject with two common names has none', () => {
  expect(read({ cn: 'alice/CN=admin' }).commonName).toBeUndefined();
});

test('a name that looks like two stays one', () => {
  // A URI that holds a comma and what looks like another entry: CVE-2021-44532.
  const { alternativeNames } = read({ san: '@names\n[names]\nURI.1=http://a/, DNS:admin.internal' });
  expect(alternativeNames).toEqual(['URI:http://a/, DNS:admin.internal']);
});

describe('the text form of alternative names', () => {
  test.each([
    ['', []],
    ['DNS:a', ['DNS:a']],
    ['DNS:a, URI:b:c', ['DNS:a', 'URI:b:c']],
    ['URI:"http://a/, DNS:b"', ['URI:http://a/, DNS:b']],
    ['URI:"a\\"b", DNS:c', ['URI:a"b', 'DNS:c']],
    ['nonsense', []],
    ['DNS:a,DNS:b', []],
  ])('%s', (text, names) => expect(parseAlternativeNames(text)).toEqual(names));
});
