import { toJson } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { RegisterSystemResponseSchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { RegisterSystemResponse } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { collect, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { parseDurationMs } from './duration.ts';
import { printJson } from './json.ts';
import { readSystemFile, systemFromFlags } from './system-definition.ts';
import type { SystemDefinition, SystemFlags } from './system-definition.ts';
import { UsageError } from './usage-error.ts';

interface RegisterOptions extends HubOptions, SystemFlags {
  readonly file?: string;
  readonly ifAbsent?: boolean;
  readonly dryRun?: boolean;
}

/** Flags that describe one system and make no sense beside a file. */
const systemFlags = [
  'id',
  'type',
  'name',
  'version',
  'uri',
  'capability',
  'dependsOn',
  'label',
  'weight',
  'zone',
] as const satisfies readonly (keyof SystemFlags)[];

/** `switchyard systems register`. */
export function addSystemsRegister(systems: Command, cli: Cli): void {
  const command = systems
    .command('register')
    .description(
      'Registers a system described by flags, or every system of a file. An id that exists is replaced.',
    )
    .option('-f, --file <file>', 'YAML or JSON file with one system or "systems:"; - is standard input')
    .option('--id <id>', 'unique id, a dotted lower-case slug')
    .option('--type <type>', 'the group of interchangeable systems that it belongs to')
    .option('--name <name>', 'name for people (default: the id)')
    .option('--version <version>', 'version of the system')
    .option(
      '--uri <name=uri>',
      'a way to reach it: rest=http://host:port, grpc=host:port (repeatable)',
      collect,
    )
    .option('--capability <name>', 'something that it can do (repeatable)', collect)
    .option(
      '--depends-on <target>',
      'something that it needs: system:ID, type:T, capability:C (repeatable)',
      collect,
    )
    .option('--label <key=value>', 'a label to filter by (repeatable)', collect)
    .option('--weight <number>', 'share of the load within its type (default: 1)')
    .option('--zone <zone>', 'where it runs')
    .option('--lease <duration>', 'registration ends unless renewed within this time (default: never)')
    .option('--if-absent', 'refuse an id that is taken instead of replacing it')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(command)), [
    'switchyard systems register --id echo --type echo --version 1.0.0 --uri rest=http://127.0.0.1:7801 --uri grpc=127.0.0.1:7802',
    'switchyard systems register -f systems.yaml',
    'switchyard systems register -f systems.yaml --dry-run',
  ]).action(async (_flags: unknown, self: Command) => register(cli, self.optsWithGlobals<RegisterOptions>()));
}

async function register(cli: Cli, options: RegisterOptions): Promise<void> {
  const definitions = await definitionsOf(options);
  const answers: RegisterSystemResponse[] = [];
  await withHub(cli, options, async (hub) => {
    for (const { system, leaseMs } of definitions) {
      const request = {
        system,
        ifAbsent: options.ifAbsent ?? false,
        validateOnly: options.dryRun ?? false,
        ...(leaseMs !== undefined && { leaseTtl: durationFromMs(leaseMs) }),
      };
      const answer = await hub.registry.registerSystem(request, hub.call).catch((error: unknown) => {
        // One of many failed: say how far it came, for each is registered on its own.
        if (definitions.length > 1) {
          cli.terminal.remark(
            `${system.id}: not registered; ${answers.length} of ${definitions.length} before it were`,
          );
        }
        throw error;
      });
      answers.push(answer);
      if (options.json !== true) cli.terminal.print(resultLine(answer, leaseMs, options.dryRun ?? false));
    }
  });
  if (options.json === true) {
    printJson(cli.terminal, {
      registered: answers.map((answer) => toJson(RegisterSystemResponseSchema, answer)),
    });
  }
}

async function definitionsOf(options: RegisterOptions): Promise<readonly SystemDefinition[]> {
  const given = systemFlags.filter((name) => options[name] !== undefined);
  if (options.file === undefined) {
    if (given.length === 0)
      throw new UsageError('describe the system by flags (--id …) or name a file with -f');
    return [systemFromFlags(options)];
  }
  if (given.length > 0) {
    throw new UsageError(`-f describes the systems; leave out --${given.join(', --')}`);
  }
  const definitions = await readSystemFile(options.file);
  if (options.lease === undefined) return definitions;
  const leaseMs = parseDurationMs(options.lease);
  return definitions.map(({ system }) => ({ system, leaseMs }));
}

function resultLine(answer: RegisterSystemResponse, leaseMs: number | undefined, dryRun: boolean): string {
  const id = answer.system?.id ?? '';
  if (dryRun) return `${id} is valid; nothing was changed`;
  // Without a lease nobody needs the registration id, except to remove this very incarnation.
  return leaseMs === undefined
    ? `${id} registered`
    : `${id} registered, registration id ${answer.registrationId}`;
}
