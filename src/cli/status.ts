import type { Command } from 'commander';
import { HealthSummarySchema } from '#gen/switchyard/health/v1/health_service_pb.js';
import { RegistrySummarySchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { RegistrySummary } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { BreakerSchema, BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { listBreakers } from './breakers.ts';
import { breakersTable } from './breakers-table.ts';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { enumName } from './enum-name.ts';
import { healthTable } from './health-table.ts';
import { messageToJson, printJson } from './json.ts';
import { renderFacts } from './table.ts';

const notClosed = [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.FORCED_OPEN];

/** `switchyard status`: the hub at one glance. */
export function addStatus(program: Command, cli: Cli): void {
  const command = program
    .command('status')
    .description(
      'Shows the hub at one glance: who is registered, who is not well, which breakers are not closed.',
    );
  withExamples(withJson(withTimeout(command)), [
    'switchyard status',
    'switchyard status --hub http://hub.internal:7700 --json',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<HubOptions>();
    const { url, registry, health, breakers } = await withHub(cli, options, async (hub) => {
      const [registryAnswer, healthAnswer, found] = await Promise.all([
        hub.registry.getRegistrySummary({}, hub.call),
        hub.health.getHealthSummary({}, hub.call),
        listBreakers(hub, '', notClosed),
      ]);
      return {
        url: hub.url,
        registry: registryAnswer.summary,
        health: healthAnswer.summary,
        breakers: found,
      };
    });
    if (registry === undefined || health === undefined) throw new Error('the hub answered without a summary');
    if (options.json === true) {
      printJson(cli.terminal, {
        hub: url,
        registry: messageToJson(RegistrySummarySchema, registry),
        health: messageToJson(HealthSummarySchema, health),
        breakersNotClosed: breakers.map((breaker) => messageToJson(BreakerSchema, breaker)),
      });
      return;
    }
    const nowMs = cli.clock.now();
    const statuses = health.byStatus.map(
      ({ status, systems }) => `${systems} ${enumName(HealthStatus, status)}`,
    );
    const sections = [
      renderFacts(cli.terminal, [
        ['hub', `${url} answers`],
        ['systems', systemsText(registry)],
        ['health', statuses.length === 0 ? 'nothing to watch yet' : statuses.join(', ')],
        ['breakers', breakers.length === 0 ? 'all closed' : `${breakers.length} not closed`],
      ]),
      ...(health.notWell.length > 0 ? [healthTable(cli.terminal, health.notWell, nowMs)] : []),
      ...(breakers.length > 0 ? [breakersTable(cli.terminal, breakers, nowMs)] : []),
    ];
    cli.terminal.print(sections.join('\n\n'));
  });
}

function systemsText(summary: RegistrySummary): string {
  if (summary.systems === 0) return 'none yet; register one: switchyard systems register --help';
  const types = Object.keys(summary.byType).length;
  const capabilities = Object.keys(summary.byCapability).length;
  const protocols = summary.byProtocol.map(
    ({ protocol, systems }) => `${systems} speak ${enumName(Protocol, protocol)}`,
  );
  return [`${summary.systems} (types: ${types}, capabilities: ${capabilities})`, ...protocols].join(', ');
}
