import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { describeWith } from '../require.ts';
import { root } from '../root.ts';
import { firstMissing, type Step, stepsOf } from './transcript.ts';

/** Pages that take it for granted that a hub runs: one is started first. */
const withHub: ReadonlySet<string> = new Set(['README.md']);

/** Pages whose commands are run, in order, each page in a folder of its own with a hub of its own. */
const pages = ['README.md', 'docs/getting-started.md', 'docs/recipes.md', 'docs/security.md'];

const hubStart: Step = {
  kind: 'commands',
  text: 'switchyard serve --listen 127.0.0.1:7700 --data-dir ./data',
  line: 0,
  expected: undefined,
  background: true,
  stop: false,
  exit: 0,
};

const commandMsMax = 60_000;

describeWith(['bash', 'grpcurl', 'curl', 'buf'], 'the documents', () => {
  test.each(pages)('every command in %s does what the page says', { timeout: 300_000 }, async (page) => {
    const { steps } = stepsOf(readFileSync(root + page, 'utf8'));
    expect(steps.length).toBeGreaterThan(0);
    await using session = await startSession();
    if (withHub.has(page)) await session.run(hubStart, page);
    for (const step of steps) await session.run(step, page);
  });
});

/** A terminal in a temporary folder, where `npx switchyard`, `grpcurl` and `buf` are those of the clone. */
async function startSession() {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-docs-'));
  const programs = join(folder, '.programs');
  /** What the blocks before have exported. */
  const exports = join(folder, '.exports');
  mkdirSync(programs);
  // As in the folder of the clone, without its data.
  symlinkSync(`${root}examples`, join(folder, 'examples'));
  // Ports that the pages name, and free ones that stand for them here.
  const ports = new Map<string, string>();
  for (const port of ['7700', '7701', '7801', '7802', '7811', '7812', '7813', '7821', '7822'])
    ports.set(port, String(await freePort()));
  const here = (text: string): string =>
    text.replace(
      /\b(127\.0\.0\.1|localhost|0\.0\.0\.0):(7[78]\d\d)\b/g,
      (whole, host: string, port: string) => (ports.has(port) ? `${host}:${ports.get(port)}` : whole),
    );
  const back = (text: string): string =>
    [...ports].reduce((shown, [port, free]) => shown.replaceAll(`:${free}`, `:${port}`), text);
  const program = (name: string, lines: string): void => {
    writeFileSync(join(programs, name), `#!/usr/bin/env bash\n${lines}\n`);
    chmodSync(join(programs, name), 0o755);
  };
  program('switchyard', `exec '${root}node_modules/.bin/node' '${root}bin/switchyard.js' "$@"`);
  program('npx', 'exec "$@"');
  const env = {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, '.config'),
    PATH: `${programs}:${root}.cache/bin:${root}node_modules/.bin:${process.env['PATH'] ?? ''}`,
    SWITCHYARD: root.replace(/\/$/, ''),
    SWITCHYARD_LISTEN: here('127.0.0.1:7700'),
    SWITCHYARD_HUB: here('http://127.0.0.1:7700'),
    NO_COLOR: '1',
  };
  delete (env as Record<string, unknown>)['SWITCHYARD_REQUIRE'];
  const background: ChildProcess[] = [];

  return {
    async run(step: Step, page: string): Promise<void> {
      const where = `${page}:${step.line}`;
      if (step.kind === 'file') {
        const path = join(folder, step.name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, here(step.text));
        return;
      }
      if (step.stop) await stopAll();
      if (step.background) {
        background.push(await start(here(step.text), where));
        return;
      }
      const { code, output, errors } = await commands(here(step.text));
      const all = `${where}\n${step.text}\n--- ended with ${code}\n${output}${errors}`;
      expect(code, all).toBe(step.exit);
      const missing = firstMissing(step.expected ?? [], back(output + errors));
      expect(missing, `${all}\n--- the page shows a line that is not there`).toBeUndefined();
    },
    async [Symbol.asyncDispose]() {
      await stopAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function stopAll(): Promise<void> {
    for (const child of background.splice(0).reverse()) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const exited = once(child, 'exit');
      // The whole group: bash and what it started.
      process.kill(-child.pid, 'SIGTERM');
      await exited;
    }
  }

  /** What one block exports, the next one has, as in one terminal. */
  function withExports(text: string): string {
    return `[ ! -f '${exports}' ] || . '${exports}'\ntrap 'export -p > "${exports}"' EXIT\n${text}`;
  }

  function commands(text: string) {
    return new Promise<{ code: number; output: string; errors: string }>((resolve) => {
      execFile(
        'bash',
        ['-euo', 'pipefail', '-c', withExports(text)],
        { cwd: folder, env, timeout: commandMsMax, maxBuffer: 16 * 1024 * 1024 },
        (error, output, errors) =>
          resolve({
            code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
            output,
            errors,
          }),
      );
    });
  }

  /** Starts something that goes on; ready once it said something on standard output. */
  async function start(text: string, where: string): Promise<ChildProcess> {
    const child = spawn(
      'bash',
      ['-euo', 'pipefail', '-c', `[ ! -f '${exports}' ] || . '${exports}'\n${text}`],
      {
        cwd: folder,
        env,
        detached: true,
      },
    );
    let said = '';
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await vi.waitFor(
      () => {
        expect(child.exitCode, `${where}\n${text}\n${output}${said}`).toBeNull();
        expect(output, `${where}: nothing on standard output\n${said}`).not.toBe('');
      },
      { timeout: 30_000, interval: 50 },
    );
    return child;
  }
}
