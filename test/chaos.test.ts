import { expect, test } from 'vitest';
import type { Act } from '../examples/aim-os/chaos-plan.ts';
import { runChaos } from '../examples/aim-os/chaos.ts';
import type { ChaosRun } from '../examples/aim-os/chaos.ts';
import { createFakeClock } from '../src/base/fake-clock.ts';

const acts: readonly Act[] = [
  { systemId: 'a', fault: { kind: 'gone' }, startMs: 1_000, endMs: 9_000 },
  { systemId: 'b', fault: { kind: 'failing', status: 502 }, startMs: 2_000, endMs: 8_000 },
  { systemId: 'c', fault: { kind: 'slow', delayMs: 700 }, startMs: 3_000, endMs: 12_300 },
];

function createRun(fleet: Partial<ChaosRun['fleet']> = {}) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const done: string[] = [];
  const ending = new AbortController();
  const run = runChaos({
    acts,
    clock,
    signal: ending.signal,
    log: (text) => lines.push(text),
    fleet: {
      kill: async (id) => void done.push(`kill ${id}`),
      revive: async (id) => {
        done.push(`revive ${id}`);
        return { process: { pid: 7 } };
      },
      behave: async (id, behaviour) => void done.push(`${id} ${JSON.stringify(behaviour)}`),
      ...fleet,
    },
  });
  return { clock, lines, done, ending, run };
}

test('acts begin and end at their offsets, each in one line, and are carried out', async () => {
  const { clock, lines, done, run } = createRun();
  await clock.advance(2_500);
  expect(lines).toEqual([
    'chaos +  1.0 s  a is killed for 8.0 s',
    'chaos +  2.0 s  b fails every message with 502 for 6.0 s',
  ]);
  await clock.advance(10_000);
  await run;
  expect(lines.slice(2)).toEqual([
    'chaos +  3.0 s  c answers after 700 ms for 9.3 s',
    'chaos +  8.0 s  b fails no more',
    'chaos +  9.0 s  a is started again',
    'a has registered again (pid 7)',
    'chaos + 12.3 s  c answers at once again',
  ]);
  expect(done).toEqual(['kill a', 'b {"status":502}', 'c {"delay_ms":700}', 'b {}', 'revive a', 'c {}']);
});

test('a system that takes long is not ended before its act has begun', async () => {
  const killed = Promise.withResolvers<undefined>();
  const { clock, done, run } = createRun({ kill: () => killed.promise });
  await clock.advance(20_000);
  expect(done).not.toContain('revive a');
  killed.resolve(undefined);
  await run;
  expect(done).toContain('revive a');
});

test('what cannot be done is said, and the others go on', async () => {
  const { clock, lines, done, run } = createRun({ kill: () => Promise.reject(new Error('no such process')) });
  await clock.advance(20_000);
  await run;
  expect(lines).toContain('chaos could not be done to a: no such process');
  expect(done).toContain('b {}');
});

test('it ends when the signal aborts, after what is under way', async () => {
  const killed = Promise.withResolvers<undefined>();
  const { clock, lines, ending, run } = createRun({ kill: () => killed.promise });
  await clock.advance(1_500);
  ending.abort();
  killed.resolve(undefined);
  await run;
  expect(lines).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});
