import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { makeCatalogFolder, systemYaml } from '../../src/catalog/catalogs.fixture.ts';
import type { CatalogFolder } from '../../src/catalog/catalogs.fixture.ts';
import { root } from '../root.ts';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { runCli } from './run-cli.ts';

const catalog = (systems: readonly string[], policies: readonly string[] = []): string =>
  `catalog: payments\nsystems: [\n${systems.map((each) => `    ${each},\n`).join('')}  ]\npolicies: [${policies.join(', ')}]\n`;

const first = catalog([systemYaml('ledger_1')], ['{name: reads, timeout: 2s}']);

let hub: FakeHub;
let folder: CatalogFolder;
beforeEach(async () => {
  hub = await startFakeHub();
});
afterEach(async () => hub[Symbol.asyncDispose]());
beforeAll(async () => {
  folder = await makeCatalogFolder({});
});
afterAll(async () => folder[Symbol.asyncDispose]());

async function run(args: readonly string[], input?: string) {
  const result = await runCli([...args, '--hub', hub.url], input === undefined ? {} : { input });
  return { ...result, lines: result.stdout.trimEnd().split('\n') };
}

describe('apply', () => {
  test('prints what happened to each resource and ends with 0', async () => {
    const created = await run(['apply', '-f', '-'], first);
    expect(created).toMatchObject({
      exitCode: 0,
      lines: ['system/ledger_1 created', 'policy/reads created'],
      stderr: '',
    });
    const next = catalog(
      [systemYaml('ledger_1', 'weight: 3'), systemYaml('ledger_2', 'zone: owned')],
      ['{name: reads, timeout: 2s}'],
    );
    expect(await run(['apply', '-f', '-'], next)).toMatchObject({
      exitCode: 0,
      lines: ['system/ledger_1 configured: weight', 'system/ledger_2 created', 'policy/reads unchanged'],
    });
    const last = await run(['apply', '-f', '-', '--prune'], catalog([systemYaml('ledger_2', 'zone: owned')]));
    expect(last.lines).toEqual(['system/ledger_2 unchanged', 'system/ledger_1 pruned']);
    expect(last.stderr).toBe(
      'warning: system/ledger_2: interfaces: the live registration keeps its own (registration)\n',
    );
    expect([...hub.systems.keys()]).toEqual(['ledger_2']);
  });

  test.each(['--dry-run', '--validate-only'])('%s changes nothing', async (flag) => {
    const result = await run(['apply', '-f', '-', flag], first);
    expect(result).toMatchObject({
      exitCode: 0,
      lines: ['system/ledger_1 created (dry run)', expect.anything()],
    });
    expect(hub.systems.size).toBe(0);
  });

  test('-o json prints the plans', async () => {
    const { stdout } = await run(['apply', '-f', '-', '-o', 'json'], first);
    expect(JSON.parse(stdout)).toMatchObject({
      plans: [
        {
          catalog: 'payments',
          changes: [
            { action: 'ACTION_CREATE', resource: 'RESOURCE_SYSTEM', id: 'ledger_1' },
            { action: 'ACTION_CREATE', resource: 'RESOURCE_POLICY', id: 'reads' },
          ],
        },
      ],
    });
  });

  test('tells what the hub refuses by file, line and column, and ends with 1', async () => {
    await folder.write(
      'refused.yaml',
      catalog([systemYaml('ledger_1'), systemYaml('ledger_2', 'zone: refused')]),
    );
    const file = join(folder.path, 'refused.yaml');
    const result = await run(['apply', '-f', file]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(`  ${file}:4:77: systems[1].interfaces[0].uri: must be another\n`);
    expect(result.stderr).toContain('INVALID_FIELD');
  });

  test('refuses a wrong file before it asks the hub, and ends with 1', async () => {
    const result = await run(['apply', '-f', '-'], 'catalog: payments\nsystem: []\npolicies: [{name: A}]\n');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/^error: 2 things are wrong with what was given:\n/);
    expect(result.stderr).toMatch(/^ {2}-:2:1: system: no such field; allowed here are catalog, systems/m);
    expect(result.stderr).toMatch(/^ {2}-:3:13: policies\[0\]\.name: must be a dotted lower-case slug/m);
  });

  test('applies none of several catalogs while one of them is wrong', async () => {
    const other = `catalog: other\nsystems: [${systemYaml('other_1', 'zone: refused')}]\n`;
    const result = await run(['apply', '-f', '-'], `${first}---\n${other}`);
    expect(result.exitCode).toBe(1);
    expect(hub.systems.size).toBe(0);
  });
});

describe('diff', () => {
  test('shows what would change field by field and ends with 1', async () => {
    await run(['apply', '-f', '-'], first);
    const next = catalog(
      [systemYaml('ledger_1', 'labels: {team: a}, weight: 3')],
      ['{name: reads, timeout: 3s}', '{name: writes}'],
    );
    const result = await run(['diff', '-f', '-'], next);
    expect(result.exitCode).toBe(1);
    expect(result.lines).toEqual([
      '--- system/ledger_1 (hub)',
      '+++ system/ledger_1 (catalog payments)',
      '+labels:',
      '+  team: a',
      '+weight: 3',
      '--- policy/reads (hub)',
      '+++ policy/reads (catalog payments)',
      '-timeout: 2s',
      '+timeout: 3s',
      '--- /dev/null',
      '+++ policy/writes (catalog payments)',
      '+name: writes',
    ]);
    expect(hub.systems.get('ledger_1')?.weight).toBe(0);
  });

  test('shows with --prune what would go', async () => {
    await run(['apply', '-f', '-'], first);
    const result = await run(['diff', '-f', '-', '--prune'], catalog([], ['{name: reads, timeout: 2s}']));
    expect(result.exitCode).toBe(1);
    expect(result.lines.slice(0, 3)).toEqual(['--- system/ledger_1 (hub)', '+++ /dev/null', '-id: ledger_1']);
  });

  test('ends with 0 and prints nothing when there is no difference', async () => {
    await run(['apply', '-f', '-'], first);
    expect(await run(['diff', '-f', '-'], first)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test.each([
    ['a wrong file', 'catalog: A', 2],
    ['a refusal of the hub', catalog([systemYaml('x', 'zone: refused')]), 2],
  ])('ends with more than 1 after %s', async (_name, text, exitCode) => {
    expect((await run(['diff', '-f', '-'], text)).exitCode).toBe(exitCode);
  });

  test('ends with 3 when there is no hub', async () => {
    const result = await runCli(['diff', '-f', '-', '--hub', 'http://127.0.0.1:1'], { input: first });
    expect(result.exitCode).toBe(3);
  });
});

describe('what was applied', () => {
  test('is listed by catalogs and policies', async () => {
    const before = await run(['catalogs']);
    expect(before).toMatchObject({ exitCode: 0, stdout: '' });
    await run(['apply', '-f', '-'], first);
    expect((await run(['catalogs'])).lines[1]).toMatch(/^payments +1 +1 +0 +-$/);
    expect((await run(['policies'])).lines[1]).toMatch(/^reads +catalog:payments +everything +timeout: 2s$/);
    expect((await run(['policies', 'get', 'reads'])).stdout).toBe(
      '# from catalog:payments\nname: reads\ntimeout: 2s\n',
    );
    expect(JSON.parse((await run(['policies', '-o', 'json'])).stdout)).toMatchObject({
      policies: [{ name: 'reads', timeout: '2s', origin: 'catalog:payments' }],
    });
    expect(await run(['policies', 'get', 'nobody'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('POLICY_NOT_FOUND') as string,
    });
  });
});

test('docs/catalogs.md: the example is a catalog, and its commands do what they say', async () => {
  const text = readFileSync(join(root, 'docs/catalogs.md'), 'utf8');
  const block = (form: string): string =>
    new RegExp(`\`\`\`${form}\\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? '';
  await folder.write('catalog.yaml', block('yaml'));
  const commands = block('sh').trim().split('\n');
  expect(commands).toHaveLength(6);
  const outputs: string[] = [];
  for (const command of commands) {
    const [program, ...args] = (command.split(' && ')[0] ?? '').split(' ');
    expect(program).toBe('switchyard');
    const result = await run(args.map((word) => (word === 'catalog.yaml' ? join(folder.path, word) : word)));
    expect(result, command).toMatchObject({ exitCode: 0 });
    outputs.push(result.stdout);
  }
  expect(outputs[1]).toBe(block('text'));
});
