import { afterAll, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import type { Evidence } from '../security/authenticator.ts';
import { openCertificateShop } from '../security/certificates.fixture.ts';
import { createMemoryStore } from '../security/memory-store.fixture.ts';
import type { Logger } from '../telemetry/log.ts';
import { ClosingStack } from './closing-stack.ts';
import { configSchema } from './config-schema.ts';
import { openSecurity } from './open-security.ts';
import { Reloader } from './reload.ts';

const shop = openCertificateShop();
afterAll(() => shop[Symbol.dispose]());
const [first, second] = [shop.make({ cn: 'first' }), shop.make({ cn: 'second' })];

const tlsOf = ({ certPath: cert, keyPath: key }: typeof first, rest: object = {}) => ({ cert, key, ...rest });

async function open(settings: object) {
  const lines: string[] = [];
  const write = (message: string, fields: object = {}) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const config = configSchema.parse(settings);
  let next = config;
  const reloader = new Reloader({ config, load: () => next, logger });
  const security = await openSecurity(
    {
      config,
      reloader,
      logger,
      opened: new ClosingStack(),
      clock: createFakeClock(new Date().getTime()),
    },
    createMemoryStore(),
  );
  const used: string[] = [];
  security.tls?.onChange(({ subject }) => used.push(subject));
  return {
    security,
    lines,
    used,
    async change(changed: object): Promise<string> {
      next = configSchema.parse(changed);
      await reloader.reload('test');
      return lines.at(-1) ?? '';
    },
  };
}

const certificate = {
  untrusted: undefined,
  commonName: 'orders',
  alternativeNames: [],
  fingerprint: 'AB'.repeat(32),
  validFromMs: 0,
  validUntilMs: Infinity,
};
const shown: Evidence = { header: () => undefined, address: '', certificate, allowsBasic: false };
const nothing: Evidence = { ...shown, certificate: undefined };

test('rules of certificates and the role of nobody change while the hub runs', async () => {
  const tls = tlsOf(first, { client_ca: first.certPath });
  const { security, change } = await open({ tls, auth: { enabled: true } });
  expect((await security.authentication.caller(shown)).principal).toBeUndefined();
  await change({
    tls,
    auth: {
      enabled: true,
      anonymous_role: 'readonly',
      certificates: [{ subject_cn: 'orders', name: 'orders', role: 'sender' }],
    },
  });
  expect((await security.authentication.caller(shown)).principal).toMatchObject({
    name: 'orders',
    role: 'sender',
  });
  expect((await security.authentication.caller(nothing)).principal).toMatchObject({ role: 'readonly' });
  await change({ tls, auth: { enabled: true } });
  expect((await security.authentication.caller(nothing)).principal).toBeUndefined();
});

test('other files of certificates are used when the settings name them, and bad ones are refused with everything else', async () => {
  const { change, used, lines } = await open({ tls: tlsOf(first) });
  expect(await change({ tls: tlsOf({ ...second, keyPath: first.keyPath }) })).toMatch(
    /configuration not reloaded.*tls\.key: .* is not the key of the certificate/,
  );
  expect(used).toEqual([]);
  await change({ tls: tlsOf(second) });
  expect(used).toEqual(['O=Test, CN=second']);
  expect(lines.at(-1)).toMatch(/^configuration reloaded/);
});

test.each([
  ['TLS off', { tls: tlsOf(first) }, {}, 'tls: takes a restart'],
  ['TLS on', {}, { tls: tlsOf(first) }, 'tls: takes a restart'],
  ['authentication off', { auth: { enabled: true } }, {}, 'auth.enabled: takes a restart'],
  [
    'asking for certificates',
    { tls: tlsOf(first) },
    { tls: tlsOf(first, { client_ca: first.certPath }) },
    'tls.client_auth: takes a restart',
  ],
])('turning %s takes a restart', async (_, before, after, why) => {
  const { change } = await open(before);
  expect(await change(after)).toContain(why);
});
