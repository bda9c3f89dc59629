import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWith } from '../require.ts';
import { root } from '../root.ts';
import { healthOf, startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { cliEnvironment } from './run-cli.ts';

const patience = { timeout: 20_000, interval: 30 };
const alternate = '\u001b[?1049h';
const normal = '\u001b[?1049l';

/** A command in a pseudo-terminal. */
interface Session {
  readonly child: ChildProcess;
  /** All that the terminal was sent. */
  output(): string;
  /** The lines of the newest whole frame, without colours. */
  frame(): string[];
  press(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  readonly ended: Promise<number | null>;
}

let folder: string;
let hub: FakeHub;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-pty-'));
  hub = await startFakeHub();
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** util-linux `script` gives the command a pseudo-terminal of 100 by 20. */
function open(args: string): Session {
  const inner = `tty > ${folder}/tty; stty cols 100 rows 20; exec '${process.execPath}' '${root}bin/switchyard.js' ${args}`;
  const child = spawn('script', ['-qfec', inner, '/dev/null'], { env: cliEnvironment({ TERM: 'xterm' }) });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    output: () => output,
    frame: () => {
      // A frame ends by clearing what is below it.
      const frames = output.split('\u001b[H').filter((frame) => frame.includes('\u001b[J'));
      // eslint-disable-next-line no-control-regex -- colours and clearing
      return (frames.at(-1) ?? '').replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, '').split(/\r+\n/);
    },
    press: (keys) => child.stdin.write(keys),
    resize: async (columns, rows) => {
      const terminal = (await readFile(join(folder, 'tty'), 'utf8')).trim();
      execFileSync('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)]);
    },
    ended,
  };
}

/** The systems in the table of a frame, in order. */
const systems = (session: Session): string[] =>
  session
    .frame()
    .filter((line) => /^sys_\d/.test(line))
    .map((line) => line.split(' ')[0] ?? '');

async function watched(): Promise<Session> {
  const session = open(`health --watch --hub ${hub.url}`);
  await vi.waitFor(() => expect(hub.healthTokens).toHaveLength(1), patience);
  const items = [
    healthOf('sys_1', HealthStatus.HEALTHY),
    healthOf('sys_2', HealthStatus.UNHEALTHY, 'connection refused'),
    healthOf('sys_3', HealthStatus.DEGRADED, 'slow'),
  ];
  hub.pushHealth({ event: { case: 'snapshot', value: { items, last: true } } });
  hub.pushHealth({ event: { case: 'bookmark', value: { resumeToken: 'token-1' } } });
  await vi.waitFor(() => expect(systems(session)).toEqual(['sys_2', 'sys_3', 'sys_1']), patience);
  return session;
}

describeWith(['script'], 'health --watch in a terminal', () => {
  test('is a table on a screen of its own, the worst first; q gives the terminal back', async () => {
    const session = await watched();
    const frame = session.frame();
    expect(frame).toHaveLength(20);
    expect(frame[0]).toMatch(/3 systems: 1 UNHEALTHY, 1 DEGRADED, 1 HEALTHY/);
    expect(frame[2]).toMatch(/^SYSTEM +STATUS +FOR/);
    expect(frame[3]).toMatch(/^sys_2 +UNHEALTHY .*connection refused$/);
    expect(frame[19]).toContain('q quit');
    session.press('q');
    expect(await session.ended).toBe(0);
    expect(session.output()).toContain(alternate);
    expect(session.output().endsWith(normal)).toBe(true);
  });

  test('follows changes, sorts with s and filters with /', async () => {
    const session = await watched();
    hub.pushHealth({ event: { case: 'update', value: { items: [healthOf('sys_1', HealthStatus.FAILED)] } } });
    await vi.waitFor(() => expect(systems(session)).toEqual(['sys_1', 'sys_2', 'sys_3']), patience);
    session.press('s');
    await vi.waitFor(() => expect(session.frame().at(-1)).toContain('s sort (name)'), patience);
    session.press('/refused\r');
    await vi.waitFor(() => expect(systems(session)).toEqual(['sys_2']), patience);
    await vi.waitFor(() => expect(session.frame().at(-1)).toContain('/ filter "refused" (1 shown'), patience);
    session.press('\u0003');
    expect(await session.ended).toBe(0);
  });

  test('fits a terminal that changes its size', async () => {
    const session = await watched();
    await session.resize(60, 8);
    await vi.waitFor(() => expect(session.frame()).toHaveLength(8), patience);
    expect(session.frame().at(-1)).toContain('q quit');
    session.press('q');
    expect(await session.ended).toBe(0);
  });

  test('shows that the hub is lost, and comes back with its token', async () => {
    const session = await watched();
    const { port } = hub;
    await hub[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(session.frame()[1]).toMatch(/^CONNECTION LOST/), patience);
    expect(systems(session)).toHaveLength(3);
    hub = await startFakeHub(port);
    await vi.waitFor(() => expect(hub.healthTokens).toEqual(['token-1']), patience);
    hub.pushHealth({ event: { case: 'removed', value: { ids: ['sys_2'] } } });
    await vi.waitFor(() => expect(systems(session)).toEqual(['sys_3', 'sys_1']), patience);
    expect(session.frame()[1]).toBe('connected again: nothing was missed');
    session.press('q');
    expect(await session.ended).toBe(0);
  });

  test('SIGTERM gives the terminal back as well', async () => {
    const session = await watched();
    const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(session.child.pid)], {
      encoding: 'utf8',
    });
    process.kill(Number(pids.trim().split(/\s+/)[0]), 'SIGTERM');
    await session.ended;
    expect(session.output()).toContain(normal);
  });

  test('a hub that is not there is said on the normal screen, exit 3', async () => {
    const session = open('health --watch --hub 127.0.0.1:1');
    expect(await session.ended).toBe(3);
    const [, after = ''] = session.output().split(normal);
    expect(after).toContain('HUB_UNREACHABLE: no hub at');
  });

  test('--plain prints lines', async () => {
    const session = open(`health --watch --plain --hub ${hub.url}`);
    await vi.waitFor(() => expect(hub.healthTokens).toHaveLength(1), patience);
    const items = [healthOf('sys_1', HealthStatus.HEALTHY)];
    hub.pushHealth({ event: { case: 'snapshot', value: { items, last: true } } });
    await vi.waitFor(() => expect(session.output()).toContain('sys_1'), patience);
    expect(session.output()).not.toContain(alternate);
    session.press('\u0003');
    expect(await session.ended).toBe(0);
  });
});

describeWith(['script'], 'breakers --watch in a terminal', () => {
  test('is the same table, of breakers', async () => {
    const session = open(`breakers --watch --state open --hub ${hub.url}`);
    const breaker = (systemId: string, state: BreakerState) => ({
      systemId,
      interface: 'grpc',
      state,
      failures: 5,
    });
    await vi.waitFor(() => {
      // The hub has no record of breaker watchers: the snapshot is pushed until one has seen it.
      const items = [breaker('sys_1', BreakerState.CLOSED), breaker('sys_2', BreakerState.OPEN)];
      hub.pushBreakers({ event: { case: 'snapshot', value: { items, last: true } } });
      expect(systems(session)).toEqual(['sys_2']);
    }, patience);
    hub.pushBreakers({
      event: { case: 'update', value: { items: [breaker('sys_2', BreakerState.CLOSED)] } },
    });
    await vi.waitFor(() => expect(session.frame()[2]).toBe('No breakers to show.'), patience);
    session.press('q');
    expect(await session.ended).toBe(0);
  });
});
