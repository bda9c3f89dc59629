import type { Command } from 'commander';
import { Option } from 'commander';
import { KeySchema, Role } from '#gen/switchyard/access/v1/key_pb.js';
import { parseDuration } from '../base/duration-text.ts';
import { collect, withExamples, withJson, withTimeout } from './cli.ts';
import type { Cli } from './cli.ts';
import { enumName } from './enum-name.ts';
import { messageToJson, printJson } from './json.ts';
import { type RoleName, rolesByName } from './keys-keeper.ts';
import { withDataDir, withKeeper } from './keys-where.ts';
import type { KeysOptions } from './keys-where.ts';
import { instantText } from './proto-time.ts';
import { UsageError } from './usage-error.ts';

interface CreateOptions extends KeysOptions {
  readonly role: RoleName;
  readonly system?: readonly string[];
  readonly expires?: string;
  readonly dryRun?: boolean;
}

/** `switchyard keys create NAME`. Prints the key alone to standard output, so that a script can take it. */
export function addKeysCreate(keys: Command, cli: Cli): void {
  const command = keys
    .command('create')
    .description('Makes a key and prints it, once: the hub keeps only a hash.')
    .argument('<name>', 'who will show it; two live keys may share a name, so that one can replace the other')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(Object.keys(rolesByName)).default('readonly'),
    )
    .option(
      '--system <pattern>',
      'system that it may act as: an id, or a prefix as payments.*; repeatable',
      collect,
    )
    .option('--expires <duration>', 'time until it expires, such as 90d (default: never)')
    .option('--dry-run', 'check everything and make nothing');
  withExamples(withJson(withTimeout(withDataDir(command))), [
    'switchyard keys create alice --role operator --expires 90d',
    "switchyard keys create orders --role sender --system orders_001 --system 'orders.*'",
    'switchyard keys create admin --role admin --data-dir ./data',
  ]).action(async (name: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<CreateOptions>();
    const validateOnly = options.dryRun === true;
    const spec = {
      name,
      role: options.role,
      systems: options.system ?? [],
      ttlMs: options.expires === undefined ? undefined : ttlMsOf(options.expires),
      validateOnly,
    };
    const { key, secret } = await withKeeper(cli, options, (keeper) => keeper.create(spec));
    if (options.json === true) {
      printJson(cli.terminal, { key: messageToJson(KeySchema, key), secret });
      return;
    }
    const until = key.expireTime === undefined ? 'never expires' : `expires ${instantText(key.expireTime)}`;
    const systems = key.systems.length === 0 ? 'no system' : key.systems.join(', ');
    const what = validateOnly ? 'Would make a key' : `Made the key ${key.prefix}`;
    cli.terminal.remark(
      `${what} for ${key.name}: role ${enumName(Role, key.role).toLowerCase()}, acts as ${systems}, ${until}.`,
    );
    if (validateOnly) return;
    cli.terminal.remark('Keep it now; it cannot be shown again:');
    cli.terminal.print(secret);
  });
}

function ttlMsOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 60_000 || ms > 3650 * 86_400_000)
    throw new UsageError(
      `"${text}" is not a time that a key may live: write a number and a unit, such as 12h or 90d, from 1m to 3650d`,
    );
  return ms;
}
