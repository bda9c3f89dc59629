import type { SimulationResult } from './simulation.ts';

/** The command that runs a seed again and shows everything that happens. */
export function replayCommand(seed: number): string {
  return `npm run simulate -- --seed ${seed} --trace`;
}

/** What did not hold for a seed, what happened last, and how to see it again. `whole` false leaves the events out. */
export function failureText(
  { seed, violation }: SimulationResult,
  { whole = true }: { readonly whole?: boolean } = {},
): string {
  if (violation === undefined) return '';
  const { invariant, finding, atSeconds, lastLines } = violation;
  return [
    `seed=${seed} FAILED after ${atSeconds.toFixed(1)} virtual seconds`,
    `  invariant: ${invariant}`,
    `  found:     ${finding}`,
    ...(whole ? ['  the last events:', ...lastLines.map((line) => `    ${line}`)] : []),
    `  replay:    ${replayCommand(seed)}`,
  ].join('\n');
}

/** All runs in one line. */
export function summaryText(results: readonly SimulationResult[], seconds: number): string {
  const sum = (of: (result: SimulationResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const failed = results.filter(({ violation }) => violation !== undefined).length;
  return [
    `${results.length} seeds, ${failed} failed`,
    `${sum(({ messages }) => messages)} messages`,
    `${sum(({ attempts }) => attempts)} attempts`,
    `${sum(({ faults }) => faults)} faults`,
    `${Math.round(sum(({ virtualMs }) => virtualMs) / 60_000)} virtual minutes in ${seconds.toFixed(1)} s`,
  ].join('; ');
}
