/**
 * What the chain between edge and transport costs: `Dispatcher.send` through routing, policies, limits, breakers, retry and
 * log, over a transport that answers at once, against calling that transport directly; in the same run, in turn. Run by
 * `npm run bench:chain`.
 *
 *   --check        a moment only, to see that everything works; its numbers mean nothing
 *   --only NAME    one scenario, for a profile: `node --cpu-prof bench/chain.ts --only 'ten systems'`
 *   --write-docs   puts the table into docs/performance.md
 */
import { parseArgs } from 'node:util';
import type { Message } from '../src/base/message.ts';
import type { Target } from '../src/base/target.ts';
import type { Policy, PolicyMatch } from '../src/resilience/policy.ts';
import { createChainFleet, instantTransport } from './chain-fleet.ts';
import { median } from './load.ts';
import { formatRows, nameMachine, writeDocument } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const plan = flags.check
  ? { rounds: 1, calls: 200, warmUpCalls: 200 }
  : { rounds: 15, calls: 20_000, warmUpCalls: 60_000 };

const anything: PolicyMatch = {
  messageTypes: [],
  kinds: [],
  sources: [],
  systemIds: [],
  types: [],
  capabilities: [],
};

/** As a hub in use has them: for everything, for a type, for some message types, and some that match nothing here. */
const policies: readonly Policy[] = [
  { name: 'everything', match: anything, timeoutMs: 30_000 },
  { name: 'bench', match: { ...anything, types: ['bench'] }, breaker: { consecutiveFailures: 10 } },
  {
    name: 'reads',
    match: { ...anything, messageTypes: ['read.*'] },
    repeatSafety: 'SAFE',
    retry: { attempts: 5 },
  },
  { name: 'payments', match: { ...anything, types: ['payments.*'] }, retry: { attempts: 1 } },
  { name: 'reports', match: { ...anything, messageTypes: ['report'] }, timeoutMs: 600_000 },
];

const toSystem: Target = { by: 'system', systemId: 'bench.0' };
const toType: Target = { by: 'type', type: 'bench' };
const scenarios = [
  { name: 'one system', systems: 1, target: toSystem, policies: [], observed: false },
  { name: 'ten systems of a type', systems: 10, target: toType, policies: [], observed: false },
  { name: 'ten systems, five policies', systems: 10, target: toType, policies, observed: false },
  { name: 'one system, with health and metrics', systems: 1, target: toSystem, policies: [], observed: true },
];

const { signal } = new AbortController();
const payload = new Uint8Array(230);
let messages = 0;
const rows: string[][] = [];
for (const scenario of scenarios) {
  if (flags.only !== undefined && flags.only !== scenario.name) continue;
  await using fleet = createChainFleet(scenario);
  const { dispatcher } = fleet.core;
  const direct = (message: Message): Promise<unknown> =>
    instantTransport.send(fleet.endpoint, message, {
      attempt: 1,
      attemptDeadlineMs: message.acceptTimeMs + 20_000,
      deadlineMs: message.acceptTimeMs + 60_000,
      signal,
    });
  const chain = (message: Message): Promise<unknown> =>
    dispatcher.send(message, {
      callerDeadlineMs: message.acceptTimeMs + 30_000,
      timeoutMs: undefined,
      repeatSafety: undefined,
      returnRejections: false,
      signal,
    });
  await cpuUsPerCall(direct, scenario.target, plan.warmUpCalls);
  await cpuUsPerCall(chain, scenario.target, plan.warmUpCalls);
  const directUs: number[] = [];
  const chainUs: number[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    directUs.push(await cpuUsPerCall(direct, scenario.target, plan.calls));
    chainUs.push(await cpuUsPerCall(chain, scenario.target, plan.calls));
  }
  const over = chainUs.map((us, round) => us - directUs[round]!);
  rows.push([scenario.name, ...[directUs, chainUs, over].map((us) => `${median(us).toFixed(2)} µs`)]);
}

const table = formatRows(['delivery', 'direct', 'through the chain', 'the chain'], rows);
const setting = `CPU of the whole process a message, garbage collection included; ${nameMachine()}; medians of ${plan.rounds} rounds of ${plan.calls} messages each, direct and chain in turn.`;
console.log(`${table}\n\n${setting}`);
if (flags['write-docs']) writeDocument('chain', `${table}\n\n${setting}`);

/** Sends messages one after the other, each a new one, and returns the CPU time that each took, in µs. */
async function cpuUsPerCall(
  send: (message: Message) => Promise<unknown>,
  target: Target,
  calls: number,
): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) await send(messageTo(target));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

function messageTo(target: Target): Message {
  const nowMs = Date.now();
  return {
    id: `bench-${(messages += 1)}`,
    source: '',
    target,
    kind: 'REQUEST',
    type: 'read.balance',
    priority: 'NORMAL',
    createTimeMs: nowMs,
    acceptTimeMs: nowMs,
    correlationId: '',
    headers: {},
    contentType: 'application/json',
    data: payload,
    sender: 'anonymous',
    traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
    hops: 1,
  };
}
