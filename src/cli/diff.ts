import type { JsonObject } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { CatalogChange_Action } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { applyCatalog, conflictLines, readCatalogPaths } from './catalog-plan.ts';
import { differenceLines, differencesOf } from './catalog-difference.ts';
import { collect, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { CommandFailure } from './command-failure.ts';
import { describeFailure, exitCodes } from './failure.ts';
import { printJson } from './json.ts';

interface DiffOptions extends HubOptions {
  readonly file: readonly string[];
  readonly prune?: boolean;
}

/**
 * `switchyard diff`: what `apply` would change, field by field. Ends as kubectl's: 0 without differences, 1 with some,
 * more when it failed (2, or 3 when the hub cannot be reached).
 */
export function addDiff(program: Command, cli: Cli, outcome: { exitCode: number }): void {
  const command = program
    .command('diff')
    .description(
      'Shows what applying catalogs would change. Exit code: 0 nothing, 1 something, above 1 it failed.',
    )
    .requiredOption(
      '-f, --file <path>',
      'YAML or JSON file, folder of them, or - for standard input (repeatable)',
      collect,
    )
    .option('--prune', 'show also what the catalog created before and names no more');
  withExamples(withJson(withTimeout(command)), [
    'switchyard diff -f catalog.yaml',
    'switchyard diff -f catalogs/ --prune && echo nothing to do',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<DiffOptions>();
    try {
      outcome.exitCode = (await diff(cli, options)) ? 1 : 0;
    } catch (error) {
      const { exitCode } = describeFailure(error, '');
      throw exitCode === exitCodes.hubError ? new CommandFailure(error, { exitCode: 2 }) : error;
    }
  });
}

/** Prints the differences; true when there are any. */
async function diff(cli: Cli, options: DiffOptions): Promise<boolean> {
  const catalogs = await readCatalogPaths(options.file);
  const mode = { prune: options.prune === true, validateOnly: true };
  return withHub(cli, options, async (hub) => {
    const shown: JsonObject[] = [];
    for (const read of catalogs) {
      const plan = await applyCatalog(hub, read, mode);
      for (const line of conflictLines(plan)) cli.terminal.remark(line);
      const changes = plan.changes.filter(({ action }) => action !== CatalogChange_Action.UNCHANGED);
      for (const change of changes) {
        const difference = await differencesOf(hub, read.catalog, change);
        shown.push({ catalog: plan.catalog, ...difference });
        if (options.json === true) continue;
        for (const line of differenceLines(cli.terminal, plan.catalog, difference)) cli.terminal.print(line);
      }
    }
    if (options.json === true) printJson(cli.terminal, { differences: shown });
    return shown.length > 0;
  });
}
