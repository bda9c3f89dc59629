// `npm run demo`: a hub and the eleven systems of AIM-OS as real servers, with steady traffic along their dependencies.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { systemClock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/error.ts';
import { breakerLines, followBreakers } from '../../src/cli/breakers-watch.ts';
import { formatDuration, formatTimeOfDay } from '../../src/cli/duration.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { followHealth, healthLines } from '../../src/cli/health-watch.ts';
import { applyCatalog, conflictLines, readCatalogPaths } from '../../src/cli/catalog-plan.ts';
import { connectHub } from '../../src/cli/hub-client.ts';
import type { HubClient } from '../../src/cli/hub-client.ts';
import { createTerminal, paint } from '../../src/cli/terminal.ts';
import { planChaos } from './chaos-plan.ts';
import type { Act } from './chaos-plan.ts';
import { runChaos } from './chaos.ts';
import { readDemoOptions, usage } from './demo-options.ts';
import type { DemoOptions } from './demo-options.ts';
import { startFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { guideLines, revival } from './guide.ts';
import { isFree, startServer } from './processes.ts';
import { createTally } from './tally.ts';
import type { Tally } from './tally.ts';
import { calledTypes, startTraffic } from './traffic.ts';
import type { TrafficCounts } from './traffic.ts';

/** This folder as it is named from where the demo was started, so that printed commands can be pasted. */
const folder = relative(process.cwd(), import.meta.dirname);
const hubPort = 7700;
/** Without `--duration` the acts end after an hour; the traffic goes on. */
const openEndedChaosMs = 3_600_000;
const terminal = createTerminal(process, readEnvironment(process.env).allowsColour);
const clock = systemClock;

async function main(): Promise<number> {
  const options = readDemoOptions(process.argv.slice(2));
  if (options === undefined) {
    terminal.print(usage);
    return 0;
  }
  const ending = new AbortController();
  process.on('SIGINT', () => ending.abort()).on('SIGTERM', () => ending.abort());
  await using cleanup = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'switchyard-demo-'));
  cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));

  const url = await startHub(dataDir, cleanup);
  const hub = connectHub({ url, timeoutMs: 10_000, signal: ending.signal });
  cleanup.defer(() => hub.close());
  const files = systemFiles(options);
  const policies = [folder, ...(options.chaos === undefined ? [] : [`${folder}/chaos`])];
  await applyFiles(hub, [...files, ...policies.map((path) => `${path}/policies.yaml`)]);
  terminal.print('Starting the systems, REST and gRPC each …');
  const fleet = cleanup.use(
    await startFleet({
      hubUrl: url,
      files,
      control: options.chaos !== undefined,
      signal: ending.signal,
      onEnd: ({ id, file, process: server }, how) => {
        if (isEnding(ending.signal)) return;
        const again = revival(url, file, id);
        log(`${id} (pid ${server.pid}) ended: ${how}. Bring it back: ${again}`);
      },
    }),
  );
  if (isEnding(ending.signal)) return 0;
  await untilHealthy(hub, fleet.systems().length, ending.signal);
  for (const line of guideLines({ terminal, folder, url, systems: fleet.systems(), options })) {
    terminal.print(line);
  }
  const acts = planActs(options, fleet);
  await runDemo({ hub, fleet, options, acts, ending });
  return 0;
}

/** Traffic, chaos and what is seen of them, until the signal aborts; then the summary. */
async function runDemo(demo: {
  readonly hub: HubClient;
  readonly fleet: Fleet;
  readonly options: DemoOptions;
  readonly acts: readonly Act[];
  readonly ending: AbortController;
}): Promise<void> {
  const { hub, fleet, options, acts, ending } = demo;
  const { signal } = ending;
  const tally = createTally();
  const traffic = startTraffic({
    hub,
    systems: fleet.systems().map(({ system }) => system),
    clock,
    signal,
    messagesPerSecond: options.messagesPerSecond,
    onError: errorReporter(),
  });
  if (options.durationMs !== undefined) clock.after(options.durationMs, () => ending.abort());
  const reports = clock.every(30_000, () => log(summary(traffic.counts())));
  await Promise.all([
    logHealth(hub, tally, signal),
    logBreakers(hub, tally, signal),
    runChaos({ acts, fleet, clock, signal, log }),
  ]);
  reports.cancel();
  terminal.print(`\n${summary(traffic.counts())}. Stopping everything that was started.`);
  if (options.chaos !== undefined) {
    for (const line of tally.lines(acts, traffic.counts())) terminal.print(line);
  }
}

/** The catalogs with systems. Chaos has a second system of three types, so that one of each can be in trouble. */
function systemFiles({ replicas, chaos }: DemoOptions): readonly string[] {
  return [
    `${folder}/systems.yaml`,
    ...(replicas ? [`${folder}/replicas.yaml`] : []),
    ...(replicas && chaos !== undefined ? [`${folder}/chaos/replicas.yaml`] : []),
  ];
}

/** The plan of chaos, announced with its seed. Without chaos there are no acts. */
function planActs({ chaos, durationMs }: DemoOptions, fleet: Fleet): readonly Act[] {
  if (chaos === undefined) return [];
  const systems = fleet.systems().map(({ system }) => system);
  const called = calledTypes(systems);
  const plan = {
    ...chaos,
    durationMs: durationMs ?? openEndedChaosMs,
    systems: systems.map(({ id, type }) => ({ id, type, isCalled: called.has(type) })),
  };
  const acts = planChaos(plan);
  const during = durationMs === undefined ? '' : ` --duration ${durationFlag(durationMs)}`;
  const flags = `${during} --every ${durationFlag(chaos.everyMs)}`;
  terminal.print(
    `Chaos with the seed ${chaos.seed}: ${acts.length} acts in ${formatDuration(plan.durationMs)}. ` +
      `The same again: --chaos --seed ${chaos.seed}${flags}${chaos.noMercy ? ' --no-mercy' : ''}`,
  );
  if (acts.length === 0) terminal.print('That is too short for an act; give it --duration 30s or more.');
  return acts;
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

/** Prints every change of health but not what is there at the beginning, until the signal aborts. */
async function logHealth(hub: HubClient, tally: Tally, signal: AbortSignal): Promise<void> {
  await followHealth({ clock, signal }, hub, undefined, (change) => {
    if (change.kind === 'present') return;
    if (change.kind === 'changed' && change.before?.status !== change.item.status) {
      tally.health(change.item.status);
    }
    for (const line of healthLines(terminal, change, clock.now())) terminal.print(line);
  });
}

async function logBreakers(hub: HubClient, tally: Tally, signal: AbortSignal): Promise<void> {
  await followBreakers({ clock, signal }, hub, '', (change) => {
    // Both watches lose the same connection; one of them says so.
    if (change.kind === 'present' || change.kind === 'lost' || change.kind === 'resumed') return;
    if (change.kind === 'changed' && change.before?.state !== change.item.state) {
      tally.breaker(`${change.item.systemId}/${change.item.interface}`, change.item.state);
    }
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

/** A duration as options take it. */
function durationFlag(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
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
