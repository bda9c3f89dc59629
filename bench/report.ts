import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { root } from '../test/root.ts';
import { median, type Round } from './load.ts';

/** All rounds of one scenario at one number in flight; direct and hub rounds taken in turn. */
export interface Measurement {
  readonly target: string;
  readonly inFlight: number;
  readonly direct: readonly Round[];
  readonly hub: readonly Round[];
  /** CPU time of the hub's process per call, all its threads, in µs; not a number where the system does not tell. */
  readonly hubCpuUs: number;
}

/** Where and how it was measured. */
export interface Setting {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** Whether hub and load had a core each. */
  readonly pinned: boolean;
  readonly rounds: number;
  readonly durationMs: number;
}

export function describeSetting(options: Pick<Setting, 'pinned' | 'rounds' | 'durationMs'>): Setting {
  return { ...thisMachine(), ...options };
}

type Machine = Pick<Setting, 'node' | 'cpu' | 'cores' | 'memoryGib'>;

function thisMachine(): Machine {
  const cores = cpus();
  return {
    node: process.versions.node,
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
  };
}

/** `Node 24.1.0 on 2 cores (AMD EPYC), 24 GiB`. */
export function nameMachine({ node, cpu, cores, memoryGib }: Machine = thisMachine()): string {
  return `Node ${node} on ${cores} cores (${cpu}), ${memoryGib} GiB`;
}

/** The measurements as a Markdown table; each number is the median over the rounds, the ratio that of the rounds' own ratios. */
export function formatTable(measurements: readonly Measurement[]): string {
  const head = [
    'target',
    'in flight',
    'direct',
    'hub',
    'hub / direct',
    'direct p50, p99',
    'hub p50, p99',
    'hub CPU a call',
  ];
  const rows = measurements.map(({ target, inFlight, direct, hub, hubCpuUs }) => {
    const ratios = hub.map(
      (round, index) => round.requestsPerSecond / (direct[index]?.requestsPerSecond ?? Number.NaN),
    );
    return [
      target,
      String(inFlight),
      `${perSecond(direct)} /s`,
      `${perSecond(hub)} /s`,
      median(ratios).toFixed(2),
      times(direct),
      times(hub),
      Number.isFinite(hubCpuUs) ? `${hubCpuUs.toFixed(0)} µs` : '?',
    ];
  });
  return formatRows(head, rows);
}

/** A Markdown table, its columns aligned: the first to the left, the numbers to the right. */
export function formatRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** The setting as one sentence. */
export function formatSetting({ node, cpu, cores, memoryGib, pinned, rounds, durationMs }: Setting): string {
  const place = pinned
    ? 'the hub pinned to one core, target and load together on another'
    : 'hub, target and load sharing all cores';
  return `Measured with ${nameMachine({ node, cpu, cores, memoryGib })}; ${place}; medians of ${rounds} rounds of ${durationMs} ms each, direct and hub in turn.`;
}

function perSecond(rounds: readonly Round[]): string {
  return median(rounds.map((round) => round.requestsPerSecond)).toFixed(0);
}

function times(rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number): string => median(rounds.map(pick)).toFixed(2);
  return `${of((round) => round.p50Ms)}, ${of((round) => round.p99Ms)} ms`;
}

/** Replaces what stands between the two marks `<!-- NAME:begin … -->` and `<!-- NAME:end -->` of docs/performance.md. */
export function writeDocument(name: string, content: string): void {
  const file = `${root}docs/performance.md`;
  const marks = new RegExp(`(<!-- ${name}:begin[^>]*-->\\n)[\\s\\S]*?(\\n<!-- ${name}:end -->)`);
  const text = readFileSync(file, 'utf8');
  if (!marks.test(text)) throw new Error(`${file} has lost its ${name}:begin and ${name}:end marks`);
  writeFileSync(
    file,
    text.replace(marks, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`),
  );
  console.log('docs/performance.md holds the table now.');
}
