import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { withExamples } from './cli.ts';
import type { Cli } from './cli.ts';

/**
 * The demo's program: the source in a clone, the compiled one in the package (scripts/build-demo.ts), because Node runs no
 * TypeScript below node_modules. src/cli and dist/cli lie equally deep.
 */
const programs = ['../../examples/aim-os/demo.ts', '../demo/demo.js'];

/**
 * `switchyard demo`: a hub and eleven systems with steady traffic. A process of its own, which gets every option as it is,
 * and the signals of this one.
 */
export function addDemo(program: Command, cli: Cli, outcome: { exitCode: number }): void {
  const command = program
    .command('demo')
    .description(
      'Runs a hub and the eleven systems of AIM-OS with steady traffic, until Ctrl-C. Every option goes to the demo; --help shows them.',
    )
    .argument('[options...]', 'options of the demo')
    .allowUnknownOption()
    .helpOption(false);
  withExamples(command, [
    'switchyard demo',
    'switchyard demo --seconds 60 --rate 20',
    'switchyard demo --help',
  ]).action(async () => {
    const path = programs.map((name) => fileURLToPath(new URL(name, import.meta.url))).find(existsSync);
    if (path === undefined) throw new Error('the demo is missing from this package; install it again');
    outcome.exitCode = await runDemo(path, command.args, cli.signal);
  });
}

/** Runs the demo to its end. Resolves with its exit code. */
function runDemo(path: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
    // Ctrl-C reaches the whole group of the terminal by itself; a second SIGINT would only hurry the demo. SIGTERM and a
    // SIGINT that was sent to this process alone do not.
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', reject);
    child.once('close', (code, endSignal) => {
      signal.removeEventListener('abort', stop);
      resolve(code ?? (endSignal === null ? 0 : 1));
    });
  });
}
