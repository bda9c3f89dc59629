import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHubClients } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

let folder: string;
let config: string;
let catalog: string;
let hub: HubProcess;
let clients: ReturnType<typeof createHubClients>;

const system = (id: string, indent = '  '): string =>
  `${indent}- { id: ${id}, type: shop, name: ${id}, version: '1', interfaces: { rest: 'http://127.0.0.1:9' } }\n`;
const settings = (timeout: string): string =>
  `catalogs: [${catalog}]\npolicies: [{ name: quick, match: { types: [shop] }, timeout: ${timeout} }]\n`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-reload-'));
  config = join(folder, 'hub.yaml');
  catalog = join(folder, 'shop.yaml');
  await writeFile(catalog, `catalog: shop\nsystems:\n${system('shop_1')}`);
  await writeFile(config, settings('2s'));
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterEach(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true });
});

const ids = async (): Promise<string[]> => {
  const { systems } = await clients.registry.listSystems({});
  return systems.map(({ id }) => id);
};
const timeoutSeconds = async (): Promise<bigint | undefined> => {
  const { plan } = await clients.messaging.explainRoute({
    message: { target: { target: { case: 'type', value: 'shop' } }, type: 'buy' },
  });
  return plan?.timeout?.seconds;
};
const logged = async (text: string): Promise<void> => {
  await expect.poll(() => hub.stderr(), { timeout: 20_000, interval: 50 }).toContain(text);
};

test('catalogs are applied at start, and policies of a changed file act on the next message', async () => {
  expect(await ids()).toEqual(['shop_1']);
  expect(await timeoutSeconds()).toBe(2n);
  await writeFile(config, settings('5s'));
  await logged('configuration reloaded');
  expect(await timeoutSeconds()).toBe(5n);
  expect(hub.stderr()).toMatch(/policies: .*2000.* -> .*5000/);
});

test('a changed catalog is applied, and what it names no more is gone', async () => {
  await appendFile(catalog, system('shop_2'));
  await logged('configuration reloaded');
  expect(await ids()).toEqual(['shop_1', 'shop_2']);
  await writeFile(catalog, `catalog: shop\nsystems:\n${system('shop_2')}`);
  process.kill(hub.pid, 'SIGHUP');
  await expect.poll(ids, { timeout: 20_000, interval: 50 }).toEqual(['shop_2']);
});

test('SIGHUP with anything wrong changes nothing, and says where it is wrong', async () => {
  await appendFile(catalog, `${system('shop_2')}${system('shop_3')}    colour: red\n`);
  await writeFile(config, settings('5s'));
  process.kill(hub.pid, 'SIGHUP');
  await logged('the hub goes on with what it had');
  expect(hub.stderr()).toContain(`${catalog}:`);
  expect([await ids(), await timeoutSeconds()]).toEqual([['shop_1'], 2n]);
});

test('a setting that is read at start only is refused until a restart', async () => {
  await writeFile(config, `${settings('5s')}registry: { max_systems: 10 }\n`);
  process.kill(hub.pid, 'SIGHUP');
  await logged('until a restart');
  expect(await timeoutSeconds()).toBe(2n);
  await hub.restart();
  clients = createHubClients(hub.url);
  expect(await timeoutSeconds()).toBe(5n);
});

test('a hub whose catalog is wrong does not start, and says file, line and field', async () => {
  await hub.stop();
  await appendFile(catalog, system('shop_1'));
  const error = await hub.restart().then(
    () => '',
    (thrown: unknown) => String(thrown),
  );
  expect(error).toContain(`${catalog}:4:`);
  expect(error).toContain('shop_1');
});
