import type { Command } from 'commander';
import { DeletePolicyResponseSchema } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { renderTable } from './table.ts';

interface DeleteOptions extends HubOptions {
  readonly etag?: string;
  readonly validateOnly?: boolean;
  readonly dryRun?: boolean;
}

/** `switchyard policies delete NAME`: removes a policy that was put, and shows what falls back to what. */
export function addDelete(policies: Command, cli: Cli): void {
  const command = policies
    .command('delete <name>')
    .alias('rm')
    .description(
      'Deletes a policy that was put, and shows what holds in its place. Those of configuration and catalogs are changed there.',
    )
    .option('--etag <etag>', 'only when the policy still has this etag')
    .option('--validate-only', 'show what would change, and change nothing')
    .option('--dry-run', 'the same as --validate-only');
  withExamples(withJson(withTimeout(command)), [
    'switchyard policies delete ledger.reads --validate-only',
    'switchyard policies delete ledger.reads',
  ]).action(async (name: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<DeleteOptions>();
    const validateOnly = options.validateOnly === true || options.dryRun === true;
    const request = { name, etag: options.etag ?? '', validateOnly };
    const answer = await withHub(cli, options, (hub) => hub.resilience.deletePolicy(request, hub.call));
    if (options.json === true) {
      printJson(cli.terminal, messageToJson(DeletePolicyResponseSchema, answer));
      return;
    }
    cli.terminal.print(validateOnly ? `${name} would be deleted` : `${name} deleted`);
    if (answer.changes.length === 0) {
      cli.terminal.remark('nothing changes by that: other policies decide what it said');
      return;
    }
    const rows = answer.changes.map(({ field, before, after, from }) => [
      field,
      before,
      after === '' ? 'unset' : after,
      from,
    ]);
    cli.terminal.print(renderTable(cli.terminal, ['field', 'was', 'becomes', 'from'], rows));
  });
}
