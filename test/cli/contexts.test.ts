import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { runCli } from './run-cli.ts';

let hub: FakeHub;
let other: FakeHub;
let base: string;
let folder: string;
let file: string;
beforeAll(async () => {
  hub = await startFakeHub();
  other = await startFakeHub();
  base = await mkdtemp(join(tmpdir(), 'switchyard-contexts-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(base, 'config-'));
  file = join(folder, 'switchyard', 'config.yaml');
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

const cli = (args: readonly string[], env: Record<string, string> = {}) =>
  runCli(args, { env: { XDG_CONFIG_HOME: folder, ...env } });
/** The hub that `status` talks to. */
const reached = async (args: readonly string[], env: Record<string, string> = {}): Promise<unknown> =>
  (JSON.parse((await cli(['status', '--json', ...args], env)).stdout) as { hub: unknown }).hub;

test('a context is set, used, shown without its token, changed and removed; the file is its owner’s alone', async () => {
  expect(await cli(['contexts', 'list'])).toMatchObject({ exitCode: 0, stdout: '' });
  expect((await cli(['contexts', 'set', 'one', '--hub', hub.url, '--token', 'swy_secret'])).stdout).toBe(
    `context one is ${hub.url}, the current one\n`,
  );
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await cli(['contexts', 'set', 'two', '--hub', other.url, '--token-env', 'HUB_KEY']);
  const list = (await cli(['contexts', 'ls'])).stdout;
  expect(list).toMatch(/^\* +one +http.* kept here$/m);
  expect(list).toMatch(/^ +two +http.* from \$HUB_KEY$/m);
  expect(list).not.toContain('swy_secret');
  const shown = await cli(['contexts', 'show', '-o', 'json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    inUse: { url: hub.url, from: 'context one' },
    context: { name: 'one', token: 'hidden' },
  });
  expect((await cli(['contexts', 'use', 'two'])).stdout).toContain(`commands talk to ${other.url}`);
  await cli(['contexts', 'set', 'two', '--token-file', 'key.txt']);
  const kept = await readFile(file, 'utf8');
  expect(kept).toContain(`token_file: ${join(process.cwd(), 'key.txt')}`);
  expect(kept).not.toContain('HUB_KEY');
  expect((await cli(['contexts', 'delete', 'two'])).stdout).toContain('no current one now');
  expect((await cli(['contexts', 'use', 'two'])).stderr).toMatch(/no context is named "two"; there are one/);
});

test('the hub is: --hub, SWITCHYARD_HUB, --context, SWITCHYARD_CONTEXT, the current context', async () => {
  await cli(['contexts', 'set', 'one', '--hub', hub.url]);
  await cli(['contexts', 'set', 'two', '--hub', other.url]);
  const dead = 'http://127.0.0.1:1';
  expect(await reached([])).toBe(hub.url);
  expect(await reached([], { SWITCHYARD_CONTEXT: 'two' })).toBe(other.url);
  expect(await reached(['--context', 'one'], { SWITCHYARD_CONTEXT: 'two' })).toBe(hub.url);
  expect(await reached(['--context', 'two'], { SWITCHYARD_HUB: hub.url })).toBe(hub.url);
  expect(await reached(['--hub', other.url], { SWITCHYARD_HUB: dead })).toBe(other.url);
});

describe('the API key', () => {
  const sent = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    await cli(['status', ...args], env);
    return hub.authorizations.at(-1) ?? '';
  };

  test('is sent as a bearer token: from the option, a file, the environment, then the context', async () => {
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, 'from-file\n');
    await cli(['contexts', 'set', 'one', '--hub', hub.url, '--token-env', 'HUB_KEY']);
    expect(await sent([], { HUB_KEY: 'from-context' })).toBe('Bearer from-context');
    expect(await sent([], { HUB_KEY: 'x', SWITCHYARD_TOKEN: 'from-variable' })).toBe('Bearer from-variable');
    expect(await sent(['--token-file', keyFile], { SWITCHYARD_TOKEN: 'x' })).toBe('Bearer from-file');
    expect(await sent(['--token', 'from-option'])).toBe('Bearer from-option');
    expect((await cli(['status'])).stderr).toContain('HUB_KEY, which is not set');
  });

  test('of a context never goes to another hub', async () => {
    await cli(['contexts', 'set', 'one', '--hub', other.url, '--token', 'secret']);
    expect(await sent(['--hub', hub.url, '--context', 'one'])).toBe('');
  });

  test('is refused over plain http to another machine, unless that is accepted', async () => {
    const args = ['status', '--hub', 'http://hub.invalid:7700', '--token', 'secret-key'];
    const refused = await cli(args);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/in plain text.*https:\/\/.*--insecure-token/);
    expect(refused.stderr).not.toContain('secret-key');
    expect((await cli([...args, '--insecure-token'])).exitCode).toBe(3);
  });

  test('that is no token is refused without being shown', async () => {
    const result = await cli(['status', '--hub', hub.url, '--token', 'two words']);
    expect(result).toMatchObject({ exitCode: 2 });
    expect(result.stderr).not.toContain('two words');
  });

  test.each([
    ['expired', /^UNAUTHENTICATED: this key has been revoked\n {2}say who you are: .*--token-file/],
    ['reader', /^PERMISSION_DENIED: the role readonly may not\n {2}you are known, .*another role/],
  ])('that is refused (%s) says what to do', async (token, message) => {
    const result = await cli(['status', '--hub', hub.url, '--token', token]);
    expect(result).toMatchObject({ exitCode: 1 });
    expect(result.stderr).toMatch(message);
  });
});

describe('a file of contexts that cannot be used is refused with file and field', () => {
  test.each([
    ['contexts: {a: {hub: x, tokn: y}}', /contexts\.a\.tokn: no such field; allowed are hub, token/],
    ['contexts: {a: {token: y}}', /contexts\.a\.hub: is missing/],
    ['current: {}', /current: must be the name/],
    ['contexts: [', /cannot be read/],
    ['current: gone', /no context is named "gone"; there are none yet.*contexts set gone/],
    ['other: 1', /other: no such field/],
  ])('%s', async (text, message) => {
    await cli(['contexts', 'set', 'one', '--hub', hub.url]);
    await writeFile(file, text);
    const result = await cli(['status']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
  });
});
