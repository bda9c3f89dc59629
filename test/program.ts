import { type ChildProcess, spawn } from 'node:child_process';
import { root } from './root.ts';

/** Most bytes of each output that are kept, the first ones. */
const outputBytesMax = 4 * 1024 * 1024;

export interface ProgramOptions {
  /** Written to its standard input, which is closed then. */
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked after each piece of output; once it says true the program has done its work and is ended with SIGTERM. */
  readonly until?: (stdout: Buffer) => boolean;
  /** Killed after this, in ms. Default: 30 s. */
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** Exit code; null when it was ended by a signal. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end. Throws only when it cannot be started. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  // A process group of its own, so that a signal also reaches what a wrapper (node_modules/.bin/buf) started.
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...options.env }, detached: true });
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      // It may end by itself just now.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const bound = setTimeout(() => signal('SIGKILL'), options.timeoutMs ?? 30_000);
  let stdout = Buffer.alloc(0);
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (stdout.length < outputBytesMax) stdout = Buffer.concat([stdout, chunk]);
    if (options.until?.(stdout) === true) signal('SIGTERM');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < outputBytesMax) stderr += text;
  });
  // A program that ends without reading its input closes the pipe; its exit code says what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      clearTimeout(bound);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(bound);
      resolve({ code, stdout, stderr });
    });
  });
}

/** A server in another language: started, known by its address, stopped with the test. */
export interface ServerProgram extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** Starts a server and waits for its line `listening on HOST:PORT`. */
export async function startServerProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProgram> {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    const bound = setTimeout(
      () => reject(new Error(`${command} did not listen in time:\n${output}`)),
      30_000,
    );
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${command} ended with ${code ?? 'a signal'}:\n${output}`)),
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (output.length < outputBytesMax) output += text;
        const found = /^listening on (\S+)$/m.exec(output)?.[1];
        if (found === undefined) return;
        clearTimeout(bound);
        resolve(found);
      });
    }
  });
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      process.off('exit', orphaned);
      await killed(child);
    },
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** The JSON values that a program printed one after another, as grpcurl and buf curl do; a last, incomplete one is left out. */
export function jsonValues(text: string): unknown[] {
  const values: unknown[] = [];
  let start = -1;
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{') {
      if (depth === 0) start = index;
      depth += 1;
    } else if (char === '}') {
      depth -= 1;
      if (depth === 0) values.push(JSON.parse(text.slice(start, index + 1)));
    }
  }
  return values;
}
