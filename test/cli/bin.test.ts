import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

const bin = fileURLToPath(new URL('../../bin/switchyard.js', import.meta.url));

test('an old Node is told what to do before anything is loaded', () => {
  const pretend =
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  const result = spawnSync(process.execPath, ['--import', `data:text/javascript,${pretend}`, bin, 'status'], {
    encoding: 'utf8',
  });
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(
    /^switchyard needs Node\.js 22\.19 or newer; this is 20\.20\.2\.\n.*npx switchyard/,
  );
});

test('without a command it shows the help and exits 2; with --help 0', async () => {
  expect((await runCli([])).exitCode).toBe(2);
  const help = await runCli(['--help']);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const command of [
    'serve',
    'systems',
    'send',
    'explain',
    'health',
    'breakers',
    'errors',
    'status',
    'echo',
  ]) {
    expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  }
});

test('-V prints the version', async () => {
  expect((await runCli(['-V'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
