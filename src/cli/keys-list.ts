import type { Command } from 'commander';
import { type Key, Key_State as KeyState, KeySchema, Role } from '#gen/switchyard/access/v1/key_pb.js';
import { withExamples, withJson, withTimeout } from './cli.ts';
import type { Cli } from './cli.ts';
import { enumName } from './enum-name.ts';
import { messageToJson, printJson } from './json.ts';
import { withDataDir, withKeeper } from './keys-where.ts';
import type { KeysOptions } from './keys-where.ts';
import { instantText } from './proto-time.ts';
import { renderTable } from './table.ts';

/** `switchyard keys list`. */
export function addKeysList(keys: Command, cli: Cli): void {
  const command = keys
    .command('list')
    .alias('ls')
    .description('Lists keys; revoked and expired ones for 30 days.')
    .option('--name <name>', 'only keys of this name');
  withExamples(withJson(withTimeout(withDataDir(command))), [
    'switchyard keys list',
    'switchyard keys list --name alice --json',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<KeysOptions & { readonly name?: string }>();
    const found = await withKeeper(cli, options, (keeper) => keeper.list(options.name ?? ''));
    if (options.json === true) {
      printJson(cli.terminal, { keys: found.map((key) => messageToJson(KeySchema, key)) });
    } else if (found.length === 0) {
      cli.terminal.remark('There is no key. Make one: switchyard keys create --help');
    } else {
      cli.terminal.print(renderTable(cli.terminal, heads, found.map(row)));
    }
  });
}

const heads = ['key', 'name', 'role', 'acts as', 'state', 'made', 'expires', 'last used'];

function row(key: Key): string[] {
  return [
    key.prefix,
    key.name,
    enumName(Role, key.role).toLowerCase(),
    key.systems.join(' '),
    enumName(KeyState, key.state).toLowerCase(),
    instantText(key.createTime),
    key.expireTime === undefined ? 'never' : instantText(key.expireTime),
    key.lastUseTime === undefined ? 'never' : instantText(key.lastUseTime),
  ];
}
