import { create } from '@bufbuild/protobuf';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import type { Command } from 'commander';
import { systemRandom } from '../base/random.ts';
import { collect, commandName, openHub, withExamples, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { parseDurationMs } from './duration.ts';
import { behaviourFromFlags, createBehaviourSwitch } from './echo-behaviour.ts';
import type { BehaviourFlags } from './echo-behaviour.ts';
import { parseControlPort, startEchoControl } from './echo-control.ts';
import type { ReceivedMessage } from './echo-http.ts';
import { defaultAddresses, startEchoServers } from './echo-servers.ts';
import { connectionFlags } from './connection.ts';
import { printJsonLine } from './json.ts';
import { keepRegistered } from './registration.ts';
import { readSystemFile } from './system-definition.ts';
import type { SystemDefinition } from './system-definition.ts';
import { printable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface EchoOptions extends HubOptions, BehaviourFlags {
  readonly listen?: string;
  readonly grpcListen?: string;
  readonly id?: string;
  readonly type?: string;
  readonly capability?: readonly string[];
  readonly file?: string;
  readonly register?: boolean;
  readonly lease?: string;
  readonly keepRegistered?: boolean;
  readonly quiet?: boolean;
  readonly control?: string;
}

const defaultLeaseMs = 30_000;

/** `switchyard echo`: a system that answers every message with its payload, over REST and gRPC. */
export function addEcho(program: Command, cli: Cli): void {
  const command = program
    .command('echo')
    .description(
      'Serves a system that answers every message with its payload, over REST and gRPC, to try things against.',
    )
    .option(
      '--listen <host:port>',
      `where REST listens; port 0 picks a free one (default: ${defaultAddresses.http})`,
    )
    .option('--grpc-listen <host:port>', `where gRPC listens (default: ${defaultAddresses.grpc})`)
    .option('--id <id>', 'id of the system (default: echo)')
    .option('--type <type>', 'its type (default: echo)')
    .option('--capability <name>', 'something that it can do (repeatable)', collect)
    .option(
      '-f, --file <file>',
      'be the system --id of this file, at the ports of its interfaces when they are free',
    )
    .option('--register', 'register at the hub with a lease, and deregister when stopped')
    .option('--lease <duration>', 'how long the registration outlives a crash (default: 30s)')
    .option('--keep-registered', 'stay registered when stopped, as after a crash')
    .option('--delay-ms <ms>', 'wait before each answer')
    .option('--fail-rate <share>', 'share of messages that fail, 0 to 1')
    .option('--status <code>', 'HTTP status of failures; alone: every message fails (default: 503)')
    .option(
      '--control <port>',
      'take POST /__behaviour on this port of 127.0.0.1, to change the behaviour while it runs; 0 picks a free one',
    )
    .option('--quiet', 'do not print a line for each message')
    .option('--json', 'print JSON: one line when ready, one for each message');
  withExamples(withTimeout(command), [
    'switchyard echo --register',
    'switchyard echo --register --id ledger_1 --type ledger --listen 127.0.0.1:0 --grpc-listen 127.0.0.1:0',
    'switchyard echo --register --status 503          # fails every message: watch its breaker open',
    'switchyard echo -f systems.yaml --id cmc_001 --register',
  ]).action(async (_flags: unknown, self: Command) => echo(cli, self.optsWithGlobals<EchoOptions>()));
}

async function echo(cli: Cli, options: EchoOptions): Promise<void> {
  const { terminal } = cli;
  const definition = await definitionOf(options);
  const behaviour = createBehaviourSwitch(behaviourFromFlags(options));
  const controlPort = options.control === undefined ? undefined : parseControlPort(options.control);
  const leaseMs =
    options.lease === undefined ? (definition.leaseMs ?? defaultLeaseMs) : parseDurationMs(options.lease);
  const hub = openHub(cli, options);
  const face = {
    id: definition.system.id,
    behaviour,
    clock: cli.clock,
    random: systemRandom,
    onMessage: (message: ReceivedMessage) => reportMessage(cli, options, message),
  };
  await using servers = await startEchoServers(face, definition.system, {
    http: options.listen,
    grpc: options.grpcListen,
  });
  const { system } = servers;
  await using control =
    controlPort === undefined
      ? undefined
      : await startEchoControl(controlPort, async (next) => {
          behaviour.set(next);
          await servers.refuse(next.refuses);
        });
  const registration =
    options.register === true
      ? await keepRegistered({
          hub,
          system,
          leaseMs,
          clock: cli.clock,
          signal: cli.signal,
          onRemark: (line) => terminal.remark(line),
        })
      : undefined;
  if (options.json === true) {
    printJsonLine(terminal, {
      event: 'ready',
      id: system.id,
      pid: process.pid,
      http: servers.http,
      grpc: servers.grpc,
      ...(control !== undefined && { control: control.url }),
    });
  } else {
    terminal.print(`echo ${system.id} listening on ${servers.http} and ${servers.grpc}`);
    if (control !== undefined) {
      terminal.print(`Change how it behaves: curl --json '{"status": 503}' ${control.url} ({} ends it)`);
    }
    for (const line of nextSteps(system, options, registration === undefined ? undefined : hub.url))
      terminal.print(line);
  }
  await untilAborted(cli.signal);
  if (options.keepRegistered !== true) await registration?.deregister();
  hub.close();
}

async function definitionOf(options: EchoOptions): Promise<SystemDefinition> {
  if (options.file === undefined) {
    const id = options.id ?? 'echo';
    const system = create(SystemSchema, {
      id,
      type: options.type ?? 'echo',
      name: `Echo ${id}`,
      version: '1.0.0',
      capabilities: [...(options.capability ?? ['echo'])],
      interfaces: [
        { name: 'rest_api', protocol: Protocol.HTTP, uri: `http://${defaultAddresses.http}` },
        { name: 'grpc', protocol: Protocol.GRPC, uri: `grpc://${defaultAddresses.grpc}` },
      ],
    });
    return { system };
  }
  if (options.type !== undefined || options.capability !== undefined) {
    throw new UsageError('-f describes the system; leave out --type and --capability');
  }
  const definitions = await readSystemFile(options.file);
  const ids = definitions.map(({ system }) => system.id);
  const wanted = options.id ?? (ids.length === 1 ? ids[0] : undefined);
  const definition = definitions.find(({ system }) => system.id === wanted);
  if (definition === undefined) {
    throw new UsageError(`name one system of ${options.file} with --id: ${ids.slice(0, 50).join(', ')}`);
  }
  return definition;
}

function reportMessage(cli: Cli, options: EchoOptions, message: ReceivedMessage): void {
  if (options.quiet === true) return;
  if (options.json === true) printJsonLine(cli.terminal, { event: 'message', ...message });
  else {
    const from = message.source === '' ? '' : ` from ${message.source}`;
    const again = message.attempt > 1 ? `, attempt ${message.attempt}` : '';
    cli.terminal.print(
      printable(`${message.type}${from} over ${message.over}: ${message.status}${again} (${message.id})`),
    );
  }
}

/** `hubUrl`: where it is registered, if it is. */
function nextSteps(system: System, options: EchoOptions, hubUrl: string | undefined): readonly string[] {
  const hubFlag = connectionFlags(options);
  const send = `  ${commandName()} send system:${system.id} --type greeting --json '{"hello": "world"}'${hubFlag}`;
  if (hubUrl !== undefined) {
    return [
      `Registered at ${hubUrl}. Try next, in another terminal:`,
      send,
      `  ${commandName()} explain type:${system.type} --type greeting${hubFlag}`,
      `  ${commandName()} health --watch${hubFlag}`,
    ];
  }
  const uris = system.interfaces.map(({ name, uri }) => `--uri ${name}=${uri}`).join(' ');
  return [
    'Try next, in another terminal:',
    `  ${commandName()} systems register --id ${system.id} --type ${system.type} --version ${system.version} ${uris}${hubFlag}`,
    send,
  ];
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
