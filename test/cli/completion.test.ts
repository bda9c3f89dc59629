import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../require.ts';
import { root } from '../root.ts';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { cliEnvironment, runCli } from './run-cli.ts';

const run = promisify(execFile);
let hub: FakeHub;
let folder: string;
beforeAll(async () => {
  hub = await startFakeHub();
  folder = await mkdtemp(join(tmpdir(), 'switchyard-completion-'));
  for (const id of ['ledger_1', 'ledger_2', 'mail_1']) {
    const uri = ['--uri', 'rest=http://127.0.0.1:1'];
    await runCli([
      'systems',
      'register',
      '--hub',
      hub.url,
      '--id',
      id,
      '--type',
      'ledger',
      '--version',
      '1',
      ...uri,
    ]);
  }
  await mkdir(join(folder, 'switchyard'));
  await writeFile(
    join(folder, 'switchyard', 'config.yaml'),
    `contexts: {prod: {hub: 'https://prod'}, fake: {hub: '${hub.url}'}}`,
  );
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** What `switchyard __complete` offers for the words. */
async function offered(words: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const environment = { XDG_CONFIG_HOME: folder, SWITCHYARD_HUB: hub.url, ...env };
  const { stdout, stderr } = await runCli(['__complete', ...words], { env: environment });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

test('commands, subcommands, aliases’ subcommands, options and their values are offered', async () => {
  expect(await offered(['sy'])).toEqual(['systems']);
  expect(await offered(['system', 're'])).toEqual(['register', 'renew']);
  expect(await offered(['send', '--to-t'])).toEqual(['--to-type']);
  expect(await offered(['breakers', '--state', 'half'])).toEqual(['half_open']);
  expect(await offered(['status', '-o', ''])).toEqual(['table', 'json', 'yaml']);
  expect(await offered(['status', '--output=y'])).toEqual(['--output=yaml']);
  expect(await offered(['serve', '--config', ''])).toEqual([':files']);
  expect(await offered(['errors', 'lookup', 'HUB_'])).toEqual(expect.arrayContaining(['HUB_UNREACHABLE']));
  expect(await offered([''])).not.toContain('__complete');
});

test('what the hub knows is offered: ids, types, targets; and names of contexts', async () => {
  expect(await offered(['systems', 'rm', 'ledger_1', 'ledger_'])).toEqual(['ledger_1']);
  expect(await offered(['send', 'type:'])).toEqual(['type:ledger']);
  expect(await offered(['status', '--context', ''])).toEqual(['prod', 'fake']);
  expect(await offered(['systems', 'get', '--hub', hub.url, 'led'], { SWITCHYARD_HUB: '' })).toEqual([
    'ledger_1',
  ]);
});

test('without a hub there is nothing to offer, and no word about it', async () => {
  expect(await offered(['systems', 'get', ''], { SWITCHYARD_HUB: 'http://127.0.0.1:1' })).toEqual([]);
  expect(await offered(['systems', 'get', ''], { SWITCHYARD_HUB: '', SWITCHYARD_CONTEXT: 'none' })).toEqual(
    [],
  );
});

describeWith(['bash'], 'in a real bash', () => {
  /** What bash puts in COMPREPLY for a line, with the script of `switchyard completion bash`. */
  async function completed(line: string, setup = ''): Promise<string[]> {
    const program = join(folder, 'switchyard-program');
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${root}bin/switchyard.js' "$@"\n`);
    await chmod(program, 0o755);
    const script = `
      source <(${program} completion bash)
      ${setup}
      line=$1
      # As readline splits it: a colon is a word of its own.
      mapfile -t COMP_WORDS < <(grep -oE '[^ :]+|:' <<<"$line")
      [[ $line == *' ' || $line == *: ]] && COMP_WORDS+=('')
      COMP_WORDS[0]=${program}
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=\${#line}
      _switchyard
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = cliEnvironment({ XDG_CONFIG_HOME: folder, SWITCHYARD_HUB: hub.url });
    const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', line], { env, cwd: folder });
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('the function completes commands, options and ids', async () => {
    expect(await completed('switchyard sta')).toEqual(['status']);
    expect(await completed('switchyard systems get ')).toEqual(['list', 'ledger_1'].slice(1));
    expect(await completed('switchyard send --repeat-safety i')).toEqual(['idempotent']);
  });

  test('what stands behind a colon is completed without what is before it', async () => {
    expect(await completed('switchyard send type:le')).toEqual(['ledger']);
    expect(await completed('switchyard send type:')).toEqual(['ledger']);
  });

  test('files are the shell’s own', async () => {
    expect(await completed('switchyard serve --config switchyard-pro')).toEqual(['switchyard-program']);
  });

  test('completion is registered for the program', async () => {
    const { stdout } = await run('bash', [
      '--norc',
      '-c',
      `source <('${process.execPath}' '${root}bin/switchyard.js' completion bash); complete -p switchyard`,
    ]);
    expect(stdout.trim()).toBe('complete -F _switchyard switchyard');
  });
});

test.each(['zsh', 'fish'])('the script for %s asks the same program', async (shell) => {
  const { stdout } = await runCli(['completion', shell]);
  expect(stdout).toContain('__complete');
  expect((await runCli(['completion', 'tcsh'])).exitCode).toBe(2);
});
