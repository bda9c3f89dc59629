/**
 * Goodput under overload: a real hub and a target with a known capacity, offered 0.5, 1, 2 and 4 times what it can do,
 * with and without an adaptive limit; in the same run, in turn. Calls come as an open load: whether earlier ones were
 * answered or not. Run by `npm run bench:goodput`.
 *
 *   --quick        one short round: a first impression within a minute
 *   --check        a moment only, to see that everything works; its numbers mean nothing
 *   --write-docs   puts table and chart into docs/performance.md and docs/pictures
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { create, toBinary } from '@bufbuild/protobuf';
import { Pool } from 'undici';
import { SendMessageRequestSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { createHubClients } from '../test/hub-client.ts';
import { startHub } from '../test/hub-process.ts';
import { root } from '../test/root.ts';
import { drawGoodput } from './goodput-chart.ts';
import { median } from './load.ts';
import { type CallEnd, type OpenRound, runOpenRound } from './open-load.ts';
import { formatRows, nameMachine, writeDocument } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
const plan = flags.check
  ? { rounds: 1, settleMs: 100, durationMs: 300 }
  : flags.quick
    ? { rounds: 1, settleMs: 2000, durationMs: 4000 }
    : { rounds: 3, settleMs: 4000, durationMs: 8000 };

/** 50 requests a second: little enough that hub and load are idle most of the time, and the target alone is overloaded. */
const target = { workers: 4, serviceMs: 80, slowdown: 0.01 };
const capacity = (target.workers * 1000) / target.serviceMs;
const patienceMs = 1000;
const loads = [0.5, 1, 2, 4] as const;
const modes = ['without', 'with'] as const;
type Mode = (typeof modes)[number];

await using hub = await startHub();
const { registry, resilience } = createHubClients(hub.url);
await using pool = createPool(hub.url);
await using targets = {
  without: await startTarget(),
  with: await startTarget(),
  [Symbol.asyncDispose]: stopTargets,
};
for (const mode of modes) {
  const id = `bench.${mode}`;
  const interfaces = [{ name: 'main', uri: targets[mode].uri }];
  await registry.registerSystem({ system: { id, type: 'bench', name: id, version: '1', interfaces } });
}
await resilience.putPolicy({
  policy: { name: 'bench', match: { systemIds: ['bench.with'] }, limits: { adaptive: { enabled: true } } },
});

const rounds: Record<Mode, Map<number, OpenRound[]>> = { without: new Map(), with: new Map() };
for (let round = 0; round < plan.rounds; round += 1) {
  for (const load of loads) {
    for (const mode of modes) {
      await fetch(`${targets[mode].uri}/reset`, { method: 'POST' });
      const perSecond = capacity * load;
      const call = (): Promise<CallEnd> => send(`bench.${mode}`);
      const result = await runOpenRound(call, { perSecond, ...plan });
      rounds[mode].set(load, [...(rounds[mode].get(load) ?? []), result]);
      process.stderr.write(`${load}×, ${mode} a limit: ${result.goodput.toFixed(1)} good a second\n`);
    }
  }
}

const medianOf = (mode: Mode, load: number, pick: (round: OpenRound) => number): number =>
  median((rounds[mode].get(load) ?? []).map(pick));
const head = [
  'offered',
  'limit',
  'good answers',
  'of the peak',
  'p50, p99 of good ones',
  'refused',
  'too late or failed',
];
const goodputs = { without: goodputsOf('without'), with: goodputsOf('with') };
const peak = Math.max(...goodputs.without, ...goodputs.with);
const rows = loads.flatMap((load) =>
  modes.map((mode) => {
    const pick = (of: (round: OpenRound) => number): number => medianOf(mode, load, of);
    const percent = (of: (round: OpenRound) => number): string => `${pick(of).toFixed(0)} %`;
    return [
      `${load}× (${capacity * load} /s)`,
      mode === 'with' ? 'adaptive' : 'none',
      `${pick(({ goodput }) => goodput).toFixed(1)} /s`,
      `${((pick(({ goodput }) => goodput) / peak) * 100).toFixed(0)} %`,
      pick(({ goodput }) => goodput) === 0
        ? '–'
        : `${pick(({ p50Ms }) => p50Ms).toFixed(0)}, ${pick(({ p99Ms }) => p99Ms).toFixed(0)} ms`,
      percent(({ refused, ended }) => (refused / ended) * 100),
      percent(({ failed, ended }) => (failed / ended) * 100),
    ];
  }),
);
const setting =
  `A target of ${target.workers} workers at ${target.serviceMs} ms, ${capacity} requests a second; callers wait ${patienceMs} ms. ` +
  `Measured with ${nameMachine()}; medians of ${plan.rounds} rounds of ${plan.durationMs} ms after ${plan.settleMs} ms to settle, with and without in turn.`;
const table = formatRows(head, rows);
console.log(`\n${table}\n\n${setting}`);
if (!flags.check && goodputs.with.at(-1)! < 0.9 * peak) {
  console.log('At four times the capacity goodput with the adaptive limit is more than 10 % below the peak.');
  process.exitCode = 1;
}
if (flags['write-docs']) {
  writeFileSync(`${root}docs/pictures/goodput.svg`, drawGoodput({ loads, capacity, ...goodputs }));
  const picture =
    '![Good answers a second by offered load: with the adaptive limit a flat line near the capacity, without it almost nothing beyond it](pictures/goodput.svg)';
  writeDocument('goodput', `${picture}\n\n${table}\n\n${setting}`);
}

function goodputsOf(mode: Mode): readonly number[] {
  return loads.map((load) => medianOf(mode, load, ({ goodput }) => goodput));
}

async function send(systemId: string): Promise<CallEnd> {
  const body = toBinary(
    SendMessageRequestSchema,
    create(SendMessageRequestSchema, {
      message: {
        type: 'bench',
        target: { target: { case: 'systemId', value: systemId } },
        contentType: 'application/json',
        payload: { case: 'data', value: Buffer.from('{}') },
      },
    }),
  );
  const response = await pool.request({
    method: 'POST',
    path: '/switchyard.messaging.v1.MessagingService/SendMessage',
    headers: { 'content-type': 'application/proto', 'connect-timeout-ms': String(patienceMs) },
    body,
  });
  const text = await response.body.text();
  if (response.statusCode === 200) return 'answered';
  if (text.includes('CONCURRENCY_LIMITED') || text.includes('BREAKER_OPEN')) return 'refused';
  if (/CONNECT_FAILED|DEADLINE_EXCEEDED|OUTCOME_UNKNOWN|MESSAGE_EXPIRED|deadline_exceeded/.test(text))
    return 'failed';
  throw new Error(`SendMessage: ${response.statusCode} ${text}`);
}

function createPool(url: string) {
  // One connection a call in flight, so that none waits for another.
  const pool = new Pool(url, { connections: 1024, pipelining: 1 });
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() });
}

async function startTarget() {
  const { workers, serviceMs, slowdown } = target;
  const args = [
    'bench/goodput-target.ts',
    '--workers',
    `${workers}`,
    '--service-ms',
    `${serviceMs}`,
    '--slowdown',
    `${slowdown}`,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { ...(JSON.parse(line) as { uri: string }), child };
}

async function stopTargets(): Promise<void> {
  for (const mode of modes) {
    const { child } = targets[mode];
    const exited = once(child, 'exit');
    child.stdin.end();
    await exited;
  }
}
