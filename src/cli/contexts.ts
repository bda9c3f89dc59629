import { resolve } from 'node:path';
import type { Command } from 'commander';
import { withExamples, withJson } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { parseHubUrl, resolveConnection } from './connection.ts';
import { checkContextName, readContexts, writeContexts } from './contexts-file.ts';
import type { Context, Contexts } from './contexts-file.ts';
import { printJson } from './json.ts';
import { renderFacts, renderTable } from './table.ts';
import { UsageError } from './usage-error.ts';

/** `switchyard contexts …`: hubs with their credentials, kept under names. Asks no hub. */
export function addContexts(program: Command, cli: Cli): void {
  const contexts = program
    .command('contexts')
    .alias('context')
    .description('Keeps several hubs, each with its credentials, under names.');
  withExamples(contexts, [
    'switchyard contexts set prod --hub https://hub.example:7700 --token-file ~/.hub-key',
    'switchyard contexts use prod',
    'switchyard status --context staging',
  ]);
  contexts.addHelpText(
    'after',
    `\nThe hub of a command: --hub, SWITCHYARD_HUB, --context, SWITCHYARD_CONTEXT, the current context,\nhttp://127.0.0.1:7700. Kept in ${cli.environment.contextsFile}.`,
  );
  addList(contexts, cli);
  addShow(contexts, cli);
  addSet(contexts, cli);
  addUse(contexts, cli);
  addRemove(contexts, cli);
}

function addList(contexts: Command, cli: Cli): void {
  const command = contexts
    .command('list')
    .alias('ls')
    .description('Lists the contexts; * is the current one.');
  withExamples(withJson(command), ['switchyard contexts list']).action((_flags: unknown, self: Command) => {
    const file = readContexts(cli.environment.contextsFile);
    if (self.optsWithGlobals<HubOptions>().json === true) {
      const shown = [...file.contexts].map(([name, context]) => contextJson(file, name, context));
      printJson(cli.terminal, { contexts: shown });
    } else if (file.contexts.size === 0) {
      cli.terminal.remark('There is no context yet. Make one: switchyard contexts set NAME --hub URL');
    } else {
      cli.terminal.print(
        renderTable(
          cli.terminal,
          ['', 'name', 'hub', 'token', 'client certificate'],
          [...file.contexts].map(([name, context]) => [
            name === file.current ? '*' : '',
            name,
            context.hub,
            tokenText(context),
            context.cert ?? '',
          ]),
        ),
      );
    }
  });
}

function addShow(contexts: Command, cli: Cli): void {
  const command = contexts
    .command('show')
    .alias('get')
    .description('Shows a context, and the hub that commands talk to now. Tokens are not shown.')
    .argument('[context]', 'name (default: the current one)');
  withExamples(withJson(command), ['switchyard contexts show', 'switchyard contexts show prod']).action(
    (name: string | undefined, _flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HubOptions>();
      const file = readContexts(cli.environment.contextsFile);
      const wanted = name ?? options.context ?? cli.environment.context ?? file.current;
      const connection = name === undefined ? resolveConnection(cli.environment, options) : undefined;
      const context = wanted === undefined ? undefined : known(file, wanted);
      const inUse = connection === undefined ? undefined : { url: connection.url, from: connection.from };
      if (options.json === true) {
        printJson(cli.terminal, {
          ...(inUse !== undefined && { inUse }),
          context: wanted === undefined || context === undefined ? null : contextJson(file, wanted, context),
        });
        return;
      }
      cli.terminal.print(
        renderFacts(cli.terminal, [
          ['hub in use', inUse === undefined ? '' : `${inUse.url}, from ${inUse.from}`],
          ['context', wanted === undefined ? 'none' : wanted + (wanted === file.current ? ' (current)' : '')],
          ['hub', context?.hub ?? ''],
          ['token', context === undefined ? '' : tokenText(context)],
          ['ca', context?.ca ?? ''],
          ['cert', context?.cert ?? ''],
          ['key', context?.key ?? ''],
          ['insecure token', context?.insecure_token === true ? 'allowed over plain http' : ''],
          ['file', cli.environment.contextsFile],
        ]),
      );
    },
  );
}

interface SetOptions extends HubOptions {
  readonly tokenEnv?: string;
  readonly use?: boolean;
}

function addSet(contexts: Command, cli: Cli): void {
  const command = contexts
    .command('set')
    .description(
      'Makes or changes a context; what is not named stays. The first one made becomes the current one.',
    )
    .argument('<context>', 'name')
    .option('--token-env <variable>', 'take the API key from this environment variable each time')
    .option('--use', 'make it the current one');
  withExamples(command, [
    'switchyard contexts set local --hub http://127.0.0.1:7700',
    'switchyard contexts set prod --hub https://hub.example:7700 --token-file ~/.hub-key --ca ca.pem --use',
    'switchyard contexts set ci --hub https://hub.example:7700 --token-env HUB_KEY',
  ]).action((name: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<SetOptions>();
    const file = readContexts(cli.environment.contextsFile);
    const before = file.contexts.get(checkContextName(name));
    const context = changedContext(name, before, options);
    const changed: Contexts = {
      contexts: new Map([...file.contexts, [name, context]]),
      current: options.use === true ? name : (file.current ?? name),
    };
    writeContexts(cli.environment.contextsFile, changed);
    const isCurrent = changed.current === name ? ', the current one' : '';
    cli.terminal.print(`context ${name} is ${context.hub}${isCurrent}`);
  });
}

function changedContext(name: string, before: Context | undefined, options: SetOptions): Context {
  const hub = options.hub === undefined ? before?.hub : parseHubUrl(options.hub);
  if (hub === undefined) throw new UsageError(`context ${name} is new: give its hub with --hub URL`);
  const tokens = {
    ...(options.token !== undefined && { token: options.token }),
    ...(options.tokenFile !== undefined && { token_file: resolve(options.tokenFile) }),
    ...(options.tokenEnv !== undefined && { token_env: options.tokenEnv }),
  };
  const given = Object.keys(tokens).length;
  if (given > 1) throw new UsageError('give the token once: --token, --token-file or --token-env');
  const { token, token_file: tokenFile, token_env: tokenEnv, ...rest } = before ?? {};
  const kept = {
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { token_file: tokenFile }),
    ...(tokenEnv !== undefined && { token_env: tokenEnv }),
  };
  const context: Context = {
    ...rest,
    hub,
    // A new kind of token takes the place of the old one.
    ...(given > 0 ? tokens : kept),
    ...(options.ca !== undefined && { ca: resolve(options.ca) }),
    ...(options.cert !== undefined && { cert: resolve(options.cert) }),
    ...(options.key !== undefined && { key: resolve(options.key) }),
    ...(options.insecureToken !== undefined && { insecure_token: options.insecureToken }),
  };
  if ((context.cert === undefined) !== (context.key === undefined)) {
    throw new UsageError('a client certificate needs both --cert and --key');
  }
  return context;
}

function addUse(contexts: Command, cli: Cli): void {
  const command = contexts
    .command('use')
    .description('Makes a context the current one.')
    .argument('<context>', 'name');
  withExamples(command, ['switchyard contexts use prod']).action((name: string) => {
    const file = readContexts(cli.environment.contextsFile);
    const { hub } = known(file, name);
    writeContexts(cli.environment.contextsFile, { ...file, current: name });
    cli.terminal.print(`commands talk to ${hub} now (context ${name})`);
    if (cli.environment.hubUrl !== undefined) {
      cli.terminal.remark(`SWITCHYARD_HUB is set and goes before it: ${cli.environment.hubUrl}`);
    }
  });
}

function addRemove(contexts: Command, cli: Cli): void {
  const command = contexts
    .command('remove')
    .aliases(['rm', 'delete'])
    .description('Removes a context.')
    .argument('<context>', 'name');
  withExamples(command, ['switchyard contexts remove staging']).action((name: string) => {
    const file = readContexts(cli.environment.contextsFile);
    known(file, name);
    const contextsLeft = new Map([...file.contexts].filter(([other]) => other !== name));
    const current = file.current === name ? undefined : file.current;
    writeContexts(cli.environment.contextsFile, {
      contexts: contextsLeft,
      ...(current !== undefined && { current }),
    });
    cli.terminal.print(
      `context ${name} removed${file.current === name ? '; there is no current one now' : ''}`,
    );
  });
}

function known(file: Contexts, name: string): Context {
  const context = file.contexts.get(name);
  if (context !== undefined) return context;
  const names =
    file.contexts.size === 0 ? 'there are none' : `there are ${[...file.contexts.keys()].join(', ')}`;
  throw new UsageError(`no context is named "${name}"; ${names}`);
}

/** A context without its secret. */
function contextJson(file: Contexts, name: string, context: Context) {
  const { token, ...shown } = context;
  return { name, current: name === file.current, ...shown, ...(token !== undefined && { token: 'hidden' }) };
}

function tokenText(context: Context): string {
  if (context.token_file !== undefined) return `from ${context.token_file}`;
  if (context.token_env !== undefined) return `from $${context.token_env}`;
  return context.token === undefined ? '' : 'kept here';
}
