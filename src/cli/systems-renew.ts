import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { RenewLeasesResponseSchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { printJson } from './json.ts';
import { untilText } from './proto-time.ts';
import { printable } from './terminal.ts';

interface RenewOptions extends HubOptions {
  readonly registrationId: string;
}

/** `switchyard systems renew ID --registration-id ID`: one more term of a lease. */
export function addSystemsRenew(systems: Command, cli: Cli, outcome: { exitCode: number }): void {
  const command = systems
    .command('renew')
    .description(
      'Renews the lease of a registration once. `systems register --keep` does it until Ctrl-C. Exits 1 when the lease is lost.',
    )
    .argument('<id>', 'id of the system')
    .requiredOption('--registration-id <uuid>', 'what `systems register --lease` printed');
  withExamples(withJson(withTimeout(command)), [
    'switchyard systems renew ledger_1 --registration-id 0197…',
  ]).action(async (systemId: string, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<RenewOptions>();
    const renewals = [{ systemId, registrationId: options.registrationId }];
    const answer = await withHub(cli, options, (hub) => hub.registry.renewLeases({ renewals }, hub.call));
    if (answer.lost.length > 0) outcome.exitCode = 1;
    if (options.json === true) {
      printJson(cli.terminal, toJson(RenewLeasesResponseSchema, answer));
      return;
    }
    for (const { lease } of answer.renewed) {
      const now = cli.clock.now();
      cli.terminal.print(
        lease === undefined
          ? `${systemId} has no lease and never expires`
          : `${systemId} renewed, runs out ${untilText(lease.expireTime, now)}`,
      );
    }
    for (const { reason, message } of answer.lost) cli.terminal.remark(printable(`${reason}: ${message}`));
  });
}
