/**
 * The hub in a simulated world, once for each seed (docs/simulation.md). Run by `npm run simulate --`:
 *
 *   --seeds N   runs N seeds, spread over the cores; default 20
 *   --first S   the first of them; default 1
 *   --seed K    runs this one alone
 *   --trace     with --seed: prints everything that happens
 *
 * One line a seed, `seed=N trace=<SHA-256 of all that happened>`: equal seeds give equal lines. Exit code 1 when an
 * invariant did not hold for some seed, or for bad arguments.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { failureText, summaryText } from './report.ts';
import { runSimulation, type SimulationResult } from './simulation.ts';

/** Failing seeds that are shown with their last events; of further ones only the finding. */
const shownWholeMax = 3;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const first = whole('seed', values.seed ?? values.first);
const count = values.seed === undefined ? whole('seeds', values.seeds) : 1;
if (values.trace && values.seed === undefined) {
  console.error('--trace shows one seed: add --seed K');
  process.exit(1);
}

const startedAt = process.hrtime.bigint();
const results: SimulationResult[] = [];
if (values.seed !== undefined) {
  const onLine = (line: string): void => console.log(line);
  show(await runSimulation({ seed: first, ...(values.trace ? { onLine } : {}) }));
} else {
  await runAll();
}
console.log(summaryText(results, Number(process.hrtime.bigint() - startedAt) / 1e9));
process.exitCode = results.some(({ violation }) => violation !== undefined) ? 1 : 0;

/** Runs all seeds, each on the next worker that is free, and shows them in order. */
async function runAll(): Promise<void> {
  const waiting = new Map<number, SimulationResult>();
  const end = first + count;
  let next = first;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
      const give = (): void => worker.postMessage(next < end ? next++ : undefined);
      worker.on('message', (result: SimulationResult) => {
        waiting.set(result.seed, result);
        for (let seed = first + results.length; waiting.has(seed); seed += 1) show(waiting.get(seed)!);
        give();
      });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
      give();
    });
  await Promise.all(Array.from({ length: Math.min(count, availableParallelism()) }, work));
}

function show(result: SimulationResult): void {
  const failed = results.filter(({ violation }) => violation !== undefined).length;
  results.push(result);
  console.log(`seed=${result.seed} trace=${result.trace}`);
  if (result.violation !== undefined) console.log(failureText(result, { whole: failed < shownWholeMax }));
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} is ${JSON.stringify(text)}; it must be a whole number of at least 1`);
  process.exit(1);
}
