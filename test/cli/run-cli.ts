import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/switchyard.js', import.meta.url));

/** How a command ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs; what it has written so far can be read at any time. */
export interface RunningCli {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  stop(signal?: NodeJS.Signals): void;
  readonly ended: Promise<CliResult>;
}

/** Variables for a command: none of ours, and no contexts of who runs the tests, unless `env` names them. */
export function cliEnvironment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('SWITCHYARD_') && name !== 'FORCE_COLOR',
  );
  return { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: '/nonexistent', ...env };
}

/** Starts the command line as a person would, with no hub in the environment unless `env` names one. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): RunningCli {
  const child = spawn(process.execPath, [bin, ...args], { env: cliEnvironment(env) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    stop: (signal = 'SIGINT') => void child.kill(signal),
    ended,
  };
}

/** Runs a command to its end. `input` is its standard input. */
export async function runCli(
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<CliResult> {
  const running = startCli(args, options.env);
  running.child.stdin?.on('error', () => undefined).end(options.input ?? '');
  return running.ended;
}
