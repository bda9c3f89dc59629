import { type Duration, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { PolicySimulationSchema } from '#gen/switchyard/resilience/v1/simulation_pb.js';
import type { PolicySimulation, SimulatedOutcome } from '#gen/switchyard/resilience/v1/simulation_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { formatDuration, parseDurationMs } from './duration.ts';
import { messageToJson, printJson } from './json.ts';
import { withPositions } from './file-positions.ts';
import { readPolicyFile } from './policy-file.ts';
import { instantText } from './proto-time.ts';
import { renderTable } from './table.ts';
import type { Cell } from './table.ts';
import { paint } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface SimulateOptions extends HubOptions {
  readonly file: string;
  readonly from?: string;
  readonly to?: string;
  readonly seed?: string;
}

/** A simulation of many deliveries takes a while. */
const timeoutDefault = '60s';

/** `switchyard policies simulate`: what a policy would have made of the deliveries that the hub remembers. */
export function addSimulate(policies: Command, cli: Cli): void {
  const simulate = policies
    .command('simulate')
    .description(
      'Runs the deliveries that the hub remembers against a proposed policy, and compares. Sends and changes nothing.',
    )
    .requiredOption('-f, --file <path>', 'YAML or JSON file with the policy, or - for standard input')
    .option(
      '--from <time>',
      'only deliveries from then on: a time (2026-03-01T12:00:00Z), or so long ago (30m)',
    )
    .option('--to <time>', 'only deliveries before then')
    .option('--seed <number>', 'another draw of what is left to chance (default: 0)');
  withExamples(withJson(withTimeout(simulate)), [
    'switchyard policies simulate -f ledger.yaml',
    'switchyard policies simulate -f ledger.yaml --from 30m --seed 2',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<SimulateOptions>();
    const read = await readPolicyFile(options.file);
    const { policy } = read;
    const nowMs = cli.clock.now();
    const request = {
      policy,
      ...(options.from !== undefined && { startTime: timestampFromMs(instantMs(options.from, nowMs)) }),
      ...(options.to !== undefined && { endTime: timestampFromMs(instantMs(options.to, nowMs)) }),
      seed: seedOf(options.seed),
    };
    const { simulation } = await withHub(cli, { timeout: timeoutDefault, ...options }, (hub) =>
      withPositions(read, () => hub.resilience.simulatePolicy(request, hub.call)),
    );
    if (simulation === undefined) throw new Error('the hub answered without a simulation');
    if (options.json === true) printJson(cli.terminal, messageToJson(PolicySimulationSchema, simulation));
    else cli.terminal.print(describeSimulation(cli.terminal, policy.name, simulation));
  });
}

function describeSimulation(terminal: Terminal, name: string, simulation: PolicySimulation): string {
  const { deliveries, matched, startTime, endTime, recorded, current, proposed, assumptions } = simulation;
  if (recorded === undefined || current === undefined || proposed === undefined || deliveries === 0) {
    return 'The hub remembers no delivery of that time that could be simulated.';
  }
  const one = deliveries === 1 ? 'delivery' : 'deliveries';
  return [
    `${deliveries} ${one} from ${instantText(startTime)} to ${instantText(endTime)}; ${name} matches ${matched}.`,
    '',
    renderTable(
      terminal,
      ['', ...['recorded', 'now', 'proposed', 'change'].map((head) => head.padStart(cellWidth))],
      rowsOf({ recorded, current, proposed }),
    ),
    '',
    'recorded: what happened. now: simulated with the policies in force; where it differs from recorded, policies have changed since, or the simulation errs.',
    'proposed: simulated with the proposed policy. change: from now to proposed.',
    '',
    paint(terminal, 'dim', 'It is assumed that:'),
    ...assumptions.map((text) => `- ${text}`),
  ].join('\n');
}

interface Outcomes {
  readonly recorded: SimulatedOutcome;
  readonly current: SimulatedOutcome;
  readonly proposed: SimulatedOutcome;
}

/** What is compared, and whether more of it is better or worse. */
const counts: readonly (readonly [
  name: string,
  of: (outcome: SimulatedOutcome) => number,
  more: 'better' | 'worse' | 'neither',
])[] = [
  ['delivered', ({ delivered }) => delivered, 'better'],
  ['failed', ({ failed }) => failed, 'worse'],
  ['  outcome unknown', ({ unknown }) => unknown, 'worse'],
  ['attempts', ({ attempts }) => attempts, 'neither'],
  ['  retries', ({ retries }) => retries, 'neither'],
  ['refused by limits', ({ refusals }) => refusals, 'neither'],
  ['breakers opened', ({ breakerOpens }) => breakerOpens, 'neither'],
  ['answered by fallbacks', ({ fallbacks }) => fallbacks, 'neither'],
  ['answered by the cache', ({ cached }) => cached, 'neither'],
];

const latencies: readonly (readonly [
  name: string,
  of: (outcome: SimulatedOutcome) => Duration | undefined,
])[] = [
  ['latency, 50 of 100', ({ latencyP50 }) => latencyP50],
  ['latency, 95 of 100', ({ latencyP95 }) => latencyP95],
  ['latency, 99 of 100', ({ latencyP99 }) => latencyP99],
];

function rowsOf({ recorded, current, proposed }: Outcomes): readonly (readonly Cell[])[] {
  const rows: (readonly Cell[])[] = counts.map(([name, of, more]) => {
    const [was, now, then] = [of(recorded), of(current), of(proposed)];
    return [name, ...[was, now, then].map((value) => right(String(value))), change(then - now, String, more)];
  });
  for (const [name, of] of latencies) {
    const [was, now, then] = [recorded, current, proposed].map((outcome) => msOf(of(outcome)));
    const cells = [was, now, then].map((ms) => right(formatDuration(ms ?? 0)));
    rows.push([name, ...cells, change((then ?? 0) - (now ?? 0), formatDuration, 'worse')]);
  }
  const reasons = new Set([recorded, current, proposed].flatMap(({ reasons }) => Object.keys(reasons)));
  for (const reason of [...reasons].sort()) {
    const [was = 0, now = 0, then = 0] = [recorded, current, proposed].map(({ reasons }) => reasons[reason]);
    const cells = [was, now, then].map((value) => right(String(value)));
    rows.push([reason, ...cells, change(then - now, String, 'worse')]);
  }
  return rows;
}

/** Wide enough for every head and nearly every value, so that numbers stand below one another. */
const cellWidth = 9;

function right(text: string): string {
  return text.padStart(cellWidth);
}

function change(by: number, format: (size: number) => string, more: 'better' | 'worse' | 'neither'): Cell {
  if (by === 0) return right('-');
  const text = right(`${by > 0 ? '+' : '-'}${format(Math.abs(by))}`);
  if (more === 'neither') return text;
  return { text, colour: by > 0 === (more === 'better') ? 'green' : 'red' };
}

/** Not durationMs, which rounds to whole milliseconds. */
function msOf(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** An instant as people write it: RFC 3339, or a duration before now. */
function instantMs(text: string, nowMs: number): number {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const timeMs = Date.parse(text);
    if (!Number.isNaN(timeMs)) return timeMs;
  } else if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text)) return nowMs - parseDurationMs(text);
  throw new UsageError(
    `"${text}" is not a time: write an instant such as 2026-03-01T12:00:00Z, or how long ago, such as 30m`,
  );
}

function seedOf(text = '0'): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new UsageError(`"${text}" is not a seed: write a whole number`);
}
