import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { addSystemsGet } from './systems-get.ts';
import { addSystemsList } from './systems-list.ts';
import { addSystemsRegister } from './systems-register.ts';
import { addSystemsRemove } from './systems-remove.ts';

/** `switchyard systems …`: the registry. */
export function addSystems(program: Command, cli: Cli): void {
  const systems = program.command('systems').description('Lists, shows, registers and removes systems.');
  addSystemsList(systems, cli);
  addSystemsGet(systems, cli);
  addSystemsRegister(systems, cli);
  addSystemsRemove(systems, cli);
}
