import type { Command } from 'commander';
import { KeySchema } from '#gen/switchyard/access/v1/key_pb.js';
import { withExamples, withJson, withTimeout } from './cli.ts';
import type { Cli } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { withDataDir, withKeeper } from './keys-where.ts';
import type { KeysOptions } from './keys-where.ts';
import { UsageError } from './usage-error.ts';

/** `switchyard keys revoke PREFIX`. */
export function addKeysRevoke(keys: Command, cli: Cli): void {
  const command = keys
    .command('revoke')
    .description('Revokes a key: the next call with it is refused, and its open streams end.')
    .argument('<prefix>', 'how the key begins, as `switchyard keys list` shows it: sw_ and 12 characters')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(withDataDir(command))), [
    'switchyard keys revoke sw_1f0c9d27aa31',
  ]).action(async (prefix: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<KeysOptions & { readonly dryRun?: boolean }>();
    // The text of an error must not hold what somebody took for the prefix.
    if (!/^sw_[0-9a-f]{12}$/.test(prefix))
      throw new UsageError('a key is named by its prefix: sw_ and 12 characters, without what follows');
    const validateOnly = options.dryRun === true;
    const key = await withKeeper(cli, options, (keeper) => keeper.revoke(prefix, { validateOnly }));
    if (options.json === true) printJson(cli.terminal, { key: messageToJson(KeySchema, key) });
    else cli.terminal.print(`${prefix} of ${key.name} ${validateOnly ? 'would be' : 'is'} revoked`);
  });
}
