import type { Command } from 'commander';
import { BreakerSchema, BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { breakersTable } from './breakers-table.ts';
import { watchBreakers } from './breakers-watch.ts';
import { addBreakersReset, addBreakersTrip } from './breakers-force.ts';
import { addBreakersHistory } from './breakers-history.ts';
import { collect, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { parseEnum } from './enum-name.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson } from './json.ts';
import { allPages } from './pages.ts';
import { watchKeys } from './watch-command.ts';

interface BreakersOptions extends HubOptions {
  readonly watch?: boolean;
  readonly plain?: boolean;
  readonly system?: string;
  readonly state?: readonly string[];
}

/** `switchyard breakers`: what the circuit breakers let through; `trip` and `reset` steer them, `history` tells what happened. */
export function addBreakers(program: Command, cli: Cli): void {
  const breakers = program
    .command('breakers')
    .description(
      'Shows circuit breakers, one for each interface of each system (and each message type where a policy says so), and what happened to them; trips and resets them.',
    );
  const list = breakers
    .command('list', { isDefault: true })
    .alias('ls')
    .description('Lists breakers (the default).')
    .option('-w, --watch', 'stay: a table like top on a terminal, else a line for each change')
    .option('--plain', 'with --watch: lines also on a terminal')
    .option('--system <id>', 'only of this system')
    .option(
      '--state <state>',
      'only in this state: closed, open, half_open, forced_open, forced_closed (repeatable)',
      collect,
    );
  withExamples(withJson(withTimeout(list), 'print JSON: one document, or one line an event with --watch'), [
    'switchyard breakers',
    'switchyard breakers --state open --state half_open',
    'switchyard breakers --watch',
    'switchyard breakers trip cmc_001 rest_api --for 10m --cause "disk is being replaced"',
    'switchyard breakers reset cmc_001',
  ])
    .addHelpText('after', watchKeys)
    .action(async (_flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<BreakersOptions>();
      const states = (options.state ?? []).map((text) => parseEnum(BreakerState, 'breaker state', text));
      await withHub(cli, options, async (hub) => {
        if (options.watch === true) {
          await watchBreakers(cli, hub, {
            systemId: options.system ?? '',
            states,
            json: options.json ?? false,
            plain: options.plain ?? false,
          });
          return;
        }
        const found = await listBreakers(hub, options.system ?? '', states);
        if (options.json === true) {
          printJson(cli.terminal, {
            breakers: found.map((breaker) => messageToJson(BreakerSchema, breaker)),
          });
        } else if (found.length === 0) cli.terminal.remark('No breaker matches.');
        else cli.terminal.print(breakersTable(cli.terminal, found, cli.clock.now()));
      });
    });
  withExamples(breakers, [
    'switchyard breakers',
    'switchyard breakers --state open --watch',
    'switchyard breakers reset cmc_001',
  ]);
  breakers.addHelpText('after', '\nOptions of the list: switchyard breakers list --help');
  addBreakersTrip(breakers, cli);
  addBreakersReset(breakers, cli);
  addBreakersHistory(breakers, cli);
}

/** All breakers of a system (empty: of all) in one of the states (empty: in any). */
export async function listBreakers(
  hub: HubClient,
  systemId: string,
  states: readonly BreakerState[],
): Promise<Breaker[]> {
  return allPages(async (pageToken) => {
    const request = { systemId, states: [...states], pageToken, pageSize: 1000 };
    const page = await hub.resilience.listBreakers(request, hub.call);
    return { items: page.breakers, nextPageToken: page.nextPageToken };
  });
}
