import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Twelve processes start and are probed, on two cores that other tests share. */
const patience = { timeout: 90_000, interval: 100 };

function startProgram(args: readonly string[]) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output: () => output, ended };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}

test('the demo shows a system that is killed and comes back, without an error to its callers, and cleans up', async () => {
  const demo = startProgram(['examples/aim-os/demo.ts']);
  await vi.waitFor(() => expect(demo.output()).toContain('Ctrl-C stops everything'), patience);
  const guide = demo.output();
  expect(guide).toContain('12 of 12 systems are HEALTHY.');
  expect(guide).toContain('grpcurl -plaintext');
  const pids = new Map(
    [...guide.matchAll(/^(\w+) .* kill (\d+)$/gm)].map(([, id, pid]) => [id, Number(pid)]),
  );
  expect(pids.size).toBe(12);
  const revival = /^ {2}npx switchyard (echo .* --id cmc_001 .*)$/m.exec(guide)?.[1]?.split(' ') ?? [];
  expect(revival).not.toEqual([]);

  const log = (): string => demo.output().slice(guide.length);
  process.kill(pids.get('cmc_001') ?? 0);
  await vi.waitFor(() => {
    expect(log()).toMatch(/cmc_001 +\w+ → UNHEALTHY/);
    expect(log()).toMatch(/cmc_001\/\w+ +CLOSED → OPEN/);
  }, patience);

  const revived = startProgram(['bin/switchyard.js', ...revival]);
  await vi.waitFor(() => {
    expect(log()).toMatch(/cmc_001 +UNHEALTHY → /);
    expect(log()).toMatch(/cmc_001\/\w+ +HALF_OPEN → CLOSED/);
  }, patience);

  revived.child.kill('SIGTERM');
  expect(await revived.ended).toBe(0);
  demo.child.kill('SIGINT');
  expect(await demo.ended, demo.output()).toBe(0);
  expect(demo.output()).toMatch(/^\d+ calls, 0 errors, \d+ saved by a retry\. Stopping everything/m);
  expect([...pids.values()].filter(isAlive)).toEqual([]);
}, 300_000);

test('--seconds ends it by itself with a summary', async () => {
  const demo = startProgram(['examples/aim-os/demo.ts', '--seconds', '2', '--no-replica']);
  expect(await demo.ended, demo.output()).toBe(0);
  expect(demo.output()).toContain('11 of 11 systems are HEALTHY.');
  expect(demo.output()).toMatch(/^\d+ calls, 0 errors, 0 saved by a retry\. Stopping everything/m);
}, 180_000);

test('a wrong option is refused in one line', async () => {
  const demo = startProgram(['examples/aim-os/demo.ts', '--seconds', 'soon']);
  expect(await demo.ended).toBe(1);
  expect(demo.output()).toBe('error: --seconds "soon": write a number from 1 to 86400\n');
});
