import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EjectionPool, type PoolMember } from './ejection-pool.ts';
import { ejectionsAllowed } from './ejection-rules.ts';
import type { EjectionConfig } from './policy.ts';
import { defaultPolicy } from './policy-fields.ts';

const second = 1000;

/** A pool of `size` systems, `s0`, `s1`, …, all of them well, on a clock of its own. */
function createPool(size: number, changes: Partial<EjectionConfig> = {}) {
  const config: EjectionConfig = { ...defaultPolicy.ejection, ...changes };
  const members: { systemId: string; usable: boolean }[] = [];
  const pool = new EjectionPool('ledger', config, (): readonly PoolMember[] => members);
  for (let number = 0; number < size; number += 1) {
    members.push({ systemId: `s${number}`, usable: true });
    pool.enter(`s${number}`);
  }
  let nowMs = 0;
  const calls = (systemId: string, signal: 'success' | 'failure', count: number): string[] =>
    Array.from({ length: count }, () => pool.record(systemId, signal, () => nowMs))
      .flatMap(({ ejected }) => ejected)
      .map((ejection) => ejection.systemId);
  return {
    pool,
    members,
    calls,
    /** What the pool changes until `ms` later, as `+` for those who went and `-` for those who are back. */
    pass(ms: number): string[] {
      const endMs = nowMs + ms;
      const changed: string[] = [];
      for (let next = pool.nextMs; next !== undefined && next <= endMs; next = pool.nextMs) {
        nowMs = Math.max(nowMs, next);
        const { ejected, returned } = pool.pass(nowMs);
        changed.push(
          ...returned.map(({ systemId }) => `-${systemId}`),
          ...ejected.map(({ systemId }) => `+${systemId}`),
        );
      }
      nowMs = endMs;
      return changed;
    },
    out: (): string[] => [...pool.ejections()].map(({ systemId }) => systemId),
    configure: (next: Partial<EjectionConfig>) => pool.configure({ ...config, ...next }, nowMs),
  };
}

/** One interval: `bad` systems of `size` fail every call, the others none; each gets 100 calls. */
function interval(fleet: ReturnType<typeof createPool>, bad: number): void {
  for (const [number, { systemId }] of fleet.members.entries()) {
    fleet.calls(systemId, number < bad ? 'failure' : 'success', 100);
  }
}

describe('pools of every size', () => {
  // The table of docs/resilience.md.
  test.each<[size: number, bad: number, byFailuresInARow: number, bySuccessRate: number, all: number]>([
    [1, 1, 0, 0, 0],
    [2, 1, 1, 0, 1],
    [2, 2, 1, 0, 1],
    [3, 1, 1, 0, 1],
    [3, 2, 1, 0, 2],
    [3, 3, 1, 0, 2],
    [10, 1, 1, 1, 1],
    [10, 2, 1, 1, 2],
    [10, 3, 1, 0, 3],
    [10, 9, 1, 0, 9],
    [10, 10, 1, 0, 9],
  ])(
    'of %d with %d bad: %d go by failures in a row, %d by success rate, %d if all may go',
    (size, bad, byFailuresInARow, bySuccessRate, all) => {
      const byFailures = createPool(size, { consecutiveFailures: 5, deviations: 0 });
      interval(byFailures, bad);
      expect(byFailures.pool.out).toBe(byFailuresInARow);

      const byRate = createPool(size);
      interval(byRate, bad);
      byRate.pass(10 * second);
      expect(byRate.pool.out).toBe(bySuccessRate);

      const unbounded = createPool(size, { consecutiveFailures: 5, deviations: 0, maxShare: 1 });
      interval(unbounded, bad);
      expect(unbounded.pool.out).toBe(all);
    },
  );

  test('the last usable one never goes, even where others are registered', () => {
    const fleet = createPool(10, { consecutiveFailures: 5, maxShare: 1 });
    for (const member of fleet.members.slice(1)) member.usable = false;
    expect(fleet.calls('s0', 'failure', 50)).toEqual([]);
    fleet.members[7]!.usable = true;
    expect(fleet.calls('s0', 'failure', 5)).toEqual(['s0']);
    expect(fleet.calls('s7', 'failure', 50)).toEqual([]);
  });
});

describe('failures in a row', () => {
  test('take a system out at the number set; a success between begins anew', () => {
    const fleet = createPool(3, { consecutiveFailures: 3 });
    expect(fleet.calls('s0', 'failure', 2)).toEqual([]);
    expect(fleet.calls('s0', 'success', 1)).toEqual([]);
    expect(fleet.calls('s0', 'failure', 2)).toEqual([]);
    expect(fleet.calls('s0', 'failure', 1)).toEqual(['s0']);
    expect([...fleet.pool.ejections()]).toMatchObject([
      { rule: 'consecutive_failures', cause: '3 failures in a row' },
    ]);
  });

  test('say nothing by default: that is the breaker’s work', () => {
    const fleet = createPool(3);
    expect(fleet.calls('s0', 'failure', 1000)).toEqual([]);
  });

  test('ignored calls say nothing', () => {
    const fleet = createPool(3, { consecutiveFailures: 3 });
    for (let call = 0; call < 100; call += 1) fleet.pool.record('s0', 'ignored', () => 0);
    expect(fleet.pool.nextMs).toBeUndefined();
    fleet.calls('s0', 'failure', 2);
    fleet.pool.record('s0', 'ignored', () => 0);
    expect(fleet.calls('s0', 'failure', 1)).toEqual(['s0']);
  });
});

describe('success rates', () => {
  test('are compared when the interval ends, and the cause says how', () => {
    const fleet = createPool(10);
    interval(fleet, 1);
    expect(fleet.pass(9 * second)).toEqual([]);
    expect(fleet.pass(second)).toEqual(['+s0']);
    expect([...fleet.pool.ejections()]).toMatchObject([
      {
        rule: 'success_rate',
        cause: 'success rate 0.0 %, where 10 systems have 90.0 % on average and 33.0 % is the least',
        sinceMs: 10 * second,
        untilMs: 40 * second,
      },
    ]);
  });

  test('are not compared among fewer systems than set, nor with fewer calls', () => {
    const four = createPool(10);
    for (const { systemId } of four.members.slice(1, 4)) four.calls(systemId, 'success', 100);
    four.calls('s0', 'failure', 100);
    for (const { systemId } of four.members.slice(4)) four.calls(systemId, 'success', 99);
    expect(four.pass(10 * second)).toEqual([]);
    // What was counted then is not counted again.
    interval(four, 0);
    expect(four.pass(10 * second)).toEqual([]);
  });

  test('the worst goes when only one may', () => {
    const fleet = createPool(20, { maxShare: 0.05 });
    for (const { systemId } of fleet.members.slice(2)) fleet.calls(systemId, 'success', 100);
    for (const [systemId, failures] of [
      ['s0', 50],
      ['s1', 80],
    ] as const) {
      fleet.calls(systemId, 'failure', failures);
      fleet.calls(systemId, 'success', 100 - failures);
    }
    expect(fleet.pass(10 * second)).toEqual(['+s1']);
  });
});

describe('the time out', () => {
  test('grows each time, and shrinks by one for each interval without', () => {
    const fleet = createPool(3, { consecutiveFailures: 1, deviations: 0 });
    const timeOut = (): number => {
      fleet.calls('s0', 'failure', 1);
      const [out] = [...fleet.pool.ejections()];
      const ms = out!.untilMs - out!.sinceMs;
      fleet.pass(ms);
      expect(fleet.out()).toEqual([]);
      return ms / second;
    };
    expect([timeOut(), timeOut(), timeOut()]).toEqual([30, 60, 90]);
    // Three times so far. Two intervals later one is left, so this is the second.
    fleet.pass(20 * second);
    expect(timeOut()).toBe(60);
    fleet.pass(3600 * second);
    expect(timeOut()).toBe(30);
  });

  test('is at most the longest, after which good conduct shows soon', () => {
    const fleet = createPool(3, {
      consecutiveFailures: 1,
      deviations: 0,
      baseTimeMs: second,
      maxTimeMs: 3 * second,
    });
    for (let time = 0; time < 20; time += 1) {
      fleet.calls('s0', 'failure', 1);
      const [out] = [...fleet.pool.ejections()];
      expect(out!.untilMs - out!.sinceMs).toBeLessThanOrEqual(3 * second);
      expect(out!.times).toBeLessThanOrEqual(3);
      fleet.pass(3 * second);
    }
  });

  test('does not grow by what happens meanwhile, and the system begins afresh afterwards', () => {
    const fleet = createPool(3, { consecutiveFailures: 3, deviations: 0 });
    expect(fleet.calls('s0', 'failure', 500)).toEqual(['s0']);
    expect(fleet.pass(30 * second)).toEqual(['-s0']);
    expect(fleet.calls('s0', 'failure', 2)).toEqual([]);
  });
});

describe('what changes around it', () => {
  test('a pool that shrinks brings those back who would be first', () => {
    const fleet = createPool(10, { consecutiveFailures: 1, deviations: 0, maxShare: 0.3 });
    for (const systemId of ['s0', 's1', 's2']) {
      expect(fleet.calls(systemId, 'failure', 1)).toEqual([systemId]);
      fleet.pass(second);
    }
    for (const { systemId } of fleet.members.splice(4)) fleet.pool.forget(systemId);
    expect(fleet.pool.resize().returned.map(({ systemId }) => systemId)).toEqual(['s0', 's1']);
    expect(fleet.out()).toEqual(['s2']);
  });

  test('other settings end what they would not have begun', () => {
    const fleet = createPool(10, { consecutiveFailures: 1, deviations: 0, maxShare: 0.5 });
    fleet.calls('s0', 'failure', 1);
    fleet.calls('s1', 'failure', 1);
    expect(fleet.configure({ maxTimeMs: 10 * second, maxShare: 0.5 }).returned).toEqual([]);
    expect(fleet.pass(10 * second)).toEqual(['-s0', '-s1']);
    fleet.configure({ consecutiveFailures: 1, maxShare: 0.5 });
    fleet.calls('s0', 'failure', 1);
    expect(fleet.configure({ maxShare: 0 }).returned).toHaveLength(1);
    expect(fleet.pool.isOff).toBe(true);
  });

  test('a rule that is turned off gives back whom it took out', () => {
    const fleet = createPool(10, { consecutiveFailures: 200, maxShare: 0.5 });
    fleet.calls('s0', 'failure', 200);
    interval({ ...fleet, members: fleet.members.slice(1) }, 1);
    fleet.pass(fleet.pool.nextMs!);
    expect(fleet.out()).toEqual(['s0', 's1']);
    expect(fleet.configure({ consecutiveFailures: 0 }).returned).toMatchObject([{ systemId: 's0' }]);
    expect(fleet.configure({ consecutiveFailures: 0, deviations: 0 }).returned).toMatchObject([
      { systemId: 's1' },
    ]);
  });

  test('a pool without calls has nothing to do, and one without failures soon has not', () => {
    const fleet = createPool(3);
    expect(fleet.pool.nextMs).toBeUndefined();
    fleet.calls('s0', 'success', 1);
    expect(fleet.pool.nextMs).toBe(10 * second);
    fleet.pass(20 * second);
    expect(fleet.pool.nextMs).toBeUndefined();
  });
});

describe('whatever happens', () => {
  const id = fc.integer({ min: 0, max: 5 }).map((number) => `s${number}`);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('fail' as const), id, count: fc.nat(8) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('succeed' as const), id, count: fc.nat(8) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), id }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('break' as const), id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mend' as const), id }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('set' as const), maxShare: fc.constantFrom(0, 0.1, 0.5, 1) }),
    },
  );
  const settings = fc.record({
    consecutiveFailures: fc.constantFrom(0, 1, 3),
    deviations: fc.constantFrom(0, 0.5, 1.9),
    minimumSystems: fc.constant(3),
    minimumCalls: fc.constantFrom(1, 5),
    maxShare: fc.constantFrom(0.1, 0.34, 0.5, 1),
    baseTimeMs: fc.constantFrom(1000, 7000),
    maxTimeMs: fc.constantFrom(5000, 30_000),
    intervalMs: fc.constantFrom(1000, 10_000),
  });

  test('never too many are out, never all, one is left that was usable, and all are back in time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        settings,
        fc.array(step, { maxLength: 80 }),
        (size, set, steps) => {
          const fleet = createPool(size, set);
          const { pool, members } = fleet;
          let maxShare: number = set.maxShare;
          const has = (systemId: string): boolean => members.some((member) => member.systemId === systemId);
          const check = (): void => {
            expect(pool.out).toBe(fleet.out().length);
            expect(pool.out).toBeLessThanOrEqual(ejectionsAllowed(maxShare, members.length));
            if (members.length > 0) expect(pool.out).toBeLessThan(members.length);
            for (const { sinceMs, untilMs } of pool.ejections()) {
              expect(untilMs - sinceMs).toBeLessThanOrEqual(set.maxTimeMs);
            }
          };
          for (const one of steps) {
            const before = new Set(fleet.out());
            switch (one.do) {
              case 'fail':
              case 'succeed':
                fleet.calls(one.id, one.do === 'fail' ? 'failure' : 'success', one.count);
                break;
              case 'pass':
                fleet.pass(one.ms);
                break;
              case 'join':
                if (has(one.id)) break;
                members.push({ systemId: one.id, usable: true });
                pool.enter(one.id);
                break;
              case 'leave':
                members.splice(0, members.length, ...members.filter(({ systemId }) => systemId !== one.id));
                pool.forget(one.id);
                pool.resize();
                break;
              case 'break':
              case 'mend':
                for (const member of members)
                  if (member.systemId === one.id) member.usable = one.do === 'mend';
                break;
              case 'set':
                ({ maxShare } = one);
                fleet.configure({ ...set, maxShare });
            }
            check();
            const out = fleet.out();
            if (out.some((systemId) => !before.has(systemId))) {
              expect(members.some(({ systemId, usable }) => usable && !out.includes(systemId))).toBe(true);
            }
          }
          // Failures stop: the interval is judged, everybody is back within the longest time, and the pool comes to rest.
          fleet.pass(set.intervalMs + set.maxTimeMs);
          expect(fleet.out()).toEqual([]);
          fleet.pass(40 * set.intervalMs);
          expect(pool.nextMs).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});
