import { Command, CommanderError } from 'commander';
import { systemClock } from '../base/clock.ts';
import type { Cli, HubOptions } from './cli.ts';
import { addApply } from './apply.ts';
import { withConnection } from './cli.ts';
import { addBreakers } from './breakers.ts';
import { addCompletion } from './completion.ts';
import { defaultHubUrl, resolveConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { addContexts } from './contexts.ts';
import { addDemo } from './demo.ts';
import { addCatalogs } from './catalogs.ts';
import { addDiff } from './diff.ts';
import { addEcho } from './echo.ts';
import { readEnvironment } from './environment.ts';
import { addErrors } from './errors.ts';
import { addExplain } from './explain.ts';
import { describeFailure, examined, exitCodes, failureLines } from './failure.ts';
import { addHealth } from './health.ts';
import { addKeys, addWhoAmI } from './keys.ts';
import { addPolicies } from './policies.ts';
import { addReplies } from './replies.ts';
import { addSchema } from './schema.ts';
import { addSend } from './send.ts';
import { addServe } from './serve.ts';
import { addStatus } from './status.ts';
import { addSystems } from './systems.ts';
import { createTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { addVersion, packageVersion } from './version.ts';

/**
 * Runs the command line and returns its exit code: 0, 1 the hub refused or failed, 2 wrong usage, 3 the hub cannot be
 * reached (also for TLS), 130 interrupted. Never throws, and shows no stack.
 */
export async function main(args: readonly string[]): Promise<number> {
  const environment = readEnvironment(process.env);
  const terminal = createTerminal(process, environment.allowsColour, environment.allowsBoxes);
  const interrupt = new AbortController();
  const cli: Cli = { terminal, environment, clock: systemClock, signal: interrupt.signal };
  const outcome = { exitCode: 0 };
  const program = createProgram(cli, outcome);
  let running: Command | undefined;
  program.hook('preAction', (_program, command) => {
    running = command;
    applyOutput(terminal, command);
  });

  using _process = attachToProcess(interrupt);
  try {
    await program.parseAsync(understood(args), { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const options = running?.optsWithGlobals<HubOptions & { readonly file?: string }>() ?? {};
    const hubUrl = hubUrlOf(cli, options);
    const failure = await examined(describeFailure(error, hubUrl), hubUrl);
    if (options.json === true || terminal.documents === 'yaml' || options.output === 'json') {
      const { exitCode: _exitCode, ...shown } = failure;
      terminal.remark(JSON.stringify({ error: shown }));
    } else {
      for (const line of failureLines(failure, options.file === undefined)) terminal.remark(line);
    }
    return failure.exitCode;
  }
}

/** Every command. Those that end with a code of their own set it in `outcome`. */
export function createProgram(cli: Cli, outcome: { exitCode: number }): Command {
  const program = withConnection(new Command('switchyard'))
    .description('A self-hosted gRPC hub that connects systems which speak different protocols.')
    // Not --version: `systems register` has an option of that name, and the program's would be taken for it.
    .version(packageVersion(), '-v', 'print the version; also -V, --version')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for how to use it)')
    .addHelpText('after', `\n${exitCodeHelp}`)
    .exitOverride();
  addServe(program, outcome);
  addStatus(program, cli);
  addSystems(program, cli, outcome);
  addApply(program, cli);
  addDiff(program, cli, outcome);
  addCatalogs(program, cli);
  addPolicies(program, cli);
  addSchema(program, cli);
  addSend(program, cli, outcome);
  addExplain(program, cli);
  addReplies(program, cli);
  addHealth(program, cli);
  addBreakers(program, cli);
  addKeys(program, cli);
  addWhoAmI(program, cli);
  addErrors(program, cli);
  addEcho(program, cli);
  addDemo(program, cli, outcome);
  addContexts(program, cli);
  addVersion(program, cli);
  addCompletion(program, cli);
  return program;
}

const exitCodeHelp = `Exit codes:
  0    it worked
  1    the hub or a target refused or failed (the message begins with the reason)
  2    wrong usage: nothing was sent
  3    the hub cannot be reached: address, network or TLS
  130  interrupted by Ctrl-C or SIGTERM before it was done`;

/**
 * What commander cannot be told: the version is asked for by the first word only, for elsewhere `--version` belongs to a
 * command; and the words that a shell wants completed are not the program's own options.
 */
function understood(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === '__complete') return [first, '--', ...rest];
  return first === '-V' || first === '--version' ? ['-v', ...rest] : args;
}

/** `-o json` and `-o yaml` are `--json` with a form, wherever `--json` holds no payload. */
function applyOutput(terminal: Terminal, command: Command): void {
  const output: unknown = command.getOptionValue('output');
  if (output !== 'json' && output !== 'yaml') return;
  terminal.documents = output;
  const json = command.options.find((option) => option.attributeName() === 'json');
  if (json?.isBoolean() === true) command.setOptionValue('json', true);
}

/** The hub that the command talked to; the default when that is what went wrong. */
function hubUrlOf(cli: Cli, options: ConnectionOptions): string {
  try {
    return resolveConnection(cli.environment, options).url;
  } catch {
    // The failure that is being described says it.
    return options.hub ?? defaultHubUrl;
  }
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
  process.stderr.on('error', onPipeError);
  // eslint-disable-next-line no-restricted-globals -- the clock's timers let a process end; a command that waits must not
  const alive = setInterval(() => undefined, 2 ** 30);
  return {
    [Symbol.dispose]() {
      clearInterval(alive);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      // The errors of the pipe stay handled: what was written last may still be on its way.
    },
  };
}
