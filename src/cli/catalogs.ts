import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { CatalogSummarySchema } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { formatDuration } from './duration.ts';
import { messageToJson, printJson } from './json.ts';
import { allPages } from './pages.ts';
import { renderTable } from './table.ts';

/** `switchyard catalogs`: the catalogs that were applied. */
export function addCatalogs(program: Command, cli: Cli): void {
  const command = program.command('catalogs').description('Lists the catalogs that were applied.');
  withExamples(withJson(withTimeout(command)), ['switchyard catalogs', 'switchyard catalogs -o json']).action(
    async (_flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HubOptions>();
      const catalogs = await withHub(cli, options, (hub) =>
        allPages(async (pageToken) => {
          const page = await hub.registry.listCatalogs({ pageToken, pageSize: 1000 }, hub.call);
          return { items: page.catalogs, nextPageToken: page.nextPageToken };
        }),
      );
      if (options.json === true) {
        printJson(cli.terminal, {
          catalogs: catalogs.map((each) => messageToJson(CatalogSummarySchema, each)),
        });
      } else if (catalogs.length === 0) {
        cli.terminal.remark('No catalog was applied. Apply one: switchyard apply --help');
      } else {
        const rows = catalogs.map(({ name, systems, policies, descriptorSets, updateTime }) => [
          name,
          String(systems),
          String(policies),
          String(descriptorSets),
          updateTime === undefined ? '-' : `${formatDuration(cli.clock.now() - timestampMs(updateTime))} ago`,
        ]);
        const heads = ['name', 'systems', 'policies', 'descriptor sets', 'changed'];
        cli.terminal.print(renderTable(cli.terminal, heads, rows));
      }
    },
  );
}
