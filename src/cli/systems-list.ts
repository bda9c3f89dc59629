import type { Command } from 'commander';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { isWide, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { allPages } from './pages.ts';
import { instantText } from './proto-time.ts';
import { filterFromFlags, withFilter } from './system-filter.ts';
import type { FilterFlags } from './system-filter.ts';
import { renderTable } from './table.ts';
import { targetText } from './target-argument.ts';

/** `switchyard systems list`. */
export function addSystemsList(systems: Command, cli: Cli): void {
  const command = systems.command('list').alias('ls').description('Lists registered systems.');
  withExamples(withJson(withTimeout(withFilter(command)), undefined, { wide: true }), [
    'switchyard systems list',
    'switchyard systems list --type cmc --status unhealthy',
    'switchyard systems list --capability payments.read --json',
    'switchyard systems ls -o wide',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<HubOptions & FilterFlags>();
    const filter = filterFromFlags(options);
    const systems = await withHub(cli, options, (hub) =>
      allPages(async (pageToken) => {
        const page = await hub.registry.listSystems({ filter, pageToken, pageSize: 1000 }, hub.call);
        return { items: page.systems, nextPageToken: page.nextPageToken };
      }),
    );
    if (options.json === true) {
      printJson(cli.terminal, { systems: systems.map((system) => messageToJson(SystemSchema, system)) });
    } else if (systems.length === 0) {
      cli.terminal.remark('No system matches. Register one: switchyard systems register --help');
    } else {
      cli.terminal.print(
        renderTable(
          cli.terminal,
          [...heads, ...(isWide(options) ? wideHeads : [])],
          systems.map((system) => [...row(system), ...(isWide(options) ? wideRow(system) : [])]),
        ),
      );
    }
  });
}

const heads = ['id', 'type', 'name', 'version', 'interfaces', 'depends on'];
const wideHeads = ['capabilities', 'labels', 'weight', 'zone', 'registered'];

function wideRow(system: System): string[] {
  const labels = Object.entries(system.labels).map(([key, value]) => `${key}=${value}`);
  return [
    system.capabilities.join(' '),
    labels.join(' '),
    system.weight === 0 ? '' : String(system.weight),
    system.zone,
    instantText(system.createTime),
  ];
}

function row(system: System): string[] {
  return [
    system.id,
    system.type,
    system.name,
    system.version,
    system.interfaces.map(({ uri }) => uri).join(' '),
    system.dependencies.map(({ target }) => targetText(target).replace(/^system:/, '')).join(' '),
  ];
}
