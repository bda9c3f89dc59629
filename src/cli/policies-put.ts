import type { Command } from 'commander';
import { PutPolicyResponseSchema } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { withPositions } from './file-positions.ts';
import { readPolicyFile } from './policy-file.ts';
import { printable } from './terminal.ts';

interface PutOptions extends HubOptions {
  readonly file: string;
  readonly etag?: string;
  readonly validateOnly?: boolean;
  readonly dryRun?: boolean;
}

const fileHelp = `
The file of -f, YAML or JSON: one policy, in the form that "policies get NAME" prints:

  name: ledger.reads                       # required, unique among all policies
  match: {types: [ledger], kinds: [QUERY]} # none: everything
  timeout: 5s
  retry: {attempts: 4, on: [connect-failure, 5xx]}
  repeat_safety: SAFE
  fallback:
    - {target: 'type:ledger_archive', timeout: 2s}
    - {last_good: {max_age: 5m}}

Every field with its default: gen/docs/configuration.md. What a policy does beside others: docs/resilience.md.`;

/** `switchyard policies put`: creates or replaces a policy while the hub runs. */
export function addPut(policies: Command, cli: Cli): void {
  const command = policies
    .command('put')
    .description(
      'Creates or replaces a policy. It is kept by the hub and in force from the next message on; what may surprise is told as a warning.',
    )
    .requiredOption('-f, --file <path>', 'YAML or JSON file with the policy, or - for standard input')
    .option('--etag <etag>', 'only when the policy still has this etag; "*": only when there is none yet')
    .option('--validate-only', 'check everything, tell what may surprise, and change nothing')
    .option('--dry-run', 'the same as --validate-only');
  withExamples(withJson(withTimeout(command)), [
    'switchyard policies put -f ledger.yaml',
    'switchyard policies put -f ledger.yaml --validate-only',
    'switchyard policies get ledger.reads -o yaml > ledger.yaml',
    `echo '{name: slow, match: {types: [report]}, timeout: 5m}' | switchyard policies put -f -`,
  ])
    .addHelpText('after', fileHelp)
    .action(async (_flags: unknown, self: Command) => put(cli, self.optsWithGlobals<PutOptions>()));
}

async function put(cli: Cli, options: PutOptions): Promise<void> {
  const validateOnly = options.validateOnly === true || options.dryRun === true;
  const read = await readPolicyFile(options.file);
  const request = { policy: read.policy, etag: options.etag ?? read.etag, validateOnly };
  const answer = await withHub(cli, options, (hub) =>
    withPositions(read, () => hub.resilience.putPolicy(request, hub.call)),
  );
  for (const warning of answer.warnings) cli.terminal.remark(printable(`warning: ${warning}`));
  if (options.json === true) printJson(cli.terminal, messageToJson(PutPolicyResponseSchema, answer));
  else if (validateOnly) cli.terminal.print(`${read.policy.name} is valid; nothing was changed`);
  else cli.terminal.print(`${read.policy.name} put, etag ${answer.policy?.etag ?? ''}`);
}
