import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { openCertificateShop, type TestCertificate } from './certificates.fixture.ts';
import { readTlsFiles } from './tls-files.ts';

const shop = openCertificateShop();
afterAll(() => shop[Symbol.dispose]());

const root = shop.make({ cn: 'Root', ca: true });
const middle = shop.make({ cn: 'Middle', ca: true, issuer: root });
const leaf = shop.make({ cn: 'hub.internal', issuer: middle });
const other = shop.make({ cn: 'other' });
const expired = shop.make({ cn: 'old', days: -1 });
const nowMs = new Date().getTime();

let files = 0;
function file(content: string): string {
  const path = join(shop.folder, `file-${(files += 1)}`);
  writeFileSync(path, content);
  return path;
}

async function read(
  certPath: string,
  keyPath: string,
  options: { clientCa?: string; nowMs?: number } = {},
): Promise<unknown> {
  try {
    return await readTlsFiles(
      { cert: certPath, key: keyPath, clientCa: options.clientCa },
      { minVersion: 'TLSv1.2', nowMs: options.nowMs ?? new Date().getTime() },
    );
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return error.violations.map(({ field, description }) => `${field}: ${description}`);
  }
}

const pair = ({ cert, key }: TestCertificate) => [file(cert), file(key)] as const;

describe('good files', () => {
  test('a chain from the own certificate up, with its key and client CAs', async () => {
    const [cert, key] = [file(leaf.cert + middle.cert), file(leaf.key)];
    expect(await read(cert, key, { clientCa: file(root.cert + other.cert) })).toMatchObject({
      subject: 'O=Test, CN=hub.internal',
      cert: leaf.cert + middle.cert,
      key: leaf.key,
      minVersion: 'TLSv1.2',
    });
  });

  test('text around the PEM blocks, and a bundle of which one CA is over', async () => {
    const [cert, key] = [file(`Bag Attributes\n${other.cert}`), file(other.key)];
    expect(await read(cert, key, { clientCa: file(expired.cert + root.cert) })).toMatchObject({
      subject: 'O=Test, CN=other',
    });
  });

  test('tells when the first certificate of the chain ends', async () => {
    const brief = shop.make({ cn: 'Brief', ca: true, days: 1 });
    const long = shop.make({ issuer: brief, days: 300 });
    const found = (await read(file(long.cert + brief.cert), file(long.key))) as { validUntilMs: number };
    expect(found.validUntilMs - nowMs).toBeLessThan(1.1 * 86_400_000);
  });
});

describe('bad files are named with the setting and the cause', () => {
  const good = pair(other);
  const missing = join(shop.folder, 'nowhere.pem');
  test.each<[string, () => Promise<unknown>, RegExp[]]>([
    [
      'both missing, told together',
      () => read(missing, missing),
      [
        /^tls\.cert: \S+nowhere\.pem cannot be read: there is no such file$/,
        /^tls\.key: \S+nowhere\.pem cannot be read/,
      ],
    ],
    ['a folder', () => read(shop.folder, good[1]), [/^tls\.cert: \S+ cannot be read: it is a folder$/]],
    ['an empty file', () => read(file('\n'), good[1]), [/^tls\.cert: \S+ is empty$/]],
    [
      'no PEM',
      () => read(file('\u0030\u0082'), good[1]),
      [/^tls\.cert: \S+ is not PEM .*openssl x509 -inform der$/],
    ],
    [
      'swapped files',
      () => read(good[1], good[0]),
      [
        /^tls\.cert: \S+ holds no certificate, but a private key: are the two files swapped\?$/,
        /^tls\.key: \S+ holds no private key, but a certificate/,
      ],
    ],
    [
      'a damaged certificate',
      () => read(file(other.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA')), good[1]),
      [/^tls\.cert: \S+ holds a certificate that cannot be read, number 1: /],
    ],
    [
      'a damaged second certificate',
      () => read(file(leaf.cert + middle.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA')), file(leaf.key)),
      [/number 2: /],
    ],
    [
      'a damaged key',
      () => read(good[0], file('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')),
      [/^tls\.key: \S+ holds a private key that cannot be read: /],
    ],
    [
      'an encrypted key',
      () =>
        read(
          good[0],
          file('-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n'),
        ),
      [/^tls\.key: \S+ is encrypted, .*openssl pkey -in FILE$/],
    ],
    [
      "another certificate's key",
      () => read(good[0], file(leaf.key)),
      [/^tls\.key: \S+ is not the key of the certificate in \S+ \(O=Test, CN=other\)$/],
    ],
    [
      'an expired certificate',
      () => read(...pair(expired)),
      [/^tls\.cert: \S+ has expired: certificate 1 \(O=Test, CN=old\) at \d{4}-.*Z; renew it$/],
    ],
    [
      'a certificate that is not valid yet',
      () => read(...good, { nowMs: nowMs - 86_400_000 }),
      [/^tls\.cert: \S+ is not valid yet: certificate 1 .* begins at .* this machine's clock says/],
    ],
    [
      'an expired intermediate certificate',
      async () => {
        const old = shop.make({ cn: 'Old', ca: true, days: -1 });
        const below = shop.make({ issuer: old });
        return read(file(below.cert + old.cert), file(below.key));
      },
      [/^tls\.cert: \S+ has expired: certificate 2 \(O=Test, CN=Old\)/],
    ],
    [
      'a chain in the wrong order',
      () => read(file(middle.cert + leaf.cert), file(leaf.key)),
      [
        /^tls\.cert: \S+ is out of order: certificate 2 .*hub\.internal\) did not issue certificate 1 .*Middle\), which needs O=Test, CN=Root/,
      ],
    ],
    [
      'a chain of strangers',
      () => read(file(leaf.cert + other.cert), file(leaf.key)),
      [/did not issue certificate 1/],
    ],
    [
      'the issuer first and its key missing',
      () => read(file(middle.cert + root.cert), file(root.key)),
      [/^tls\.key: \S+ is the key of certificate 2 in \S+, which must come first there$/],
    ],
    [
      'client CAs without a certificate',
      () => read(...good, { clientCa: good[1] }),
      [/^tls\.client_ca: \S+ holds no certificate/],
    ],
    [
      'client CAs that are all over',
      () => read(...good, { clientCa: file(expired.cert) }),
      [/^tls\.client_ca: \S+ holds only CA certificates that have expired$/],
    ],
  ])('%s', async (_, attempt, expected) => {
    expect(await attempt()).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
  });
});
