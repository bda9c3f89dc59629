import type { Command } from 'commander';
import type { Clock } from '../base/clock.ts';
import { parseDurationMs } from './duration.ts';
import type { Environment } from './environment.ts';
import { connectHub } from './hub-client.ts';
import type { HubClient } from './hub-client.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface Cli {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Aborts on SIGINT and SIGTERM: the command lets go of everything and ends. */
  readonly signal: AbortSignal;
}

/** Options of every command that talks to a hub. */
export interface HubOptions {
  readonly hub: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

/** How long a call may take unless --timeout says otherwise. */
export const defaultTimeoutMs = 10_000;

/** Adds `--timeout` to a command that talks to a hub. `--hub` belongs to the program. */
export function withTimeout(command: Command): Command {
  return command.option('--timeout <duration>', 'longest that a call may take (default: 10s)');
}

/** Adds `--json`. */
export function withJson(command: Command, what = 'print one JSON document, for scripts'): Command {
  return command.option('--json', what);
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}

/** Runs `action` with a connection to the hub that the options name, and closes it afterwards. */
export async function withHub<Result>(
  cli: Cli,
  options: HubOptions,
  action: (hub: HubClient) => Promise<Result>,
): Promise<Result> {
  const hub = connectHub({ url: options.hub, timeoutMs: timeoutMsOf(options), signal: cli.signal });
  try {
    return await action(hub);
  } finally {
    hub.close();
  }
}

/** The `--timeout` of a command in ms. */
export function timeoutMsOf(options: Pick<HubOptions, 'timeout'>): number {
  return options.timeout === undefined ? defaultTimeoutMs : parseDurationMs(options.timeout);
}

/** For options that may be given several times: collects their values. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** The `--timeout` of a command in ms, undefined when it is not given. */
export function parseTimeout(options: Pick<HubOptions, 'timeout'>): number | undefined {
  return options.timeout === undefined ? undefined : parseDurationMs(options.timeout);
}

/** How a person calls the command line: a clone runs the source and has no `switchyard` on its path. */
export function commandName(): string {
  return import.meta.url.endsWith('.ts') ? 'npx switchyard' : 'switchyard';
}
