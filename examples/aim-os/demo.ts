// `npm run demo`: a hub and the eleven systems of AIM-OS as real servers, with steady traffic along their dependencies.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { systemClock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/error.ts';
import { breakerLines, followBreakers } from '../../src/cli/breakers-watch.ts';
import { formatTimeOfDay } from '../../src/cli/duration.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { followHealth, healthLines } from '../../src/cli/health-watch.ts';
import { applyCatalog, conflictLines, readCatalogPaths } from '../../src/cli/catalog-plan.ts';
import { connectHub } from '../../src/cli/hub-client.ts';
import type { HubClient } from '../../src/cli/hub-client.ts';
import { readSystemFile } from '../../src/cli/system-definition.ts';
import { renderTable } from '../../src/cli/table.ts';
import { createTerminal, paint } from '../../src/cli/terminal.ts';
import { isFree, startServer } from './processes.ts';
import type { ServerProcess } from './processes.ts';
import { startTraffic } from './traffic.ts';
import type { TrafficCounts } from './traffic.ts';

const usage = `Usage: npm run demo -- [options]

  --seconds N      end after N seconds with a summary (default: run until Ctrl-C)
  --no-replica     eleven systems only, without the second Context Memory Core
  --rate N         messages a second (default: 10)
`;

/** This folder as it is named from where the demo was started, so that printed commands can be pasted. */
const folder = relative(process.cwd(), import.meta.dirname);
const hubPort = 7700;
/** Systems that start at the same time; more would only get in each other's way. */
const startsAtOnce = 4;
const terminal = createTerminal(process, readEnvironment(process.env).allowsColour);
const clock = systemClock;

interface DemoSystem {
  readonly id: string;
  readonly system: System;
  readonly file: string;
  readonly process: ServerProcess;
  readonly http: string;
  readonly grpc: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      rate: { type: 'string', default: '10' },
      'no-replica': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    terminal.print(usage);
    return 0;
  }
  const seconds = values.seconds === undefined ? undefined : positive('--seconds', values.seconds);
  const rate = positive('--rate', values.rate);

  const ending = new AbortController();
  process.on('SIGINT', () => ending.abort()).on('SIGTERM', () => ending.abort());
  await using cleanup = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'switchyard-demo-'));
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));

  const url = await startHub(dataDir, cleanup);
  const hub = connectHub({ url, timeoutMs: 10_000, signal: ending.signal });
  cleanup.defer(() => hub.close());
  const files = [`${folder}/systems.yaml`, ...(values['no-replica'] ? [] : [`${folder}/replicas.yaml`])];
  await applyFiles(hub, [...files, `${folder}/policies.yaml`]);
  const systems = await startSystems(url, files, cleanup, ending.signal);
  if (isEnding(ending.signal)) return 0;
  await untilHealthy(hub, systems.length, ending.signal);
  printGuide(url, systems);

  for (const { id, file, process: server } of systems) {
    void server.ended.then((how) => {
      if (isEnding(ending.signal)) return;
      log(`${id} (pid ${server.pid}) ended: ${how}. Bring it back: ${revival(url, file, id)}`);
    });
  }
  const traffic = startTraffic({
    hub,
    systems: systems.map(({ system }) => system),
    clock,
    signal: ending.signal,
    messagesPerSecond: rate,
    onError: errorReporter(),
  });
  if (seconds !== undefined) clock.after(seconds * 1000, () => ending.abort());
  const reports = clock.every(30_000, () => log(summary(traffic.counts())));
  await Promise.all([logHealth(hub, ending.signal), logBreakers(hub, ending.signal)]);
  reports.cancel();
  terminal.print(`\n${summary(traffic.counts())}. Stopping everything that was started.`);
  return 0;
}

async function startHub(dataDir: string, cleanup: AsyncDisposableStack): Promise<string> {
  const port = (await isFree(hubPort)) ? hubPort : 0;
  if (port === 0) terminal.print(`Port ${hubPort} is taken; the demo's hub takes a free one.`);
  const listen = ['--listen', `127.0.0.1:${port}`];
  const prefix = 'switchyard listening on ';
  const hub = await startServer(
    ['serve', ...listen, '--data-dir', dataDir, '--config', `${folder}/hub/config.yaml`],
    (line) => line.startsWith(prefix),
  );
  cleanup.defer(() => hub.stop());
  const url = hub.readyLine.slice(prefix.length).trim();
  terminal.print(`The hub listens on ${url} (pid ${hub.pid}).`);
  return url;
}

/** Applies the files as one catalog: what the systems are, and how messages to them are delivered. */
async function applyFiles(hub: HubClient, files: readonly string[]): Promise<void> {
  for (const read of await readCatalogPaths(files)) {
    const plan = await applyCatalog(hub, read, { prune: false, validateOnly: false });
    for (const line of conflictLines(plan)) terminal.remark(line);
    const { name, systems, policies } = read.catalog;
    terminal.print(`Applied the catalog ${name}: ${systems.length} systems, ${policies.length} policies.`);
  }
}

/** Starts every system of the files as a server of its own that registers itself. */
async function startSystems(
  url: string,
  files: readonly string[],
  cleanup: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<readonly DemoSystem[]> {
  const wanted: { id: string; system: System; file: string }[] = [];
  for (const file of files) {
    for (const { system } of await readSystemFile(file)) wanted.push({ id: system.id, system, file });
  }
  terminal.print(`Starting ${wanted.length} systems, REST and gRPC each …`);
  const systems: DemoSystem[] = [];
  const queue = [...wanted];
  const startNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !isEnding(signal); next = queue.shift()) {
      const server = await startServer(
        [
          'echo',
          '-f',
          next.file,
          '--id',
          next.id,
          '--hub',
          url,
          '--register',
          '--keep-registered',
          '--quiet',
          '--json',
        ],
        (line) => line.startsWith('{'),
      );
      cleanup.defer(() => server.stop());
      const { http, grpc } = JSON.parse(server.readyLine) as { http: string; grpc: string };
      systems.push({ ...next, process: server, http, grpc });
    }
  };
  await Promise.all(Array.from({ length: startsAtOnce }, startNext));
  const order = wanted.map(({ id }) => id);
  return systems.sort((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
}

/** Waits until the hub has found every system well, at most 20 s: the demo goes on without. */
async function untilHealthy(hub: HubClient, count: number, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const healthy = new Set<string>();
  const late = clock.after(20_000, () => enough.abort());
  await followHealth(
    { clock, signal: AbortSignal.any([signal, enough.signal]) },
    hub,
    undefined,
    (change) => {
      if (change.kind !== 'present' && change.kind !== 'changed') return;
      // Every way to reach it, so that the log does not begin with news of old.
      const { systemId, interfaces } = change.item;
      if (interfaces.every(({ status }) => status === HealthStatus.HEALTHY)) healthy.add(systemId);
      if (healthy.size >= count) enough.abort();
    },
  );
  late.cancel();
  if (!isEnding(signal)) terminal.print(`${healthy.size} of ${count} systems are HEALTHY.\n`);
}

function printGuide(url: string, systems: readonly DemoSystem[]): void {
  const rows = systems.map(({ id, process: server, http, grpc }) => [id, http, grpc, `kill ${server.pid}`]);
  terminal.print(renderTable(terminal, ['system', 'rest', 'grpc', 'how to kill it'], rows));
  const address = url.replace('http://', '');
  // With another port than the usual one, every command must be told.
  const hubFlag = url === `http://127.0.0.1:${hubPort}` ? '' : ` --hub ${url}`;
  const replicated = systems.some(({ id }) => id === 'cmc_002');
  const first = systems[0];
  const lines = [
    '',
    'Try next, in a second terminal:',
    '',
    `  npx switchyard status${hubFlag}`,
    `  npx switchyard health --watch${hubFlag}`,
    `  npx switchyard breakers --watch${hubFlag}`,
    `  npx switchyard diff -f ${folder}${hubFlag}`,
    `  npx switchyard explain type:cmc --type data_request --kind query${hubFlag}`,
    `  npx switchyard send type:cmc --type data_request --kind query --json '{"hello": "world"}' --trace${hubFlag}`,
    `  grpcurl -plaintext ${address} list`,
    `  grpcurl -plaintext -d '{"system_id": "apoe_001", "transitive": true}' ${address} switchyard.registry.v1.RegistryService/GetDependencies`,
    `  grpcurl -plaintext ${address} switchyard.health.v1.HealthService/WatchHealth`,
    '',
    ...(first === undefined
      ? []
      : [
          `Then kill ${first.id} and watch its health turn and its breaker open${replicated ? ', while messages to the type cmc go on to cmc_002' : ''}:`,
          '',
          `  kill ${first.process.pid}`,
          '',
          'and bring it back, and see the breaker close:',
          '',
          `  ${revival(url, first.file, first.id)}`,
          '',
        ]),
    paint(terminal, 'dim', 'Changes of health and breakers as they happen; Ctrl-C stops everything:'),
  ];
  terminal.print(lines.join('\n'));
}

function revival(url: string, file: string, id: string): string {
  return `npx switchyard echo -f ${file} --id ${id} --register --keep-registered --quiet --hub ${url}`;
}

/** Prints every change of health but not what is there at the beginning, until the signal aborts. */
async function logHealth(hub: HubClient, signal: AbortSignal): Promise<void> {
  await followHealth({ clock, signal }, hub, undefined, (change) => {
    if (change.kind === 'present') return;
    for (const line of healthLines(terminal, change, clock.now())) terminal.print(line);
  });
}

async function logBreakers(hub: HubClient, signal: AbortSignal): Promise<void> {
  await followBreakers({ clock, signal }, hub, '', (change) => {
    // Both watches lose the same connection; one of them says so.
    if (change.kind === 'present' || change.kind === 'lost' || change.kind === 'resumed') return;
    for (const line of breakerLines(terminal, change, clock.now())) terminal.print(line);
  });
}

/** Prints the first failure of a target and reason, then the next one after 10 s at the earliest. */
function errorReporter(): (target: string, reason: string, message: string) => void {
  const quietUntilMs = new Map<string, number>();
  return (target, reason, message) => {
    const key = `${target} ${reason}`;
    if (clock.now() < (quietUntilMs.get(key) ?? 0)) return;
    quietUntilMs.set(key, clock.now() + 10_000);
    log(`a message to ${target} failed: ${reason}: ${message}`);
  };
}

function summary({ calls, errors, retried, byReason }: TrafficCounts): string {
  const reasons = [...byReason].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${calls} calls, ${errors} errors${reasons === '' ? '' : ` (${reasons})`}, ${retried} saved by a retry`;
}

function log(text: string): void {
  terminal.print(`${paint(terminal, 'dim', formatTimeOfDay(clock.now()))}  ${text}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new Error(`${name} "${text}": write a number from 1 to 86400`);
}

function isEnding(signal: AbortSignal): boolean {
  return signal.aborted;
}

try {
  process.exitCode = await main();
} catch (error) {
  terminal.remark(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
