import type { Command } from 'commander';
import { SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import type { SystemHealth } from '#gen/switchyard/health/v1/health_pb.js';
import { isWide, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { healthTable } from './health-table.ts';
import { watchHealth } from './health-watch.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson } from './json.ts';
import { allPages } from './pages.ts';
import { filterFromFlags, withFilter } from './system-filter.ts';
import type { FilterFlags } from './system-filter.ts';
import { watchKeys } from './watch-command.ts';
import { UsageError } from './usage-error.ts';

interface HealthOptions extends HubOptions, FilterFlags {
  readonly watch?: boolean;
  readonly check?: boolean;
  readonly plain?: boolean;
}

/** `switchyard health`: who is well, now or live. */
export function addHealth(program: Command, cli: Cli): void {
  const command = program
    .command('health')
    .description('Shows how well systems are, and why.')
    .argument('[id...]', 'ids of systems (default: all)')
    .option('-w, --watch', 'stay: a table like top on a terminal, else a line for each change')
    .option('--plain', 'with --watch: lines also on a terminal')
    .option('--check', 'probe now instead of showing what is known');
  withExamples(
    withJson(
      withTimeout(withFilter(command)),
      'print JSON: one document, or one line an event with --watch',
      { wide: true },
    ),
    [
      'switchyard health',
      'switchyard health --watch',
      'switchyard health cmc_001 --check',
      'switchyard health --status unhealthy --status failed --json',
    ],
  )
    .addHelpText('after', watchKeys)
    .action(async (ids: string[], _flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HealthOptions>();
      const filter = filterFromFlags(options);
      if (options.watch === true && options.check === true)
        throw new UsageError('--watch or --check, not both');
      await withHub(cli, options, async (hub) => {
        if (options.watch === true) {
          await watchHealth(cli, hub, {
            ids,
            filter,
            json: options.json ?? false,
            plain: options.plain ?? false,
          });
          return;
        }
        const health = await fetchHealth(hub, ids, { check: options.check ?? false, filter });
        if (options.json === true) {
          printJson(cli.terminal, { health: health.map((item) => messageToJson(SystemHealthSchema, item)) });
        } else if (health.length === 0) cli.terminal.remark('No system matches.');
        else cli.terminal.print(healthTable(cli.terminal, health, cli.clock.now(), isWide(options)));
      });
    });
}

async function fetchHealth(
  hub: HubClient,
  ids: readonly string[],
  how: { readonly check: boolean; readonly filter: ReturnType<typeof filterFromFlags> },
): Promise<SystemHealth[]> {
  if (ids.length > 0) {
    const found: SystemHealth[] = [];
    for (const systemId of ids) {
      if (how.check) {
        const { health } = await hub.health.checkHealth({ systemId }, hub.call);
        found.push(...health);
      } else {
        const { health } = await hub.health.getHealth({ systemId }, hub.call);
        if (health !== undefined) found.push(health);
      }
    }
    return found;
  }
  if (how.check) return (await hub.health.checkHealth({ filter: how.filter }, hub.call)).health;
  return allPages(async (pageToken) => {
    const page = await hub.health.listHealth({ filter: how.filter, pageToken, pageSize: 1000 }, hub.call);
    return { items: page.health, nextPageToken: page.nextPageToken };
  });
}
