import type { JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { policyToSettings } from '../catalog/policy-proto.ts';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { allPages } from './pages.ts';
import { addDelete } from './policies-delete.ts';
import { addPut } from './policies-put.ts';
import { addSimulate } from './policies-simulate.ts';
import { instantText } from './proto-time.ts';
import { renderTable } from './table.ts';

/** `switchyard policies`: the settings for delivery in force, and where each comes from. */
export function addPolicies(program: Command, cli: Cli): void {
  const policies = program
    .command('policies')
    .description(
      'Lists the policies in force, from the configuration, from catalogs and those that were put; shows, puts, deletes and simulates one.',
    );
  withExamples(policies, [
    'switchyard policies',
    'switchyard policies get ledger.reads',
    'switchyard policies put -f ledger.yaml',
  ]);
  addList(policies, cli);
  addGet(policies, cli);
  addPut(policies, cli);
  addDelete(policies, cli);
  addSimulate(policies, cli);
  policies.addHelpText('after', '\nOptions of the list: switchyard policies list --help');
}

function addList(policies: Command, cli: Cli): void {
  const list = policies.command('list', { isDefault: true }).description('Lists policies (the default).');
  withExamples(withJson(withTimeout(list)), [
    'switchyard policies',
    'switchyard policies list -o json',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<HubOptions>();
    const found = await withHub(cli, options, (hub) =>
      allPages(async (pageToken) => {
        const page = await hub.resilience.listPolicies({ pageToken, pageSize: 1000 }, hub.call);
        return { items: page.policies, nextPageToken: page.nextPageToken };
      }),
    );
    if (options.json === true) {
      printJson(cli.terminal, { policies: found.map((policy) => messageToJson(PolicySchema, policy)) });
    } else if (found.length === 0) {
      cli.terminal.remark("There is no policy; the hub's defaults hold for everything.");
    } else {
      const heads = ['name', 'from', 'matches', 'says'];
      cli.terminal.print(renderTable(cli.terminal, heads, found.map(row)));
    }
  });
}

function addGet(policies: Command, cli: Cli): void {
  const get = policies
    .command('get <name>')
    .description('Shows one policy, in the form that catalogs and configuration have.');
  withExamples(withJson(withTimeout(get)), ['switchyard policies get ledger.reads']).action(
    async (name: string, _flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HubOptions>();
      const { policy } = await withHub(cli, options, (hub) => hub.resilience.getPolicy({ name }, hub.call));
      if (policy === undefined)
        throw new Error('the hub answered without a policy; it is of another version');
      if (options.json === true) printJson(cli.terminal, { policy: messageToJson(PolicySchema, policy) });
      else {
        if (policy.origin !== '') cli.terminal.print(`# from ${originOf(policy)}`);
        cli.terminal.print(stringify(policyToSettings(policy), { lineWidth: 0 }).trimEnd());
      }
    },
  );
}

/** Where it comes from; of one that was put also when, and the etag for the next put. */
function originOf({ origin, etag, updateTime }: Policy): string {
  const when = updateTime === undefined ? '' : ` ${instantText(updateTime)}`;
  return `${origin}${when}${etag === '' ? '' : `, etag ${etag}`}`;
}

function row(policy: Policy): readonly string[] {
  const { name: _name, match, ...rest } = policyToSettings(policy);
  return [policy.name, policy.origin, match === undefined ? 'everything' : flow(match), flow(rest)];
}

/** A map on one line, as YAML's flow form without the outer braces. */
function flow(value: JsonValue): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })
    .trim()
    .replace(/^\{|\}$/g, '');
}
