import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { readDemoOptions } from '../examples/aim-os/demo-options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Twelve processes start and are probed, on two cores that other tests share. */
const patience = { timeout: 90_000, interval: 100 };
/** The above, and the acts that a test waits for. */
const chaosPatience = { ...patience, timeout: 180_000 };

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

/** Begins with a killed cmc_001, then a failing vif_002 and a refusing hhni_002. */
const chaos = ['--chaos', '--seed', '3226', '--every', '2s', '--duration', '120s'];
/** The acts without the time of day. */
function actsOf(output: string): readonly string[] {
  return [...output.matchAll(/^[\d:]{8} {2}(chaos \+.*)$/gm)].map(([, act]) => act!);
}

test('--chaos opens breakers and closes them again, spares the callers of what may be repeated, and is repeated by its seed', async () => {
  const demo = startProgram(['examples/aim-os/demo.ts', ...chaos]);
  await vi.waitFor(() => {
    expect(demo.output()).toMatch(
      /^Chaos with the seed 3226: \d+ acts in 2 m\. .*--seed 3226 --duration 120s /m,
    );
    expect(demo.output()).toMatch(/chaos \+.* cmc_001 is killed/);
    expect(demo.output()).toMatch(/cmc_001 has registered again \(pid \d+\)/);
    expect(demo.output()).toMatch(/CLOSED → OPEN/);
    expect(demo.output()).toMatch(/HALF_OPEN → CLOSED/);
    expect(demo.output()).toMatch(/→ UNHEALTHY/);
    expect(demo.output()).toMatch(/^[\d:]{8} {2}\w+ +UNHEALTHY → /m);
  }, chaosPatience);
  demo.child.kill('SIGINT');
  expect(await demo.ended, demo.output()).toBe(0);
  const summary = demo.output().slice(demo.output().indexOf('Stopping everything'));
  expect(summary).toMatch(/^ {2}callers' errors +data_request: 0$/m);
  expect(summary).toMatch(/^ {2}saved by a retry +[1-9]\d*, of which [1-9]\d* by another system/m);
  expect(summary).toMatch(/^ {2}breakers opened +[1-9]/m);
  expect(summary).toMatch(/^ {2}statuses .*\d UNHEALTHY/m);
  const pids = [...demo.output().matchAll(/(?: kill |pid )(\d+)/g)].map(([, pid]) => Number(pid));
  expect(pids.length).toBeGreaterThan(15);
  expect(pids.filter(isAlive)).toEqual([]);

  const again = startProgram(['examples/aim-os/demo.ts', ...chaos]);
  await vi.waitFor(() => expect(actsOf(again.output()).length).toBeGreaterThanOrEqual(4), patience);
  again.child.kill('SIGTERM');
  expect(await again.ended, again.output()).toBe(0);
  const repeated = actsOf(again.output());
  expect(actsOf(demo.output()).slice(0, repeated.length)).toEqual(repeated);
}, 400_000);

test.each([
  [['--every', '2s'], '--seed, --every and --no-mercy belong to --chaos; add it'],
  [['--no-mercy'], '--seed, --every and --no-mercy belong to --chaos; add it'],
  [['--chaos', '--seed', '-1'], "Option '--seed' argument is ambiguous"],
  [['--chaos', '--seed=1.5'], '--seed "1.5": write a whole number from 0 to 4294967295'],
  [['--chaos', '--seed=4294967296'], '--seed "4294967296": write a whole number'],
  [['--chaos', '--every=1ms'], '--every "1ms": from 100ms to 1h'],
  [['--chaos', '--every=often'], '--every: "often" is not a duration'],
  [['--duration=2d'], '--duration "2d": from 100ms to 24h'],
  [['--duration=2s', '--seconds=2'], '--duration and --seconds say the same'],
  [['--rate=0'], '--rate "0": write a number'],
])('the options %j are refused', (args, message) => {
  expect(() => readDemoOptions(args)).toThrow(message);
});

test('chaos draws a seed when none is given, and is off unless asked for', () => {
  expect(readDemoOptions([])).toEqual({
    durationMs: undefined,
    messagesPerSecond: 10,
    replicas: true,
    chaos: undefined,
  });
  const drawn = readDemoOptions(['--chaos', '--duration', '60s']);
  expect(drawn).toMatchObject({ durationMs: 60_000, messagesPerSecond: 30, chaos: { everyMs: 4_000 } });
  expect(Number.isInteger(drawn?.chaos?.seed)).toBe(true);
});

test('a wrong option is refused in one line', async () => {
  const demo = startProgram(['examples/aim-os/demo.ts', '--seconds', 'soon']);
  expect(await demo.ended).toBe(1);
  expect(demo.output()).toBe('error: --seconds "soon": write a number from 1 to 86400\n');
});
