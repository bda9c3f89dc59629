import { Option } from 'commander';
import type { Command } from 'commander';
import type { Clock } from '../base/clock.ts';
import { resolveConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
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
export interface HubOptions extends ConnectionOptions {
  readonly timeout?: string;
  readonly json?: boolean;
  readonly output?: string;
}

/** Forms that `--output` takes: a table for people, one with more columns, or one document for scripts. */
export const outputForms = ['table', 'wide', 'json', 'yaml'] as const;

/** How long a call may take unless --timeout says otherwise. */
export const defaultTimeoutMs = 10_000;

/** Adds the options of the way to the hub to the program; every command takes them. */
export function withConnection(program: Command): Command {
  return program
    .option('--hub <url>', 'hub to talk to; SWITCHYARD_HUB (default: http://127.0.0.1:7700)')
    .option('--context <context>', 'hub and credentials kept under this name; SWITCHYARD_CONTEXT')
    .option('--token <key>', 'API key; SWITCHYARD_TOKEN (on a command line, other users may see it)')
    .option('--token-file <file>', 'file that holds the API key')
    .option('--insecure-token', 'send the API key over plain http to another machine, readable on the way')
    .option('--ca <file>', 'certificate authorities to trust instead of those of the system, PEM')
    .option('--cert <file>', 'client certificate, PEM')
    .option('--key <file>', 'key of the client certificate, PEM');
}

/** Adds `--timeout` to a command that talks to a hub. The way to it belongs to the program. */
export function withTimeout(command: Command): Command {
  return command.option('--timeout <duration>', 'longest that a call may take (default: 10s)');
}

/**
 * Adds `--json` and `-o, --output`. With `-o json` and `-o yaml` the option `json` is true as well, and `printJson` writes
 * the form that was asked for (main.ts sees to both). `wide` says that the command has a table with more columns.
 */
export function withJson(
  command: Command,
  what = 'print one JSON document, for scripts',
  { wide = false }: { readonly wide?: boolean } = {},
): Command {
  const forms = outputForms.filter((form) => wide || form !== 'wide');
  return command
    .option('--json', what)
    .addOption(new Option('-o, --output <form>', 'how to print it (default: table)').choices(forms));
}

/** Whether the table with more columns is wanted. */
export function isWide(options: Pick<HubOptions, 'output'>): boolean {
  return options.output === 'wide';
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
  const hub = openHub(cli, options);
  try {
    return await action(hub);
  } finally {
    hub.close();
  }
}

/** A connection to the hub that the options name; the caller closes it. */
export function openHub(cli: Cli, options: HubOptions): HubClient {
  const connection = resolveConnection(cli.environment, options);
  return connectHub({ ...connection, timeoutMs: timeoutMsOf(options), signal: cli.signal });
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
