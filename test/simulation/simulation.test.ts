import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { root } from '../root.ts';
import { failureText } from './report.ts';
import { runSimulation } from './simulation.ts';

/** Seeds of the quick run; `npm run simulate -- --seeds 200` runs more, and CI runs that. */
const seeds = Array.from({ length: 20 }, (_, index) => 1001 + index);

const simulate = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['test/simulation/simulate.ts', ...args], { cwd: root, encoding: 'utf8' });

describe('the simulation', () => {
  test.each(seeds)('holds every invariant with seed %i', async (seed) => {
    const result = await runSimulation({ seed });
    expect(failureText(result)).toBe('');
    // Enough happened for that to say something.
    expect(result.messages).toBeGreaterThan(100);
    expect(result.actions).toBeGreaterThan(100);
    expect(result.faults).toBeGreaterThan(20);
  });

  test('leads to the same events with the same seed, and to others with another', async () => {
    const lines: [string[], string[]] = [[], []];
    const first = await runSimulation({ seed: 7, onLine: (line) => lines[0].push(line) });
    const again = await runSimulation({ seed: 7, onLine: (line) => lines[1].push(line) });
    expect(lines[1]).toEqual(lines[0]);
    expect(again).toEqual(first);
    expect((await runSimulation({ seed: 8 })).trace).not.toBe(first.trace);
  });

  test('as a program prints one line a seed in order, the same in one thread and in several, and a summary', async () => {
    const many = simulate('--seeds', '3', '--first', '41');
    expect(many.stderr).toBe('');
    const lines = many.stdout.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual(
      [41, 42, 43].map(
        (seed) => expect.stringMatching(new RegExp(`^seed=${seed} trace=[0-9a-f]{64}$`)) as string,
      ),
    );
    expect(lines[3]).toMatch(
      /^3 seeds, 0 failed; \d+ messages; \d+ attempts; \d+ faults; \d+ virtual minutes in [\d.]+ s$/,
    );
    expect(many.status).toBe(0);

    const one = simulate('--seed', '42', '--trace').stdout.trimEnd().split('\n');
    expect(one.at(-2)).toBe(lines[1]);
    expect(one.length).toBeGreaterThan(1000);
  });

  test.each([
    [['--seeds', '0'], '--seeds is "0"; it must be a whole number of at least 1'],
    [['--seed', 'x'], '--seed is "x"; it must be a whole number of at least 1'],
    [['--trace'], '--trace shows one seed: add --seed K'],
  ])('refuses %j', (args, text) => {
    const { status, stderr } = simulate(...args);
    expect(stderr.trimEnd()).toBe(text);
    expect(status).toBe(1);
  });
});
