import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createHubClients } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { runProgram } from './program.ts';

let folder: string;
let hub: HubProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchyard-reload-'));
  mkdirSync(join(folder, 'catalogs'));
});
afterEach(async () => {
  await hub?.dispose();
  hub = undefined;
  rmSync(folder, { recursive: true });
});

function configure(settings = ''): void {
  writeFileSync(
    join(folder, 'hub.yaml'),
    `catalogs: ['${join(folder, 'catalogs')}']\nhealth: { interval: 1h }\n${settings}`,
  );
}

/** Writes a catalog of systems with these ids; further lines stand in the interface of each. */
function catalog(name: string, ids: readonly string[], more = ''): void {
  const systems = ids.map(
    (id) =>
      `  - { id: ${id}, type: t, name: n, version: '1', interfaces: [{ name: api, uri: 'http://127.0.0.1:9'${more} }] }`,
  );
  writeFileSync(
    join(folder, 'catalogs', `${name}.yaml`),
    `catalog: ${name}\nsystems:\n${systems.join('\n')}\n`,
  );
}

/** Starts a hub. Resolves to it and to what reloads it and waits until that is done. */
async function start(): Promise<{ readonly url: string; readonly reload: () => Promise<void> }> {
  const { pid, url, stderr } = (hub = await startHub({ args: ['--config', join(folder, 'hub.yaml')] }));
  const reloads = (): number => stderr().split('"configuration reloaded"').length - 1;
  return {
    url,
    async reload() {
      const before = reloads();
      process.kill(pid, 'SIGHUP');
      await vi.waitFor(() => expect(reloads(), stderr()).toBeGreaterThan(before), 10_000);
    },
  };
}

test('a system that moves from one catalog to another is never gone, whichever comes first', async () => {
  configure();
  catalog('first', ['a_1', 'moves_1']);
  catalog('second', ['b_1']);
  const { url, reload } = await start();
  const { registry } = createHubClients(url);
  const created = async () => (await registry.getSystem({ systemId: 'moves_1' })).system?.createTime;
  const atStart = await created();
  catalog('first', ['a_1']);
  catalog('second', ['b_1', 'moves_1']);
  await reload();
  expect(await created()).toEqual(atStart);
  catalog('first', ['a_1', 'moves_1']);
  catalog('second', ['b_1']);
  await reload();
  expect(await created()).toEqual(atStart);
  catalog('first', ['a_1']);
  await reload();
  const { systems } = await registry.listSystems({});
  expect(systems.map(({ id }) => id)).toEqual(['a_1', 'b_1']);
});

test('a catalog may come together with the leave to read its secrets', async () => {
  configure();
  catalog('first', ['a_1']);
  const { url, reload } = await start();
  configure("secrets: { env: ['PETS_*'] }\n");
  catalog('first', ['a_1'], `, settings: { headers: { authorization: { secret_ref: 'env:PETS_TOKEN' } } }`);
  await reload();
  const { registry } = createHubClients(url);
  const { system } = await registry.getSystem({ systemId: 'a_1' });
  expect(system?.interfaces[0]?.settings).toEqual({
    headers: { authorization: { secret_ref: 'env:PETS_TOKEN' } },
  });
});

test('a wrong catalog ends the start as wrong settings do: with its place, and no stack', async () => {
  configure();
  writeFileSync(join(folder, 'catalogs', 'first.yaml'), 'catalog: first\nsystems: [{ id: 7 }]\n');
  const args = ['bin/switchyard.js', 'serve', '--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data')];
  const { code, stderr } = await runProgram(process.execPath, [
    ...args,
    '--config',
    join(folder, 'hub.yaml'),
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('first.yaml:2:13: systems[0].id');
  expect(stderr).not.toContain('stack');
});
