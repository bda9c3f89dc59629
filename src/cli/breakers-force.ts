import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { BreakerSchema } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { breakerName } from './breakers-table.ts';
import { parseDurationMs } from './duration.ts';
import { enumName } from './enum-name.ts';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { messageToJson, printJson } from './json.ts';

interface ForceOptions extends HubOptions {
  readonly for?: string;
  readonly cause?: string;
  readonly type?: string;
  readonly closed?: boolean;
  readonly dryRun?: boolean;
}

/** `switchyard breakers trip ID [INTERFACE]`. */
export function addBreakersTrip(breakers: Command, cli: Cli): void {
  const command = breakers
    .command('trip')
    .description(
      'Opens breakers by force: calls are refused until a reset, or until --for has passed. With --closed the other way round: calls pass whatever happens.',
    )
    .argument('<id>', 'id of the system')
    .argument('[interface]', 'name of the interface (default: every one)')
    .option('--for <duration>', 'how long (default: until reset)')
    .option('--closed', 'hold them closed instead')
    .option('--type <message-type>', 'only that of this message type, where each has one (default: all)')
    .option('--cause <text>', 'why, for those who find it so')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(command)), [
    'switchyard breakers trip cmc_001',
    'switchyard breakers trip cmc_001 rest_api --for 10m --cause "disk is being replaced"',
    'switchyard breakers trip cmc_001 --closed --for 1h --cause "a load test"',
  ]).action(async (systemId: string, interfaceName: string | undefined, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<ForceOptions>();
    const request = {
      systemId,
      interface: interfaceName ?? '',
      messageType: options.type ?? '',
      state: options.closed === true ? BreakerState.FORCED_CLOSED : BreakerState.FORCED_OPEN,
      cause: options.cause ?? '',
      validateOnly: options.dryRun ?? false,
      ...(options.for !== undefined && { duration: durationFromMs(parseDurationMs(options.for)) }),
    };
    const answer = await withHub(cli, options, (hub) => hub.resilience.tripBreaker(request, hub.call));
    printForced(cli, options, answer.breakers);
  });
}

/** `switchyard breakers reset ID [INTERFACE]`. */
export function addBreakersReset(breakers: Command, cli: Cli): void {
  const command = breakers
    .command('reset')
    .description('Closes breakers and forgets their failures, whether they opened by themselves or by force.')
    .argument('<id>', 'id of the system')
    .argument('[interface]', 'name of the interface (default: every one)')
    .option('--type <message-type>', 'only that of this message type (default: all)')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(command)), [
    'switchyard breakers reset cmc_001',
    'switchyard breakers reset cmc_001 grpc',
  ]).action(async (systemId: string, interfaceName: string | undefined, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<ForceOptions>();
    const request = {
      systemId,
      interface: interfaceName ?? '',
      messageType: options.type ?? '',
      validateOnly: options.dryRun ?? false,
    };
    const answer = await withHub(cli, options, (hub) => hub.resilience.resetBreaker(request, hub.call));
    printForced(cli, options, answer.breakers);
  });
}

function printForced(cli: Cli, options: ForceOptions, breakers: readonly Breaker[]): void {
  if (options.json === true) {
    printJson(cli.terminal, { breakers: breakers.map((breaker) => messageToJson(BreakerSchema, breaker)) });
    return;
  }
  for (const breaker of breakers) {
    const note = options.dryRun === true ? ' (nothing was changed)' : '';
    cli.terminal.print(`${breakerName(breaker)} is ${enumName(BreakerState, breaker.state)}${note}`);
  }
}
