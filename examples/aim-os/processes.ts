import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/switchyard.js', import.meta.url));

/** A server that the demo started: `switchyard serve` or `switchyard echo` as a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  /** The line with which it said that it is ready. */
  readonly readyLine: string;
  /** Resolves with how it ended: `exit code 0`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL for one that has not ended after 8 s. */
  stop(): Promise<void>;
  /** SIGKILL, as in a crash; resolves when it has ended. */
  kill(): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 8_000;
/** Characters of standard error that are kept, for the message about a server that did not start. */
const errorCharsMax = 4_000;

/** Starts `switchyard <args>` and waits for the line of its standard output that `isReady` knows. */
export function startServer(
  args: readonly string[],
  isReady: (line: string) => boolean,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errorText = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-errorCharsMax);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code ?? 0}`));
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(late);
      child.kill('SIGKILL');
      reject(new Error(`switchyard ${args.join(' ')} ${why}\n${errorText}`.trim()));
    };
    const late = setTimeout(() => fail('was not ready in time'), startTimeoutMs);
    child.once('error', (error) => fail(error.message));
    void ended.then((how) => fail(`ended with ${how} before it was ready`));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      // What comes after the ready line is read, so that the pipe does not fill up, and dropped.
      if (output.endsWith('\0')) return;
      output += text;
      const readyLine = output.split('\n').slice(0, -1).find(isReady);
      if (readyLine === undefined) return;
      output = '\0';
      clearTimeout(late);
      resolve({
        pid: child.pid ?? 0,
        readyLine,
        ended,
        stop: () => stop(child, ended),
        async kill() {
          child.kill('SIGKILL');
          await ended;
        },
      });
    });
  });
}

/** Whether a port of 127.0.0.1 can be listened on. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(late);
}
