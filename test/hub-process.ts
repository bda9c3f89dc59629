import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.ts';

/** Longest that a hub may take to say that it listens, in ms. A loaded CI machine starts it in about 2 s. */
const startTimeoutMs = 30_000;
/** Longest that a hub may take to drain after SIGTERM before it is killed, in ms. */
const stopTimeoutMs = 15_000;
/** Most characters of a hub's output that are kept; older ones go first. */
const outputCharsMax = 256 * 1024;

export interface HubOptions {
  /** Its data folder; a temporary one that goes with {@link HubProcess.dispose} when unset. */
  readonly dataDir?: string;
  /** A program and arguments to start it with, such as `taskset -c 0`, that must become the hub's process. */
  readonly launcher?: readonly string[];
  /** Further flags of `serve`. */
  readonly args?: readonly string[];
  /** Further environment variables. SWITCHYARD_ ones of the test run itself do not reach the hub. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a hub ended. */
export interface HubExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real hub as a child process: `bin/switchyard.js serve` on a free port of 127.0.0.1. */
export interface HubProcess extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, `https:` with TLS; another one after a restart. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** What it wrote to standard output and standard error so far, across restarts. */
  stdout(): string;
  stderr(): string;
  /** SIGTERM, then SIGKILL if it has not ended after 15 s. Resolves with how it ended. */
  stop(): Promise<HubExit>;
  /** SIGKILL: what a crash looks like. */
  kill(): Promise<HubExit>;
  /** Starts it again on the same data folder; stops it first if it runs. */
  restart(): Promise<void>;
  /** Stops it and removes a temporary data folder. */
  dispose(): Promise<void>;
}

/** Starts a hub and waits until it listens. Throws with its output when it ends or stays silent instead. */
export async function startHub(options: HubOptions = {}): Promise<HubProcess> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'switchyard-test-')));
  const output = { stdout: '', stderr: '' };
  let running = await launch(dataDir, options, output);

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<HubExit> {
    const { child } = running;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      const bound = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await exited;
      clearTimeout(bound);
    }
    return { code: child.exitCode, signal: child.signalCode };
  }
  async function dispose(): Promise<void> {
    await end('SIGTERM');
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  }

  return {
    get url() {
      return running.url;
    },
    get address() {
      return new URL(running.url).host;
    },
    get port() {
      return Number(new URL(running.url).port);
    },
    get pid() {
      return running.child.pid!;
    },
    dataDir,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      running = await launch(dataDir, options, output);
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

async function launch(
  dataDir: string,
  options: HubOptions,
  output: { stdout: string; stderr: string },
): Promise<{ child: ChildProcess; url: string }> {
  const serve = ['bin/switchyard.js', 'serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir];
  const [program = '', ...args] = [
    ...(options.launcher ?? []),
    process.execPath,
    ...serve,
    ...(options.args ?? []),
  ];
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHYARD_'));
  const child = spawn(program, args, {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let firstOutput = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-outputCharsMax);
  });

  // A test run that dies takes its hubs along.
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.off('exit', orphaned));

  return new Promise((resolve, reject) => {
    const endedEarly = (code: number | null, signal: string | null): void =>
      fail(`ended with ${code ?? signal ?? 'nothing'} before it listened`);
    const fail = (why: string): void => {
      clearTimeout(bound);
      child.kill('SIGKILL');
      reject(
        new Error(`the hub ${why}; standard output:\n${firstOutput}\nstandard error:\n${output.stderr}`),
      );
    };
    const bound = setTimeout(
      () => fail(`did not say that it listens within ${startTimeoutMs} ms`),
      startTimeoutMs,
    );
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', endedEarly);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout = (output.stdout + text).slice(-outputCharsMax);
      if (firstOutput.length < outputCharsMax) firstOutput += text;
      const url = /^switchyard listening on (https?:\/\/\S+)$/m.exec(firstOutput)?.[1];
      if (url === undefined) return;
      clearTimeout(bound);
      child.off('exit', endedEarly);
      resolve({ child, url });
    });
  });
}
