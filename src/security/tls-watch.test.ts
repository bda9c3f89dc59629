import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { openCertificateShop, type TestCertificate } from './certificates.fixture.ts';
import type { TlsMaterial } from './tls-files.ts';
import { openTlsWatch, tlsCheckMs } from './tls-watch.ts';

const shop = openCertificateShop();
afterAll(() => shop[Symbol.dispose]());
const [first, second] = [shop.make({ cn: 'first' }), shop.make({ cn: 'second' })];
let folders = 0;

async function open(certificate: TestCertificate = first) {
  const folder = join(shop.folder, `watch-${(folders += 1)}`);
  const [cert, key] = [`${folder}.pem`, `${folder}.key`];
  /** Replaces a file as tools do: written aside, then renamed. */
  const put = (path: string, text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  const replace = (by: TestCertificate): void => {
    put(cert, by.cert);
    put(key, by.key);
  };
  replace(certificate);
  const clock = createFakeClock(new Date().getTime());
  const lines: string[] = [];
  const write = (message: string, fields: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const used: string[] = [];
  const watch = await openTlsWatch({
    source: { paths: { cert, key, clientCa: undefined }, minVersion: 'TLSv1.2' },
    clock,
    log: { info: write, warn: write, error: write },
    use: ({ subject }: TlsMaterial) => used.push(subject),
  });
  return { cert, key, put, replace, clock, lines, used, watch };
}

test('a changed certificate is used from the next check on', async () => {
  const { clock, replace, used, watch, lines } = await open();
  replace(second);
  await clock.advance(tlsCheckMs - 1);
  expect(used).toEqual([]);
  await clock.advance(1);
  await vi.waitFor(() => expect(used).toEqual(['O=Test, CN=second']));
  expect(watch.material.cert).toBe(second.cert);
  await vi.waitFor(() => expect(lines.join()).toContain('TLS certificate reloaded'));
});

test('a bad one is logged once and the old one stays, until it is mended', async () => {
  const { clock, cert, put, replace, used, watch, lines } = await open();
  put(cert, 'nonsense');
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  expect(lines[0]).toMatch(/^the new TLS certificate cannot be used, the old one stays .*is not PEM/);
  await clock.advance(3 * tlsCheckMs);
  expect(lines).toHaveLength(1);
  expect(watch.material.cert).toBe(first.cert);
  replace(second);
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(used).toEqual(['O=Test, CN=second']));
});

test('a certificate whose key comes a check later is used then', async () => {
  const { clock, cert, key, put, used, lines } = await open();
  put(cert, second.cert);
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(lines.join()).toContain('is not the key of the certificate'));
  expect(used).toEqual([]);
  put(key, second.key);
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(used).toEqual(['O=Test, CN=second']));
});

test('files that vanish leave the certificate in use', async () => {
  const { clock, cert, watch, lines } = await open();
  rmSync(cert);
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(lines.join()).toContain('there is no such file'));
  expect(watch.material.cert).toBe(first.cert);
});

test('reload reads at once, and says whether what it found is in use', async () => {
  const { cert, put, replace, used, watch } = await open();
  expect(await watch.reload()).toBe(true);
  expect(used).toEqual([]);
  replace(second);
  expect(await watch.reload()).toBe(true);
  expect(used).toEqual(['O=Test, CN=second']);
  put(cert, '');
  expect(await watch.reload()).toBe(false);
});

test('other files are used when that is asked for, and watched from then on', async () => {
  const [{ clock, used, watch }, other] = [await open(), await open(second)];
  const source = (path: string) => ({
    paths: { cert: path, key: other.key, clientCa: undefined },
    minVersion: 'TLSv1.3' as const,
  });
  await expect(watch.prepare(source('/nowhere.pem'))).rejects.toThrow('there is no such file');
  const apply = await watch.prepare(source(other.cert));
  expect(used).toEqual([]);
  apply();
  expect(used).toEqual(['O=Test, CN=second']);
  expect(watch.material.minVersion).toBe('TLSv1.3');
  other.replace(first);
  await clock.advance(tlsCheckMs);
  await vi.waitFor(() => expect(used).toEqual(['O=Test, CN=second', 'O=Test, CN=first']));
});

test('nothing is read after the end', async () => {
  const { clock, replace, used, watch } = await open();
  watch.close();
  replace(second);
  await clock.advance(10 * tlsCheckMs);
  expect(used).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a certificate that ends soon is told once', async () => {
  const { clock, lines } = await open(shop.make({ cn: 'brief', days: 15 }));
  expect(lines).toEqual([]);
  await clock.advance(2 * 86_400_000);
  expect(lines).toEqual([expect.stringMatching(/^the TLS certificate expires soon .*CN=brief/)]);
});
