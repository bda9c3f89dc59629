import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { vi } from 'vitest';
import { root } from '../root.ts';

/** Longest that a program may take to print what a test waits for, in ms. Two cores are shared by all tests. */
const printTimeoutMs = 40_000;

/** A program that goes on until it is stopped; what it has written so far can be read at any time. */
export interface Running extends AsyncDisposable {
  stdout(): string;
  stderr(): string;
  /** Waits until its output holds the pattern `times` times (default once); returns the last match. */
  printed(pattern: RegExp, times?: number): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a program in the checkout, without the SWITCHYARD_ variables of the test run itself. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...foreignEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('close', () => process.off('exit', orphaned));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  const stop = async (name: NodeJS.Signals): Promise<number | null> => {
    // One that is halted could not hear anything else.
    child.kill('SIGCONT');
    child.kill(name);
    await ended;
    return child.exitCode;
  };
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    printed: (pattern, times = 1) => {
      const all = (): RegExpExecArray[] => [...output.stdout.matchAll(new RegExp(pattern, 'gm'))];
      const told = (): string => `${command} ${args.join(' ')}:\n${output.stdout}\n${output.stderr}`;
      return vi.waitFor(
        () => {
          const found = all();
          const last = found.at(-1);
          if (found.length < times || last === undefined) throw new Error(told());
          return last;
        },
        { timeout: printTimeoutMs, interval: 20 },
      );
    },
    signal: (name) => {
      child.kill(name);
    },
    stop: () => stop('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      await stop('SIGKILL');
    },
  };
}

/** The environment without SWITCHYARD_ variables. */
export function foreignEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHYARD_')));
}

/** A TCP connection's middle, that a test can cut: the network between a client and the hub. */
export interface Cable extends AsyncDisposable {
  readonly port: number;
  /** Resets every connection that goes through it. */
  cut(): void;
}

/** Opens a port of 127.0.0.1 that leads to another one, which may change. */
export async function layCable(toPort: () => number): Promise<Cable> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(toPort(), '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      // The cut, and a hub that is not there.
      socket.on('error', () => other.destroy());
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    [Symbol.asyncDispose]: async () => {
      server.close();
      cut();
    },
  };
}
