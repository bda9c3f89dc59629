import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { Code, ConnectError, createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  AccessService,
  WhoAmIResponse_Method as Method,
} from '#gen/switchyard/access/v1/access_service_pb.js';
import { Key_State as KeyState, Role } from '#gen/switchyard/access/v1/key_pb.js';
import { openCertificateShop, type TestCertificate } from '../src/security/certificates.fixture.ts';
import { runCli } from './cli/run-cli.ts';
import { createHubClients, jsonValue, refusalOf } from './hub-client.ts';
import { type HubOptions, type HubProcess, startHub } from './hub-process.ts';
import { type HttpTarget, startHttpTarget } from './http-target.ts';
import { runProgram } from './program.ts';
import { describeWith } from './require.ts';

const shop = openCertificateShop();
const authority = shop.make({ cn: 'Hub CA', ca: true });
const server = shop.make({ issuer: authority });
const clientAuthority = shop.make({ cn: 'Client CA', ca: true });
const orders = shop.make({ cn: 'orders', san: 'URI:spiffe://test/orders', issuer: clientAuthority });
const nobody = shop.make({ cn: 'nobody', issuer: clientAuthority });
const stranger = shop.make({ cn: 'orders' });

/** Where the hub's certificate is; tests replace it. */
const certPath = join(shop.folder, 'hub.pem');
const keyPath = join(shop.folder, 'hub.key');
function install({ cert, key }: Pick<TestCertificate, 'cert' | 'key'>): void {
  for (const [path, text] of [
    [certPath, cert],
    [keyPath, key],
  ] as const) {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-security-'));
const configPath = join(shop.folder, 'switchyard.yaml');
writeFileSync(
  configPath,
  `tls:
  cert: ${certPath}
  key: ${keyPath}
  client_ca: ${clientAuthority.certPath}
auth:
  enabled: true
  certificates:
    - { san: 'URI:spiffe://test/orders', name: orders, role: sender, systems: [orders_001] }
`,
);

let hub: HubProcess;
let target: HttpTarget;
let adminKey: string;

beforeAll(async () => {
  install(server);
  const made = await runCli(['keys', 'create', 'root', '--role', 'admin', '--data-dir', dataDir]);
  adminKey = made.stdout.trim();
  [hub, target] = await Promise.all([
    startHub({ dataDir, args: ['--config', configPath] }),
    startHttpTarget(),
  ]);
});
afterAll(async () => {
  await Promise.all([hub.dispose(), target.close()]);
  rmSync(dataDir, { recursive: true, force: true });
  shop[Symbol.dispose]();
});

const withKey =
  (key: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set('authorization', `Bearer ${key}`);
    return next(request);
  };

interface CallerOptions {
  readonly key?: string | undefined;
  readonly certificate?: TestCertificate;
}

function transportOptions({ key, certificate }: CallerOptions) {
  return {
    baseUrl: hub.url,
    interceptors: key === undefined ? [] : [withKey(key)],
    nodeOptions: {
      ca: authority.cert,
      ...(certificate && { cert: certificate.cert, key: certificate.key }),
    },
  };
}

const grpc = (options: CallerOptions): Transport => createGrpcTransport(transportOptions(options));

function clients(options: CallerOptions) {
  const transport = grpc(options);
  return { ...createHubClients(hub.url, transport), access: createClient(AccessService, transport) };
}

async function makeKey(
  name: string,
  parts: { role?: Role; systems?: string[] } = {},
): Promise<{ prefix: string; secret: string }> {
  const { key, secret } = await clients({ key: adminKey }).access.createKey({ name, ...parts });
  return { prefix: key!.prefix, secret };
}

/** Status and body of a GET over HTTP/1.1, as a browser makes it. */
function get(
  path: string,
  options: { headers?: Record<string, string>; ca?: string } = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const { headers = {}, ca = authority.cert } = options;
    httpsRequest(hub.url + path, { ca, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const audit = (): Record<string, unknown>[] =>
  hub
    .stderr()
    .split('\n')
    .filter((line) => line.includes('"audit":true'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a hub with TLS and authentication', () => {
  test('says https where it listens', () => {
    expect(hub.stdout()).toMatch(/^switchyard listening on https:\/\/127\.0\.0\.1:\d+\n$/);
  });

  test.each<[string, (options: CallerOptions) => Transport]>([
    ['gRPC', grpc],
    [
      'gRPC-Web over HTTP/1.1',
      (options) => createGrpcWebTransport({ ...transportOptions(options), httpVersion: '1.1' }),
    ],
    [
      'Connect over HTTP/1.1',
      (options) => createConnectTransport({ ...transportOptions(options), httpVersion: '1.1' }),
    ],
    [
      'Connect over HTTP/2',
      (options) => createConnectTransport({ ...transportOptions(options), httpVersion: '2' }),
    ],
  ])('knows callers by their key over %s', async (_, transport) => {
    const access = createClient(AccessService, transport({ key: adminKey }));
    expect(await access.whoAmI({})).toMatchObject({
      name: 'root',
      role: Role.ADMIN,
      method: Method.KEY,
      credential: adminKey.slice(0, 15),
      authenticationEnabled: true,
    });
    const unknown = createClient(AccessService, transport({}));
    expect(await refusalOf(unknown.whoAmI({}))).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'UNAUTHENTICATED',
      message: expect.stringContaining('show an API key') as string,
    });
  });

  test('knows callers of grpc-js', async () => {
    const client = new Client(hub.address, credentials.createSsl(Buffer.from(authority.cert)));
    const call = (metadata: Metadata): Promise<unknown> =>
      new Promise((resolve) => {
        client.makeUnaryRequest(
          '/switchyard.registry.v1.RegistryService/ListSystems',
          () => Buffer.alloc(0),
          (bytes: Buffer) => bytes,
          {},
          metadata,
          (error: ServiceError | null, answer?: Buffer) => resolve(error ?? answer),
        );
      });
    const metadata = new Metadata();
    expect(await call(metadata)).toMatchObject({ code: 16 });
    metadata.set('x-api-key', adminKey);
    expect(await call(metadata)).toBeInstanceOf(Buffer);
    client.close();
  });

  test('refuses plain HTTP in words', async () => {
    const plain = await fetch(hub.url.replace('https', 'http'));
    expect(plain.status).toBe(400);
    expect(await plain.text()).toMatch(/speaks TLS only: use https/);
  });

  test('lets probes in without a key, and browsers with one as a password', async () => {
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect(await get('/metrics')).toMatchObject({ status: 401 });
    expect((await get('/')).headers['www-authenticate']).toMatch(/^Basic /);
    const authorization = `Basic ${Buffer.from(`me:${adminKey}`).toString('base64')}`;
    expect((await get('/metrics', { headers: { authorization } })).body).toContain('switchyard_');
    const page = await get('/', { headers: { authorization } });
    expect(page.body).toContain('switchyard.access.v1.AccessService');
  });

  test('notes refusals in the log: who, from where, what and why, and never a key', async () => {
    const { secret } = await makeKey('curious');
    await refusalOf(clients({ key: secret }).access.listKeys({}));
    await vi.waitFor(() =>
      expect(audit()).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          msg: 'access refused',
          principal: 'curious',
          role: 'readonly',
          credential: secret.slice(0, 15),
          from: '127.0.0.1',
          what: 'switchyard.access.v1.AccessService/ListKeys',
          reason: 'PERMISSION_DENIED',
        }),
      ),
    );
    const output = hub.stderr() + hub.stdout();
    for (const key of [secret, adminKey]) expect(output).not.toContain(key.slice(16));
  });
});

describe('roles', () => {
  const calls = {
    read: (caller: ReturnType<typeof clients>) => caller.registry.listSystems({}),
    send: (caller: ReturnType<typeof clients>) =>
      caller.messaging.sendMessage({
        message: { type: 'x', target: { target: { case: 'type', value: 'nothing' } } },
      }),
    breakers: (caller: ReturnType<typeof clients>) => caller.resilience.tripBreaker({ systemId: 'nobody' }),
    keys: (caller: ReturnType<typeof clients>) => caller.access.listKeys({}),
  };
  /** Reasons that the hub gives once it has let the caller in. */
  const inside = ['OK', 'NO_ROUTE', 'SYSTEM_NOT_FOUND'];

  test.each([
    ['readonly', Role.READONLY, ['read']],
    ['sender', Role.SENDER, ['read', 'send']],
    ['operator', Role.OPERATOR, ['read', 'send', 'breakers']],
    ['admin', Role.ADMIN, ['read', 'send', 'breakers', 'keys']],
  ])('%s may do what the table says and nothing more', async (name, role, allowed) => {
    const caller = clients({ key: (await makeKey(`role.${name}`, { role })).secret });
    const outcomes = Object.entries(calls).map(async ([what, call]) => {
      const reason = await call(caller).then(
        () => 'OK',
        async () => (await refusalOf(call(caller))).reason,
      );
      return [what, inside.includes(reason) ? 'allowed' : reason] as const;
    });
    expect(Object.fromEntries(await Promise.all(outcomes))).toEqual(
      Object.fromEntries(
        Object.keys(calls).map((what) => [what, allowed.includes(what) ? 'allowed' : 'PERMISSION_DENIED']),
      ),
    );
  });

  test('a sender registers its own systems, and its messages come from them', async () => {
    const { secret } = await makeKey('shop', { role: Role.SENDER, systems: ['shop_001'] });
    const shopkeeper = clients({ key: secret });
    const system = (id: string) => ({
      id,
      type: 'shop',
      name: 'Shop',
      version: '1.0.0',
      interfaces: [{ name: 'api', uri: target.uri }],
    });
    await shopkeeper.registry.registerSystem({ system: system('shop_001') });
    expect(await refusalOf(shopkeeper.registry.registerSystem({ system: system('bank_001') }))).toMatchObject(
      {
        reason: 'PERMISSION_DENIED',
        metadata: { rule: 'systems', system_id: 'bank_001', principal: 'shop' },
      },
    );
    const send = (source: string) =>
      shopkeeper.messaging.sendMessage({
        message: {
          type: 'order',
          source,
          target: { target: { case: 'systemId', value: 'shop_001' } },
          payload: { case: 'json', value: jsonValue({ n: 1 }) },
        },
      });
    await send('');
    await send('shop_001');
    expect(target.received.slice(-2).map(({ headers }) => headers['x-source-system'])).toEqual([
      'shop_001',
      'shop_001',
    ]);
    expect(await refusalOf(send('bank_001'))).toMatchObject({
      reason: 'PERMISSION_DENIED',
      metadata: { system_id: 'bank_001', executed: 'no' },
    });
    expect(
      await refusalOf(
        shopkeeper.registry.updateSystem({
          system: {
            ...system('shop_001'),
            interfaces: [
              {
                name: 'api',
                uri: 'https://evil.example',
                settings: {
                  tls: { cert: orders.cert, key: { secret_ref: 'env:SWITCHYARD_SECRET_X' } },
                },
              },
            ],
          },
          updateMask: { paths: ['interfaces'] },
        }),
      ),
    ).toMatchObject({ reason: 'PERMISSION_DENIED', metadata: { needed_role: 'operator' } });
  });
});

/** A number that is none of the enum's. */
const undefinedRole: Role = JSON.parse('77') as Role;

describe('keys', () => {
  test('two of one name live side by side, so that one can replace the other without a gap', async () => {
    const first = await makeKey('rotating', { role: Role.SENDER });
    const second = await makeKey('rotating', { role: Role.SENDER });
    const works = async ({ secret }: { secret: string }): Promise<boolean> =>
      clients({ key: secret })
        .registry.listSystems({})
        .then(() => true)
        .catch((error: unknown) => {
          if (error instanceof ConnectError && error.code === Code.Unauthenticated) return false;
          throw error;
        });
    expect(await Promise.all([works(first), works(second)])).toEqual([true, true]);
    const { access } = clients({ key: adminKey });
    expect(await refusalOf(access.createKey({ name: 'rotating' }))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'KEY_LIMIT',
    });
    expect(await refusalOf(access.createKey({ name: 'rotating', validateOnly: true }))).toMatchObject({
      reason: 'KEY_LIMIT',
    });
    await access.revokeKey({ prefix: first.prefix });
    expect(await Promise.all([works(first), works(second)])).toEqual([false, true]);
    await makeKey('rotating');
    const { keys } = await access.listKeys({ name: 'rotating' });
    expect(keys.map(({ state }) => state)).toEqual([KeyState.REVOKED, KeyState.LIVE, KeyState.LIVE]);
    expect(
      JSON.stringify(keys, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
    ).not.toContain(second.secret.slice(16));
  });

  test('a revoked one is refused on the next call, and its open watches end', async () => {
    const { prefix, secret } = await makeKey('watcher');
    const watcher = clients({ key: secret });
    const events = watcher.registry.watchSystems({})[Symbol.asyncIterator]();
    await events.next();
    await clients({ key: adminKey }).access.revokeKey({ prefix });
    expect(await refusalOf(watcher.registry.listSystems({}))).toMatchObject({
      reason: 'UNAUTHENTICATED',
      message: expect.stringMatching(/^The API key sw_\w+ was revoked;/) as string,
    });
    const toTheEnd = async (): Promise<void> => {
      while ((await events.next()).done !== true);
    };
    expect(await refusalOf(toTheEnd())).toMatchObject({
      reason: 'UNAUTHENTICATED',
      message: expect.stringContaining('was revoked while the stream was open') as string,
    });
    await vi.waitFor(() =>
      expect(audit()).toContainEqual(
        expect.objectContaining({ msg: 'key revoked', key: prefix, by: 'root' }),
      ),
    );
  });

  test('bad requests are refused with every field at once', async () => {
    const { access } = clients({ key: adminKey });
    expect(
      await refusalOf(
        access.createKey({
          name: 'not a name',
          role: undefinedRole,
          systems: ['A', 'ok', 'ok'],
          ttl: { seconds: 1n },
        }),
      ),
    ).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: expect.arrayContaining(['name', 'role', 'systems[0]', 'systems[2]', 'ttl']) as string[],
    });
    expect(await refusalOf(access.createKey({ name: 'anonymous' }))).toMatchObject({ fields: ['name'] });
    const whole = await refusalOf(access.revokeKey({ prefix: adminKey }));
    expect(whole).toMatchObject({ fields: ['prefix'] });
    expect(JSON.stringify(whole)).not.toContain(adminKey.slice(16));
    expect(await refusalOf(access.revokeKey({ prefix: 'sw_000000000000' }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'KEY_NOT_FOUND',
    });
  });

  test('pages of a list join up', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => makeKey(`page.${name}`)));
    const { access } = clients({ key: adminKey });
    const all = (await access.listKeys({})).keys.map(({ prefix }) => prefix);
    const found: string[] = [];
    for (let pageToken = ''; ;) {
      const page = await access.listKeys({ pageSize: 2, pageToken });
      expect(page.keys.length).toBeLessThanOrEqual(2);
      found.push(...page.keys.map(({ prefix }) => prefix));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(found).toEqual(all);
  });

  test('survive a crash of the hub', async () => {
    const options: HubOptions = { env: { SWITCHYARD_AUTH_ENABLED: 'true' } };
    await using other = await startHub(options);
    await other.stop();
    const made = await runCli(['keys', 'create', 'root', '--role', 'admin', '--data-dir', other.dataDir]);
    await other.restart();
    const access = (key: string) =>
      createClient(AccessService, createGrpcTransport({ baseUrl: other.url, interceptors: [withKey(key)] }));
    const { key, secret } = await access(made.stdout.trim()).createKey({ name: 'survivor' });
    const { secret: gone, key: goneKey } = await access(made.stdout.trim()).createKey({ name: 'gone' });
    await access(made.stdout.trim()).revokeKey({ prefix: goneKey!.prefix });
    await other.kill();
    await other.restart();
    expect(await access(secret).whoAmI({})).toMatchObject({ name: 'survivor', credential: key!.prefix });
    expect(await refusalOf(access(gone).whoAmI({}))).toMatchObject({ reason: 'UNAUTHENTICATED' });
  });
});

describe('client certificates', () => {
  test('stand for a principal', async () => {
    expect(await clients({ certificate: orders }).access.whoAmI({})).toMatchObject({
      name: 'orders',
      role: Role.SENDER,
      systems: ['orders_001'],
      method: Method.CERTIFICATE,
      credential: expect.stringMatching(/^[0-9A-F]{64}$/) as string,
    });
  });

  test('and a key beside one decides', async () => {
    expect(await clients({ certificate: orders, key: adminKey }).access.whoAmI({})).toMatchObject({
      name: 'root',
    });
    const wrong = `${adminKey.slice(0, -1)}${adminKey.endsWith('0') ? '1' : '0'}`;
    expect(await refusalOf(clients({ certificate: orders, key: wrong }).access.whoAmI({}))).toMatchObject({
      reason: 'UNAUTHENTICATED',
    });
  });

  test.each([
    ['one that fits no entry', nobody, /"nobody" .* fits no entry of the setting auth\.certificates/],
    ['one of another CA', stranger, /"orders" .* was not issued by a CA of the setting tls\.client_ca \(/],
  ])('%s is refused with the reason', async (_, certificate, why) => {
    const { message } = await refusalOf(clients({ certificate }).access.whoAmI({}));
    expect(message).toMatch(why);
  });
});

describe('the hub’s certificate', () => {
  const serialOf = async (): Promise<string> => {
    const socket = connectTls({
      port: hub.port,
      host: '127.0.0.1',
      ca: authority.cert,
      servername: 'localhost',
    });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };

  test(
    'is replaced while calls run; a bad one is logged and the old one stays',
    { timeout: 30_000 },
    async () => {
      const before = await serialOf();
      const stop = new AbortController();
      let answered = 0;
      const { registry } = clients({ key: adminKey });
      const traffic = (async () => {
        // Old connections and new ones.
        while (!stop.signal.aborted) {
          await registry.listSystems({});
          await clients({ key: adminKey }).registry.listSystems({});
          answered += 1;
        }
      })();

      writeFileSync(certPath, 'no certificate');
      await vi.waitFor(
        () => expect(hub.stderr()).toContain('the new TLS certificate cannot be used'),
        10_000,
      );
      expect(await serialOf()).toBe(before);

      install(shop.make({ issuer: authority }));
      await vi.waitFor(async () => expect(await serialOf()).not.toBe(before), {
        timeout: 10_000,
        interval: 100,
      });
      const seen = answered;
      await vi.waitFor(() => expect(answered).toBeGreaterThan(seen + 2));
      stop.abort();
      await traffic;
      expect(hub.stderr()).toContain('TLS certificate reloaded');
    },
  );
});

describe('a hub that does not start', () => {
  /** The last line that a hub says which does not start. */
  async function failureOf(options: HubOptions): Promise<string> {
    const error = await startHub(options).then(
      async (started) => {
        await started.dispose();
        return new Error('it started');
      },
      (thrown: unknown) => thrown as Error,
    );
    return error.message;
  }
  const tls = (cert: string, key: string): HubOptions => ({
    env: { SWITCHYARD_TLS_CERT: cert, SWITCHYARD_TLS_KEY: key },
  });

  test.each<[string, () => HubOptions, RegExp]>([
    [
      'whose certificate is missing',
      () => tls(join(shop.folder, 'nowhere.pem'), server.keyPath),
      /switchyard: tls\.cert: \S+nowhere\.pem cannot be read: there is no such file\n/,
    ],
    [
      'whose key is that of another certificate',
      () => tls(server.certPath, orders.keyPath),
      /switchyard: tls\.key: \S+ is not the key of the certificate in \S+ \(O=Test, CN=localhost\)\n/,
    ],
    [
      'whose certificate has expired',
      () => {
        const { certPath: cert, keyPath: key } = shop.make({ days: -1 });
        return tls(cert, key);
      },
      /switchyard: tls\.cert: \S+ has expired: certificate 1 /,
    ],
    [
      'without a key',
      () => ({ env: { SWITCHYARD_TLS_CERT: server.certPath } }),
      /tls\.key: must be text; found nothing/,
    ],
    [
      'that requires certificates of nobody',
      () => ({ env: { ...tls(server.certPath, server.keyPath).env, SWITCHYARD_TLS_CLIENT_AUTH: 'require' } }),
      /tls\.client_auth: found require, which needs tls\.client_ca/,
    ],
    [
      'with a role for nobody',
      () => ({ env: { SWITCHYARD_AUTH_ANONYMOUS_ROLE: 'readonly' } }),
      /auth\.enabled: found false, with which every caller may do everything/,
    ],
    [
      'that others can reach without authentication',
      () => ({ args: ['--listen', '0.0.0.0:0'] }),
      /listen: found 0\.0\.0\.0:0, which others can reach, but nobody would be authenticated; .*auth\.enabled/,
    ],
  ])('%s says why', async (_, options, why) => {
    expect(await failureOf(options())).toMatch(why);
  });
});

test('a hub with authentication may be reached by others, and says what is missing', async () => {
  await using open = await startHub({
    args: ['--listen', '0.0.0.0:0'],
    env: { SWITCHYARD_AUTH_ENABLED: 'true' },
  });
  expect(open.url).toMatch(/^http:\/\/0\.0\.0\.0:/);
  expect(open.stderr()).toContain('nobody can manage keys');
  expect(open.stderr()).toContain(`switchyard keys create admin --role admin --data-dir ${open.dataDir}`);
  expect(open.stderr()).toContain('without encryption');
});

test('anonymous callers get the role that the settings give them', async () => {
  await using open = await startHub({
    env: { SWITCHYARD_AUTH_ENABLED: 'true', SWITCHYARD_AUTH_ANONYMOUS_ROLE: 'readonly' },
  });
  const { registry } = createHubClients(open.url);
  await registry.listSystems({});
  expect(await refusalOf(registry.deregisterSystem({ systemId: 'a' }))).toMatchObject({
    reason: 'PERMISSION_DENIED',
    metadata: { principal: 'anonymous', role: 'readonly', needed_role: 'sender' },
  });
});

test('a hub that requires certificates refuses connections without one', async () => {
  await using strict = await startHub({
    env: {
      SWITCHYARD_TLS_CERT: server.certPath,
      SWITCHYARD_TLS_KEY: server.keyPath,
      SWITCHYARD_TLS_CLIENT_CA: clientAuthority.certPath,
      SWITCHYARD_TLS_CLIENT_AUTH: 'require',
    },
  });
  const registry = (certificate?: TestCertificate) =>
    createHubClients(
      strict.url,
      createGrpcTransport({
        baseUrl: strict.url,
        nodeOptions: {
          ca: authority.cert,
          ...(certificate && { cert: certificate.cert, key: certificate.key }),
        },
      }),
    ).registry;
  await registry(orders).listSystems({});
  await expect(registry().listSystems({})).rejects.toThrow();
  await expect(registry(stranger).listSystems({})).rejects.toThrow();
  await vi.waitFor(() =>
    expect(strict.stderr()).toMatch(/none was shown.*connection refused for its certificate/),
  );
});

describe('the command line', () => {
  const cli = (args: string[], key = adminKey) =>
    runCli([...args, '--hub', hub.url, '--ca', authority.certPath], { env: { SWITCHYARD_TOKEN: key } });

  test('makes, lists and revokes keys, and says who one is', async () => {
    const made = await cli([
      'keys',
      'create',
      'ci',
      '--role',
      'sender',
      '--system',
      'ci.*',
      '--expires',
      '90d',
    ]);
    expect(made).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^sw_[0-9a-f]{12}_[0-9a-f]{64}\n$/) as string,
      stderr: expect.stringMatching(
        /Made the key sw_\w+ for ci: role sender, acts as ci\.\*, expires 20/,
      ) as string,
    });
    const secret = made.stdout.trim();
    const prefix = secret.slice(0, 15);
    expect((await cli(['whoami'], secret)).stdout).toMatch(
      new RegExp(`^ci, role sender, by key ${prefix}\nacts as: ci\\.\\*\nuntil: 20`),
    );
    const listed = await cli(['keys', 'list', '--name', 'ci']);
    expect(listed.stdout).toMatch(new RegExp(`${prefix}\\s+ci\\s+sender\\s+ci\\.\\*\\s+live`));
    expect((await cli(['keys', 'revoke', prefix])).stdout).toBe(`${prefix} of ci is revoked\n`);
    expect(await cli(['whoami'], secret)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^UNAUTHENTICATED: The API key sw_\w+ was revoked/) as string,
    });
  });

  test('does not repeat a whole key that was given for a prefix', async () => {
    const refused = await cli(['keys', 'revoke', adminKey]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).not.toContain(adminKey.slice(16));
  });

  test('does not touch the folder of a hub that runs', async () => {
    const refused = await runCli(['keys', 'list', '--data-dir', dataDir]);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/A hub runs on the data folder .* the key of an admin/) as string,
    });
  });

  test('does not make a folder to list the keys of', async () => {
    const missing = join(dataDir, 'misspelt');
    const { exitCode, stderr } = await runCli(['keys', 'list', '--data-dir', missing]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(`there is no folder ${missing}`);
    expect(existsSync(missing)).toBe(false);
  });

  test('asks for names and roles that exist', async () => {
    expect((await cli(['keys', 'create', 'x', '--role', 'boss'])).stderr).toMatch(
      /Allowed choices are readonly, sender/,
    );
    expect((await cli(['keys', 'create', 'x', '--expires', '90'])).stderr).toMatch(
      /not a time that a key may live/,
    );
  });
});

describeWith(['curl'], 'curl', () => {
  const curl = async (...args: string[]) =>
    runProgram('curl', [
      '-sS',
      '--cacert',
      authority.certPath,
      '-w',
      '\n%{http_code} %{http_version}',
      ...args,
    ]);

  test('over HTTP/2 and HTTP/1.1, with a bearer token and with a password', async () => {
    const url = `${hub.url}/switchyard.registry.v1.RegistryService/ListSystems`;
    const json = ['-H', 'content-type: application/json', '-d', '{"pageSize":1}', url];
    const bearer = ['-H', `authorization: Bearer ${adminKey}`];
    expect((await curl('--http2', ...bearer, ...json)).stdout.toString()).toMatch(/\n200 2$/);
    expect((await curl('--http1.1', ...bearer, ...json)).stdout.toString()).toMatch(/\n200 1\.1$/);
    expect((await curl(...json)).stdout.toString()).toMatch(/"code":"unauthenticated"[^]*\n401 /);
    expect((await curl('-u', `:${adminKey}`, `${hub.url}/metrics`)).stdout.toString()).toMatch(/\n200 /);
  });
});

describeWith(['grpcurl'], 'grpcurl', ({ grpcurl = '' }) => {
  const run = (...args: string[]) =>
    promisify(execFile)(grpcurl, ['-cacert', authority.certPath, ...args]).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );

  test('with a token in its metadata, also for reflection; with a client certificate', async () => {
    const token = ['-H', `authorization: Bearer ${adminKey}`];
    expect((await run(...token, hub.address, 'list')).stdout).toContain('switchyard.access.v1.AccessService');
    expect((await run(hub.address, 'list')).stderr).toContain('show an API key');
    const who = 'switchyard.access.v1.AccessService/WhoAmI';
    expect((await run(...token, hub.address, who)).stdout).toMatch(/"name": "root"/);
    const certificate = ['-cert', orders.certPath, '-key', orders.keyPath];
    expect((await run(...certificate, hub.address, who)).stdout).toMatch(/"name": "orders"/);
    expect((await run(hub.address, 'grpc.health.v1.Health/Check')).stderr).toContain('Unauthenticated');
  });
});

test('the store holds no secret', () => {
  // The write-ahead log too: what was written is in one of them.
  for (const file of ['switchyard.db', 'switchyard.db-wal']) {
    const bytes = readFileSync(join(dataDir, file), 'latin1');
    expect(bytes).not.toContain(adminKey.slice(16));
  }
});
