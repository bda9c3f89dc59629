import type { Command } from 'commander';
import { withExamples } from './cli.ts';
import type { Cli } from './cli.ts';
import { addSystemsGet } from './systems-get.ts';
import { addSystemsList } from './systems-list.ts';
import { addSystemsRegister } from './systems-register.ts';
import { addSystemsRemove } from './systems-remove.ts';
import { addSystemsRenew } from './systems-renew.ts';

/** `switchyard systems …`: the registry. */
export function addSystems(program: Command, cli: Cli, outcome: { exitCode: number }): void {
  const systems = program
    .command('systems')
    .alias('system')
    .description('Lists, shows, registers, renews and removes systems.');
  withExamples(systems, [
    'switchyard systems ls',
    'switchyard systems get echo',
    'switchyard systems rm echo',
  ]);
  addSystemsList(systems, cli);
  addSystemsGet(systems, cli);
  addSystemsRegister(systems, cli);
  addSystemsRenew(systems, cli, outcome);
  addSystemsRemove(systems, cli);
}
