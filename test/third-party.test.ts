import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from './cli/run-cli.ts';
import { type Language, languages } from './clients/languages.ts';
import { githubToken, type PublicApi, startGithub, startStripe, stripeKey } from './clients/public-apis.ts';
import { type Running, startProgram } from './clients/running.ts';
import { createHubClients, jsonValue, plainJson, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { jsonValues, runProgram } from './program.ts';
import { describeWith } from './require.ts';
import { root } from './root.ts';

// Each test starts several programs, on two cores that other tests use too.
vi.setConfig({ testTimeout: 120_000 });

let hub: HubProcess;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-third-party-'));
  hub = await startHub({
    env: {
      SWITCHYARD_SECRET_GITHUB_TOKEN: githubToken,
      SWITCHYARD_SECRET_STRIPE_KEY: stripeKey,
    },
  });
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Applies a catalog of examples/third-party as it is, but for the address. */
async function apply(name: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(root, 'examples/third-party', name), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(folder, name), text.replace(from, to));
  const applied = await runCli(['apply', '-f', join(folder, name), '--hub', hub.url]);
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0, stderr: '' });
  expect(applied.stdout).toMatch(/^system\/\S+ created$/m);
}

const message = (systemId: string, type: string, payload: object) => ({
  type,
  target: { target: { case: 'systemId' as const, value: systemId } },
  payload: { case: 'json' as const, value: jsonValue(payload as never) },
});
const send = (systemId: string, type: string, payload: object) =>
  createHubClients(hub.url).messaging.sendMessage({ message: message(systemId, type, payload) });

/** A message, and what the system of somebody else answers. */
interface Exchange {
  readonly systemId: string;
  readonly type: string;
  readonly payload: object;
  readonly status: string;
  readonly reply: unknown;
}

const ready = new Map<string, Promise<void>>();
/** Makes a language's examples ready, once for all suites of this file. */
function prepared(language: Language): Promise<void> {
  const preparing = ready.get(language.name) ?? language.prepare(folder);
  ready.set(language.name, preparing);
  return preparing;
}

/** Sends messages from every language and from grpcurl. */
function fromEverywhere(exchanges: readonly Exchange[]): void {
  for (const language of languages) {
    describeWith(language.tools, `from ${language.name}`, () => {
      beforeAll(() => prepared(language), 300_000);
      test.for(exchanges)('$type to $systemId', async ({ systemId, type, payload, status, reply }) => {
        const [program, ...args] = language.command(folder, 'send', [
          systemId,
          type,
          JSON.stringify(payload),
        ]);
        const sent = await runProgram(program, args, { env: { ...language.env, SWITCHYARD_HUB: hub.url } });
        expect(sent.code, sent.stderr).toBe(0);
        const [, got, json = ''] = /^reply (\S+) (.*)$/m.exec(sent.stdout.toString('utf8')) ?? [];
        expect(got).toBe(status);
        expect(JSON.parse(json)).toEqual(reply);
      });
    });
  }
  describeWith(['grpcurl'], 'from grpcurl', ({ grpcurl = '' }) => {
    test.for(exchanges)('$type to $systemId', async ({ systemId, type, payload, status, reply }) => {
      const asked = JSON.stringify({ message: { type, target: { system_id: systemId }, json: payload } });
      const method = 'switchyard.messaging.v1.MessagingService/SendMessage';
      const sent = await runProgram(grpcurl, ['-plaintext', '-d', asked, hub.address, method]);
      expect(sent.code, sent.stderr).toBe(0);
      const [response] = jsonValues(sent.stdout.toString('utf8')) as [
        { reply: { status: string; json: unknown } },
      ];
      expect(response.reply).toMatchObject({ status, json: reply });
    });
  });
}

describe('a public REST API by catalog alone: GitHub', () => {
  let github: PublicApi;
  beforeAll(async () => {
    github = await startGithub(250);
    await apply('github.yaml', 'https://api.github.com', github.url);
  });
  afterAll(() => github[Symbol.asyncDispose]());
  const repo = { owner: 'octo', repo: 'hello world' };

  fromEverywhere([
    {
      systemId: 'github',
      type: 'github.repo.get',
      payload: repo,
      status: '200',
      reply: { name: 'octo/hello world', stars: 80, license: 'MIT' },
    },
  ]);

  test('pages by Link come as one list', async () => {
    const { reply } = await send('github', 'github.issues.list', { ...repo, state: 'all' });
    const issues = plainJson(reply?.payload) as { number: number }[];
    expect(issues.map(({ number }) => number)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
    expect(reply?.headers['switchyard-pages']).toBe('3');
    expect(github.requests.at(-1)).toContain('/repos/octo/hello%20world/issues?');
    expect(github.requests.at(-1)).toContain('page=3');

    const bugs = await send('github', 'github.issues.list', {
      ...repo,
      labels: ['bug', 'good first issue'],
    });
    expect(plainJson(bugs.reply?.payload)).toMatchObject([{ number: 1 }, { number: 101 }, { number: 201 }]);
  });

  test('numbered pages come as one list, after the wait that the rate limit asks for', async () => {
    const { reply, delivery } = await send('github', 'github.issues.search', { query: 'Issue 1' });
    // 1, 10 to 19, 100 to 199.
    expect(plainJson(reply?.payload)).toHaveLength(111);
    expect(reply?.headers['switchyard-pages']).toBe('3');
    expect(delivery?.attempts.map(({ status }) => status)).toEqual(['429', '200']);
  });

  test('what GitHub refuses is told with its own words, and is not repeated', async () => {
    const nobody = await refusalOf(send('github', 'github.repo.get', { owner: 'octo', repo: 'gone' }));
    expect(nobody).toMatchObject({
      reason: 'TARGET_REJECTED',
      metadata: { http_status: '404', attempts: '1' },
    });
    expect(nobody.metadata.body).toContain('"message":"Not Found"');
    const untitled = await refusalOf(send('github', 'github.issues.create', { ...repo, text: 'help' }));
    expect(untitled).toMatchObject({ reason: 'TARGET_REJECTED', metadata: { http_status: '422' } });
    expect(untitled.metadata.body).toContain('missing_field');
    const unnamed = await refusalOf(send('github', 'github.repo.get', { owner: 'octo' }));
    expect(unnamed.message).toContain('repo');
    expect(unnamed.metadata.executed).toBe('no');
  });

  test('what is created is told from status, body and headers', async () => {
    const { reply } = await send('github', 'github.issues.create', { ...repo, title: 'Grüße', text: 'Hi' });
    expect(reply?.status).toBe('201');
    expect(plainJson(reply?.payload)).toEqual({
      number: 251,
      url: 'https://api.github.com/repos/octo/hello%20world/issues/251',
    });
  });

  test('no reader of the registry sees the token', async () => {
    const { system } = await createHubClients(hub.url).registry.getSystem({ systemId: 'github' });
    const shown = JSON.stringify(system, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(shown).toContain('env:SWITCHYARD_SECRET_GITHUB_TOKEN');
    expect(shown).not.toContain(githubToken);
  });
});

describe('a public REST API by catalog alone: Stripe', () => {
  let stripe: PublicApi;
  beforeAll(async () => {
    stripe = await startStripe(230);
    await apply('stripe.yaml', 'https://api.stripe.com', stripe.url);
  });
  afterAll(() => stripe[Symbol.asyncDispose]());

  fromEverywhere([
    {
      systemId: 'stripe',
      type: 'stripe.customer.get',
      payload: { id: 'cus_7' },
      status: '200',
      reply: { id: 'cus_7', object: 'customer', email: 'c7@example.com' },
    },
  ]);

  test('pages by cursor come as one list', async () => {
    const { reply } = await send('stripe', 'stripe.customer.list', {});
    const customers = plainJson(reply?.payload) as { id: string }[];
    expect(customers.map(({ id }) => id)).toEqual(Array.from({ length: 230 }, (_, index) => `cus_${index}`));
    expect(stripe.requests.filter((request) => request.includes('limit=100'))).toEqual([
      'GET /v1/customers?limit=100',
      'GET /v1/customers?limit=100&starting_after=cus_99',
      'GET /v1/customers?limit=100&starting_after=cus_199',
    ]);
  });

  test('a creation whose answer was lost is repeated under its key, and happens once', async () => {
    const asked = { email: 'new@example.com', name: 'Ada & Co', account: 'a-1' };
    const { reply, delivery } = await send('stripe', 'stripe.customer.create', asked);
    expect(plainJson(reply?.payload)).toEqual({
      id: 'cus_230',
      object: 'customer',
      email: 'new@example.com',
      name: 'Ada & Co',
      'metadata[account]': 'a-1',
    });
    expect(delivery?.attempts).toHaveLength(2);
    expect(reply?.headers['idempotent-replayed']).toBe('true');
    const gone = await refusalOf(send('stripe', 'stripe.customer.get', { id: 'cus_231' }));
    expect(gone).toMatchObject({ reason: 'TARGET_REJECTED', metadata: { http_status: '404' } });
    expect(gone.metadata.body).toContain("No such customer: 'cus_231'");
  });
});

describeWith(['go', 'grpcurl'], "grpc-go's own example services by catalog alone", ({ grpcurl = '' }) => {
  const bin = `${root}.cache/bin/`;
  const services = {
    reflection: 'google.golang.org/grpc/examples/features/reflection/server',
    greeter: 'google.golang.org/grpc/examples/helloworld/greeter_server',
  };
  let servers: Running[] = [];
  beforeAll(async () => {
    for (const [name, path] of Object.entries(services)) {
      const args = ['-C', 'test/clients/thirdparty', 'build', '-o', `${bin}third-party-${name}`, path];
      const built = await runProgram('go', args, { timeoutMs: 280_000 });
      expect(built.code, built.stderr).toBe(0);
    }
    servers = Object.keys(services).map((name) => startProgram(`${bin}third-party-${name}`, ['-port', '0']));
    const [reflecting = '', plain = ''] = await Promise.all(
      servers.map(async (server) => `127.0.0.1:${await portOf(server)}`),
    );
    await apply('greeter.yaml', '127.0.0.1:50051', reflecting);
    const set = ['-protoset-out', join(folder, 'helloworld.binpb')];
    const described = await runProgram(grpcurl, [
      '-plaintext',
      ...set,
      reflecting,
      'describe',
      'helloworld.Greeter',
    ]);
    expect(described.code, described.stderr).toBe(0);
    await apply('greeter-without-reflection.yaml', '127.0.0.1:50052', plain);
  }, 600_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });

  fromEverywhere([
    {
      systemId: 'greeter',
      type: 'greet',
      payload: { name: 'Ada Grüße' },
      status: 'OK',
      reply: { message: 'Hello Ada Grüße' },
    },
    {
      systemId: 'greeter',
      type: 'echo',
      payload: { message: '100 %' },
      status: 'OK',
      reply: { message: '100 %' },
    },
    {
      systemId: 'greeter_plain',
      type: 'greet',
      payload: { name: 'Bob' },
      status: 'OK',
      reply: { message: 'Hello Bob' },
    },
  ]);

  test('a field that the method does not have is named, and nothing is sent', async () => {
    for (const systemId of ['greeter', 'greeter_plain']) {
      const refused = await refusalOf(send(systemId, 'greet', { nome: 'Ada' }));
      expect(refused.message).toContain('nome');
      expect(refused.metadata.executed).toBe('no');
    }
  });
});

function portOf(server: Running): Promise<string> {
  return vi.waitFor(
    () => {
      // The examples' log line goes to standard error.
      const output = server.stdout() + server.stderr();
      const port = /listening at .*:(\d+)$/m.exec(output)?.[1];
      if (port === undefined) throw new Error(`the server does not listen:\n${output}`);
      return port;
    },
    { timeout: 20_000, interval: 20 },
  );
}
