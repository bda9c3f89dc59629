import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { systemClock } from '../base/clock.ts';
import type { Cli, HubOptions } from './cli.ts';
import { addBreakers } from './breakers.ts';
import { addEcho } from './echo.ts';
import { readEnvironment } from './environment.ts';
import { addErrors } from './errors.ts';
import { addExplain } from './explain.ts';
import { describeFailure, exitCodes, failureLines } from './failure.ts';
import { addHealth } from './health.ts';
import { addSend } from './send.ts';
import { addServe } from './serve.ts';
import { addStatus } from './status.ts';
import { addSystems } from './systems.ts';
import { createTerminal } from './terminal.ts';

/**
 * Runs the command line and returns its exit code: 0, 1 the hub refused or failed, 2 wrong usage, 3 the hub cannot be
 * reached, 130 interrupted. Never throws, and shows no stack.
 */
export async function main(args: readonly string[]): Promise<number> {
  const environment = readEnvironment(process.env);
  const terminal = createTerminal(process, environment.allowsColour);
  const interrupt = new AbortController();
  const cli: Cli = { terminal, environment, clock: systemClock, signal: interrupt.signal };
  const outcome = { exitCode: 0 };
  const program = createProgram(cli, outcome);
  let running: Command | undefined;
  program.hook('preAction', (_program, command) => void (running = command));

  using _process = attachToProcess(interrupt);
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const options = running?.optsWithGlobals<Partial<HubOptions>>();
    const failure = describeFailure(error, options?.hub ?? environment.hubUrl);
    if (options?.json === true) {
      const { exitCode: _exitCode, ...shown } = failure;
      terminal.remark(JSON.stringify({ error: shown }));
    } else {
      for (const line of failureLines(failure)) terminal.remark(line);
    }
    return failure.exitCode;
  }
}

function createProgram(cli: Cli, outcome: { exitCode: number }): Command {
  const program = new Command('switchyard')
    .description('A self-hosted gRPC hub that connects systems which speak different protocols.')
    .option('--hub <url>', 'hub to talk to; SWITCHYARD_HUB in the environment', cli.environment.hubUrl)
    // Not --version: `systems register` has an option of that name.
    .version(packageVersion(), '-V', 'print the version')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for how to use it)')
    .exitOverride();
  addServe(program, outcome);
  addStatus(program, cli);
  addSystems(program, cli);
  addSend(program, cli);
  addExplain(program, cli);
  addHealth(program, cli);
  addBreakers(program, cli);
  addErrors(program, cli);
  addEcho(program, cli);
  return program;
}

/**
 * Ties the process to the command: SIGINT and SIGTERM abort it, a second one ends it at once, a reader that has closed
 * its end of the pipe (`| head`) ends it quietly, and pending timers alone keep it alive.
 */
function attachToProcess(interrupt: AbortController): Disposable {
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(new Error('interrupted'));
  };
  const onPipeError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  process.stdout.on('error', onPipeError);
  // eslint-disable-next-line no-restricted-globals -- the clock's timers let a process end; a command that waits must not
  const alive = setInterval(() => undefined, 2 ** 30);
  return {
    [Symbol.dispose]() {
      clearInterval(alive);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      process.stdout.off('error', onPipeError);
    },
  };
}

/** The version of this package; src/cli and dist/cli lie equally deep in it. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
