import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCatalogFolder } from '../src/catalog/catalogs.fixture.ts';
import type { CatalogFolder } from '../src/catalog/catalogs.fixture.ts';
import { runCli } from './cli/run-cli.ts';
import { startHub } from './hub-process.ts';
import type { HubProcess } from './hub-process.ts';
import { root } from './root.ts';

const examples = join(root, 'examples/aim-os');
let hub: HubProcess;
let folder: CatalogFolder;
beforeAll(async () => {
  hub = await startHub();
  folder = await makeCatalogFolder({});
  for (const name of ['systems.yaml', 'replicas.yaml', 'policies.yaml']) {
    await folder.write(name, await readFile(join(examples, name)));
  }
});
afterAll(async () => {
  await hub.stop();
  await folder[Symbol.asyncDispose]();
});

const run = (...args: string[]) => runCli([...args, '--hub', hub.url]);

async function edit(name: string, from: string, to: string): Promise<void> {
  const path = join(folder.path, name);
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
}

test('a folder is applied, then nothing differs; a change shows, is applied, and pruning takes away what is gone', async () => {
  expect(await run('diff', '-f', folder.path)).toMatchObject({ exitCode: 1 });
  const dry = await run('apply', '-f', folder.path, '--dry-run');
  expect(dry.stdout).toContain('system/cmc_001 created (dry run)\n');

  const applied = await run('apply', '-f', folder.path);
  expect(applied).toMatchObject({ exitCode: 0, stderr: '' });
  expect(applied.stdout.match(/^system\/\w+ created$/gm)).toHaveLength(12);
  expect(applied.stdout.match(/^policy\/[\w.]+ created$/gm)).toHaveLength(8);
  expect(await run('diff', '-f', folder.path)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  expect((await run('apply', '-f', folder.path)).stdout).not.toMatch(/created|configured|pruned/);
  expect((await run('catalogs')).stdout).toMatch(/^aim_os +12 +8 +0 /m);
  expect((await run('policies', 'get', 'aim_os.data_request')).stdout).toContain('initial_delay: 2s');

  await edit('systems.yaml', 'version: 1.0.0', 'version: 1.1.0');
  const difference = await run('diff', '-f', folder.path);
  expect(difference).toMatchObject({
    exitCode: 1,
    stdout:
      '--- system/cmc_001 (hub)\n+++ system/cmc_001 (catalog aim_os)\n-version: 1.0.0\n+version: 1.1.0\n',
  });
  expect((await run('apply', '-f', folder.path)).stdout).toContain('system/cmc_001 configured: version\n');

  const files = ['systems.yaml', 'policies.yaml'].flatMap((name) => ['-f', join(folder.path, name)]);
  expect((await run('apply', ...files)).stdout).not.toContain('cmc_002');
  expect((await run('apply', ...files, '--prune')).stdout).toContain('system/cmc_002 pruned\n');
}, 120_000);

test('what the hub refuses is told by file, line and column, and nothing is applied', async () => {
  await folder.write(
    'bad/bad.yaml',
    `catalog: bad
systems:
  - id: fine_1
    type: fine
    name: Fine
    version: '1'
    interfaces: { rest: 'http://127.0.0.1:1' }
  - id: bad_1
    type: bad
    name: Bad
    version: '1'
    interfaces:
      rest:
        uri: http://127.0.0.1:1
        settings:
          colour: red
`,
  );
  const file = join(folder.path, 'bad/bad.yaml');
  const result = await run('apply', '-f', file);
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toMatch(/bad\.yaml:1[56]:\d+: systems\[1\]\.interfaces\[0\]\.settings/);
  expect((await run('systems', 'list')).stdout).not.toContain('fine_1');
}, 60_000);

test('what a system registered itself stays, with a warning; the catalog decides its labels', async () => {
  const self = ['--id', 'own_1', '--type', 'own', '--version', '1', '--uri', 'rest=http://127.0.0.1:7'];
  expect(await run('systems', 'register', ...self, '--lease', '1h')).toMatchObject({ exitCode: 0 });
  await folder.write(
    'own/own.yaml',
    `catalog: own\nsystems: [{id: own_1, type: own, name: own_1, version: '1', labels: {team: a}, interfaces: {rest: 'http://127.0.0.1:8'}}]`,
  );
  const path = join(folder.path, 'own');
  const applied = await run('apply', '-f', path);
  expect(applied).toMatchObject({ exitCode: 0, stdout: 'system/own_1 configured: labels\n' });
  expect(applied.stderr).toMatch(/^warning: system\/own_1: interfaces: .* \(registration\)\n$/);
  const { stdout } = await run('systems', 'get', 'own_1', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    labels: { team: 'a' },
    interfaces: [{ uri: 'http://127.0.0.1:7' }],
  });
  expect(await run('diff', '-f', path)).toMatchObject({ exitCode: 0, stdout: '' });
}, 60_000);
