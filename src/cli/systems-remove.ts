import type { Command } from 'commander';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { JsonValue } from '@bufbuild/protobuf';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { UsageError } from './usage-error.ts';

interface RemoveOptions extends HubOptions {
  readonly etag?: string;
  readonly registrationId?: string;
  readonly dryRun?: boolean;
}

/** `switchyard systems rm ID…`. */
export function addSystemsRemove(systems: Command, cli: Cli): void {
  const command = systems
    .command('rm')
    .aliases(['remove', 'delete', 'deregister'])
    .description('Removes systems. Those that depend on them keep the dependency, shown as missing.')
    .argument('<id...>', 'ids of the systems')
    .option('--etag <etag>', 'only when the record still has this etag')
    .option('--registration-id <id>', 'only this incarnation')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(command)), [
    'switchyard systems rm echo',
    'switchyard systems rm echo --dry-run',
  ]).action(async (ids: string[], _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<RemoveOptions>();
    if (ids.length > 1 && (options.etag !== undefined || options.registrationId !== undefined)) {
      throw new UsageError('--etag and --registration-id belong to one system; name one id');
    }
    const removed: JsonValue[] = [];
    await withHub(cli, options, async (hub) => {
      for (const systemId of ids) {
        const { system } = await hub.registry.deregisterSystem(
          {
            systemId,
            etag: options.etag ?? '',
            registrationId: options.registrationId ?? '',
            validateOnly: options.dryRun ?? false,
          },
          hub.call,
        );
        if (system !== undefined) removed.push(messageToJson(SystemSchema, system));
        if (options.json !== true) {
          cli.terminal.print(
            options.dryRun === true ? `${systemId} would be removed` : `${systemId} removed`,
          );
        }
      }
    });
    if (options.json === true) printJson(cli.terminal, { removed });
  });
}
