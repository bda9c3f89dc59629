import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testCertificate, testKey } from '../../src/transports/fixtures/tls.fixture.ts';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { runCli } from './run-cli.ts';

let hub: FakeHub;
let plain: FakeHub;
let strict: FakeHub;
let folder: string;
let ca: string;
let key: string;
beforeAll(async () => {
  const identity = { cert: testCertificate, key: testKey };
  hub = await startFakeHub(0, identity);
  plain = await startFakeHub();
  strict = await startFakeHub(0, {
    ...identity,
    ca: testCertificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  folder = await mkdtemp(join(tmpdir(), 'switchyard-tls-'));
  ca = join(folder, 'ca.pem');
  key = join(folder, 'key.pem');
  await writeFile(ca, testCertificate);
  await writeFile(key, testKey);
});
afterAll(async () => {
  for (const one of [hub, plain, strict]) await one[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const status = (...args: string[]) => runCli(['status', ...args], { env: { XDG_CONFIG_HOME: folder } });

test('a hub with TLS is reached with --ca, and from a context that holds it', async () => {
  expect(await status('--hub', hub.url, '--ca', ca)).toMatchObject({ exitCode: 0, stderr: '' });
  await runCli(['contexts', 'set', 'tls', '--hub', hub.url, '--ca', ca], {
    env: { XDG_CONFIG_HOME: folder },
  });
  expect(await status('--context', 'tls')).toMatchObject({ exitCode: 0 });
});

test('a client certificate is shown where it is asked for', async () => {
  const shown = await status('--hub', strict.url, '--ca', ca, '--cert', ca, '--key', key);
  expect(shown, shown.stderr).toMatchObject({ exitCode: 0 });
});

test('each fault of TLS is exit 3 with a text of its own', async () => {
  const https = plain.url.replace('http:', 'https:');
  const http = hub.url.replace('https:', 'http:');
  const faults: [string[], RegExp][] = [
    [['--hub', hub.url], /not signed by an authority that this machine trusts .*--ca FILE/],
    [['--hub', https, '--ca', ca], /is not encrypted: write http:\/\/127/],
    [['--hub', http], /is encrypted: write https:\/\/127.*--ca/],
    [['--hub', strict.url, '--ca', ca], /asks for a client certificate: give one with --cert/],
  ];
  for (const [args, message] of faults) {
    const result = await status(...args);
    expect(result.stderr, args.join(' ')).toMatch(message);
    expect(result, args.join(' ')).toMatchObject({ exitCode: 3, stdout: '' });
  }
});

test('certificates that cannot be used are wrong usage', async () => {
  const faults: [string[], RegExp][] = [
    [['--hub', hub.url, '--cert', ca], /both --cert and --key/],
    [['--hub', hub.url, '--ca', join(folder, 'none')], /--ca: cannot read .*none/],
    [['--hub', hub.url, '--ca', key], /--ca .* holds no certificate in PEM form/],
    [['--hub', plain.url, '--ca', ca], /certificates are for https/],
  ];
  for (const [args, message] of faults) {
    const result = await status(...args);
    expect(result.stderr, args.join(' ')).toMatch(message);
    expect(result, args.join(' ')).toMatchObject({ exitCode: 2 });
  }
});
