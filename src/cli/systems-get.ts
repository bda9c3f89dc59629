import type { Command } from 'commander';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Lease, System } from '#gen/switchyard/registry/v1/system_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { enumName } from './enum-name.ts';
import { messageToJson, printJson } from './json.ts';
import { durationText, instantText, untilText } from './proto-time.ts';
import { renderFacts, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { targetText } from './target-argument.ts';

/** `switchyard systems get ID`. */
export function addSystemsGet(systems: Command, cli: Cli): void {
  const command = systems
    .command('get')
    .alias('show')
    .description('Shows one system: what it can do, what it needs, and how to reach it.')
    .argument('<id>', 'id of the system');
  withExamples(withJson(withTimeout(command)), [
    'switchyard systems get cmc_001',
    'switchyard systems get cmc_001 --json > cmc.json   # systems register -f reads it back',
  ]).action(async (systemId: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<HubOptions>();
    const { system } = await withHub(cli, options, (hub) => hub.registry.getSystem({ systemId }, hub.call));
    if (system === undefined) throw new Error('the hub answered without a system');
    if (options.json === true) printJson(cli.terminal, messageToJson(SystemSchema, system));
    else cli.terminal.print(describeSystem(cli.terminal, system, cli.clock.now()));
  });
}

/** A system as facts and a table of its interfaces. */
export function describeSystem(terminal: Terminal, system: System, nowMs: number): string {
  const facts = renderFacts(terminal, [
    ['id', system.id],
    ['type', system.type],
    ['name', system.name],
    ['version', system.version],
    ['capabilities', system.capabilities.join(' ')],
    [
      'depends on',
      system.dependencies
        .map(({ target, optional }) => `${targetText(target)}${optional ? ' (optional)' : ''}`)
        .join(' '),
    ],
    ['labels', pairs(system.labels)],
    ['weight', system.weight === 0 ? '' : String(system.weight)],
    ['zone', system.zone],
    ['configuration', system.configuration === undefined ? '' : JSON.stringify(system.configuration)],
    ['lease', leaseText(system.lease, nowMs)],
    ['registered', instantText(system.createTime)],
    ['changed', instantText(system.updateTime)],
    ['etag', system.etag],
  ]);
  const interfaces = renderTable(
    terminal,
    ['interface', 'protocol', 'uri'],
    system.interfaces.map(({ name, protocol, uri }) => [name, enumName(Protocol, protocol), uri]),
  );
  return `${facts}\n\n${interfaces}`;
}

function leaseText(lease: Lease | undefined, nowMs: number): string {
  if (lease === undefined) return 'none, never expires';
  if (lease.expired) return `${durationText(lease.ttl)}, ran out`;
  return `${durationText(lease.ttl)}, runs out ${untilText(lease.expireTime, nowMs)}`;
}

function pairs(record: Readonly<Record<string, string>>): string {
  return Object.entries(record)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
