import type { Command } from 'commander';
import { withExamples } from './cli.ts';
import type { Cli } from './cli.ts';
import { addKeysCreate } from './keys-create.ts';
import { addKeysList } from './keys-list.ts';
import { addKeysRevoke } from './keys-revoke.ts';

export { addWhoAmI } from './keys-whoami.ts';

/** `switchyard keys …`: the API keys that callers show. */
export function addKeys(program: Command, cli: Cli): void {
  const keys = program
    .command('keys')
    .description('Makes, lists and revokes API keys. Needs a key with the role admin, or --data-dir.');
  withExamples(keys, ['switchyard keys create alice --role operator', 'switchyard keys list']);
  addKeysCreate(keys, cli);
  addKeysList(keys, cli);
  addKeysRevoke(keys, cli);
}
