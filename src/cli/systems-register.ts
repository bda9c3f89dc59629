import { toJson } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { RegisterSystemResponseSchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { RegisterSystemResponse } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { collect, openHub, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { formatDuration, parseDurationMs } from './duration.ts';
import { printJson, printJsonLine } from './json.ts';
import { keepRegistered } from './registration.ts';
import type { Registration } from './registration.ts';
import { readSystemFile, systemFromFlags } from './system-definition.ts';
import type { SystemDefinition, SystemFlags } from './system-definition.ts';
import { UsageError } from './usage-error.ts';

/** The form of a file, in the help: nobody should have to read the contract for it. */
const fileHelp = `
The file of -f, YAML or JSON: one system, a list, or "systems:" with a list, each as "systems get ID --json" prints it:

  systems:
    - id: ledger_1                 # required: id, type, name, version
      type: ledger
      name: The ledger
      version: 2.1.0
      capabilities: [payments.read, payments.book]
      dependencies: [bank_1, type:audit]           # or {target: {type: audit}, optional: true}
      interfaces:                                  # name: URI, or name: {uri: …, health_check: …, routes: …}
        rest_api: http://ledger.internal:8001
        grpc: grpc://ledger.internal:8002
      labels: {team: payments}
      weight: 2
      zone: eu-1
      lease_ttl: 30s                               # ends unless renewed; leave it out: never`;

const keepLeaseMs = 30_000;

interface RegisterOptions extends HubOptions, SystemFlags {
  readonly file?: string;
  readonly ifAbsent?: boolean;
  readonly dryRun?: boolean;
  readonly keep?: boolean;
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
    .option('--keep', 'stay and renew the lease (default: 30s) until Ctrl-C, then remove the system')
    .option('--if-absent', 'refuse an id that is taken instead of replacing it')
    .option('--dry-run', 'check everything and change nothing');
  withExamples(withJson(withTimeout(command)), [
    'switchyard systems register --id echo --type echo --version 1.0.0 --uri rest=http://127.0.0.1:7801 --uri grpc=127.0.0.1:7802',
    'switchyard systems register -f systems.yaml',
    'switchyard systems register -f systems.yaml --dry-run',
    'switchyard systems register -f systems.yaml --lease 1m --keep',
  ])
    .addHelpText('after', fileHelp)
    .action(async (_flags: unknown, self: Command) => register(cli, self.optsWithGlobals<RegisterOptions>()));
}

async function register(cli: Cli, options: RegisterOptions): Promise<void> {
  const definitions = await definitionsOf(options);
  if (options.keep === true) {
    if (options.dryRun === true || options.ifAbsent === true) {
      throw new UsageError(
        '--keep registers again when a lease is lost; leave out --dry-run and --if-absent',
      );
    }
    await keepAll(cli, options, definitions);
    return;
  }
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

/** Registers every system, renews their leases until the command is interrupted, and removes them. */
async function keepAll(
  cli: Cli,
  options: RegisterOptions,
  definitions: readonly SystemDefinition[],
): Promise<void> {
  const hub = openHub(cli, options);
  const kept: { id: string; registration: Registration }[] = [];
  try {
    for (const { system, leaseMs = keepLeaseMs } of definitions) {
      const { clock, signal } = cli;
      const onRemark = (line: string): void => cli.terminal.remark(line);
      const registration = await keepRegistered({ hub, system, leaseMs, clock, signal, onRemark });
      kept.push({ id: system.id, registration });
      const registrationId = registration.registrationId();
      if (options.json === true)
        printJsonLine(cli.terminal, { event: 'registered', id: system.id, registrationId });
      else {
        cli.terminal.print(
          `${system.id} registered, registration id ${registrationId}, lease of ${formatDuration(leaseMs)} renewed until Ctrl-C`,
        );
      }
    }
    await untilAborted(cli.signal);
  } finally {
    for (const { id, registration } of kept) {
      await registration.deregister();
      if (options.json !== true) cli.terminal.remark(`${id} is let go of`);
    }
    hub.close();
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
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
