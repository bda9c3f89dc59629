/**
 * What the hub costs: SendMessage through it against calling the same target directly, in the same run, in turn. Run by
 * `npm run bench`; results go to bench/results.
 *
 *   --quick        short rounds: a first impression within half a minute
 *   --check        a moment only, to see that everything works; its numbers mean nothing
 *   --write-docs   puts the table into docs/performance.md
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createHubClients } from '../test/hub-client.ts';
import { startHub } from '../test/hub-process.ts';
import { root } from '../test/root.ts';
import { runRound, type Round } from './load.ts';
import { describeSetting, formatSetting, formatTable, type Measurement, writeDocument } from './report.ts';
import { createScenarios } from './scenarios.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
const plan = flags.check
  ? { rounds: 1, durationMs: 100, warmUpMs: 50 }
  : flags.quick
    ? { rounds: 5, durationMs: 300, warmUpMs: 500 }
    : { rounds: 7, durationMs: 2000, warmUpMs: 3000 };
const systems = { http: 'bench.http', grpc: 'bench.grpc' };

/** With taskset and two cores that this process may use, the hub has the first to itself. */
const pinned = [0, 1].every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0);
const onCore = (core: number): string[] => (pinned ? ['taskset', '-c', String(core)] : []);
if (pinned) spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)]);

await using hub = await startHub({ launcher: onCore(0) });
await using target = await startTarget();
const { registry } = createHubClients(hub.url);
for (const [kind, id] of Object.entries(systems)) {
  const uri = kind === 'http' ? target.uris.http : target.uris.grpc;
  const system = { id, type: 'bench', name: id, version: '1', interfaces: [{ name: 'main', uri }] };
  await registry.registerSystem({ system });
}
await using scenarios = createScenarios({ hubUrl: hub.url, target: target.uris, systems });

const measurements: Measurement[] = [];
for (const { target: name, direct, hub: throughHub } of scenarios.list) {
  for (const inFlight of [1, 64]) {
    await runRound(direct, { inFlight, durationMs: plan.warmUpMs });
    await runRound(throughHub, { inFlight, durationMs: plan.warmUpMs });
    const rounds: { direct: Round[]; hub: Round[] } = { direct: [], hub: [] };
    let cpuMs = 0;
    for (let round = 0; round < plan.rounds; round += 1) {
      rounds.direct.push(await runRound(direct, { inFlight, durationMs: plan.durationMs }));
      const before = cpuTimeMs(hub.pid);
      rounds.hub.push(await runRound(throughHub, { inFlight, durationMs: plan.durationMs }));
      cpuMs += cpuTimeMs(hub.pid) - before;
    }
    const calls = rounds.hub.reduce((sum, round) => sum + round.calls, 0);
    measurements.push({ target: name, inFlight, ...rounds, hubCpuUs: (cpuMs * 1000) / calls });
    process.stderr.write(`${name}, ${inFlight} in flight: done\n`);
  }
}

const setting = describeSetting({ pinned, rounds: plan.rounds, durationMs: plan.durationMs });
const table = formatTable(measurements);
console.log(`\n${table}\n\n${formatSetting(setting)}`);
if (!flags.check) {
  mkdirSync(`${root}bench/results`, { recursive: true });
  const now = new Date();
  const file = `bench/results/${now.toISOString().replaceAll(':', '-')}.json`;
  writeFileSync(root + file, `${JSON.stringify({ time: now, setting, measurements }, undefined, 2)}\n`);
  console.log(`All rounds: ${file}`);
}
if (flags['write-docs']) writeDocument('bench', `${table}\n\n${formatSetting(setting)}`);

/** CPU time that a process has used so far, in ms, by /proc (ticks of 10 ms); not a number where there is none. */
function cpuTimeMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function startTarget() {
  const command = [...onCore(1), process.execPath, 'bench/target.ts'];
  const child = spawn(command[0]!, command.slice(1), { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    uris: JSON.parse(line) as { http: string; grpc: string },
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
