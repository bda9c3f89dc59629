import type { Command } from 'commander';
import { CatalogPlanSchema } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { CatalogPlan } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { ReadCatalog } from '../catalog/read-catalogs.ts';
import { applyCatalog, changeLine, conflictLines, readCatalogPaths } from './catalog-plan.ts';
import { collect, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { CommandFailure } from './command-failure.ts';
import { describeFailure, exitCodes } from './failure.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson } from './json.ts';

interface ApplyOptions extends HubOptions {
  readonly file: readonly string[];
  readonly prune?: boolean;
  readonly validateOnly?: boolean;
  readonly dryRun?: boolean;
}

/** `switchyard apply`. Ends with 0 when everything was applied, else with 1 (3: the hub cannot be reached). */
export function addApply(program: Command, cli: Cli): void {
  const command = program
    .command('apply')
    .description(
      'Applies catalogs of systems, policies and descriptor sets: all of a catalog or, when anything is refused, nothing.',
    )
    .requiredOption(
      '-f, --file <path>',
      'YAML or JSON file, folder of them, or - for standard input (repeatable)',
      collect,
    )
    .option('--prune', 'delete what the catalog created before and names no more')
    .option('--validate-only', 'check everything, print the plan and change nothing')
    .option('--dry-run', 'the same as --validate-only');
  withExamples(withJson(withTimeout(command)), [
    'switchyard apply -f catalog.yaml',
    'switchyard apply -f catalogs/ --prune --dry-run',
    'cat catalog.yaml | switchyard apply -f - -o json',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<ApplyOptions>();
    try {
      await apply(cli, options);
    } catch (error) {
      const { exitCode } = describeFailure(error, '');
      // As kubectl: whatever is wrong with files or catalog is 1.
      throw exitCode === exitCodes.usage
        ? new CommandFailure(error, { exitCode: exitCodes.hubError })
        : error;
    }
  });
}

async function apply(cli: Cli, options: ApplyOptions): Promise<void> {
  const validateOnly = options.validateOnly === true || options.dryRun === true;
  const mode = { prune: options.prune === true, validateOnly };
  const catalogs = await readCatalogPaths(options.file);
  const plans: CatalogPlan[] = [];
  await withHub(cli, options, async (hub) => {
    // Each catalog is applied on its own: none should be while another of them is wrong.
    if (!validateOnly && catalogs.length > 1) await checkAll(hub, catalogs, mode.prune);
    for (const read of catalogs) {
      const plan = await applyCatalog(hub, read, mode);
      plans.push(plan);
      for (const line of conflictLines(plan)) cli.terminal.remark(line);
      if (options.json === true) continue;
      for (const change of plan.changes) cli.terminal.print(changeLine(cli.terminal, change, validateOnly));
      if (plan.changes.length === 0) cli.terminal.remark(`catalog ${plan.catalog} holds nothing to apply`);
    }
  });
  if (options.json === true) {
    printJson(cli.terminal, { plans: plans.map((plan) => messageToJson(CatalogPlanSchema, plan)) });
  }
}

async function checkAll(hub: HubClient, catalogs: readonly ReadCatalog[], prune: boolean): Promise<void> {
  for (const read of catalogs) await applyCatalog(hub, read, { prune, validateOnly: true });
}
