import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { BalancerCandidate } from './balancer-candidate.ts';
import { Balancer, type BalancerOptions, type Balancing } from './balancer.ts';
import { LoadBoard } from './load-board.ts';
import { balanceStrategies, type BalanceStrategy } from './policy.ts';

const candidate = (systemId: string, weight = 1): BalancerCandidate => ({
  systemId,
  interface: 'rest',
  weight,
  effectiveWeight: weight,
});
const idle: BalancerOptions['loads'] = { inFlight: () => 0, latencyMs: () => 0 };

function boardOf(loads: Record<string, { inFlight?: number; latencyMs?: number }>): BalancerOptions['loads'] {
  return {
    inFlight: ({ systemId }) => loads[systemId]?.inFlight ?? 0,
    latencyMs: ({ systemId }) => loads[systemId]?.latencyMs ?? 0,
  };
}

const balancingOf = (strategy: BalanceStrategy, rest: Partial<Balancing> = {}): Balancing => ({
  strategy,
  group: 'type:t',
  take: true,
  hashKey: undefined,
  hashLoadFactor: 1.25,
  ...rest,
});
const ids = (candidates: readonly BalancerCandidate[]): string =>
  candidates.map(({ systemId }) => systemId).join('');

/** How often each is the first choice in `calls` calls. */
function firstChoices(
  candidates: readonly BalancerCandidate[],
  strategy: BalanceStrategy,
  board: BalancerOptions['loads'] = idle,
  calls = 6000,
): Record<string, number> {
  const balancer = new Balancer({ loads: board, random: seededRandom(7) });
  const counts = Object.fromEntries(candidates.map(({ systemId }) => [systemId, 0]));
  for (let call = 0; call < calls; call += 1) {
    const [first] = balancer.order(candidates, balancingOf(strategy)).order;
    counts[first!.systemId]! += 1;
  }
  return counts;
}

const anyInput = fc.record({
  candidates: fc.uniqueArray(
    fc.record({
      systemId: fc.string({ minLength: 1, maxLength: 3 }),
      interface: fc.constant('rest'),
      weight: fc.constant(1),
      effectiveWeight: fc.constantFrom(0, 1, 1, 1, 2, 0.5, 10),
    }),
    { selector: ({ systemId }) => systemId, maxLength: 12 },
  ),
  strategy: fc.constantFrom(...balanceStrategies),
  seed: fc.integer(),
  turns: fc.nat(20),
  hashKey: fc.option(fc.string(), { nil: undefined }),
  loads: fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.record({ inFlight: fc.nat(5) })),
});

test('every order holds each candidate once, those without weight last, and leaves the input alone', () => {
  fc.assert(
    fc.property(anyInput, ({ candidates, strategy, seed, turns, hashKey, loads }) => {
      const before = candidates.slice();
      const orders = [1, 2].map(() => {
        const balancer = new Balancer({ loads: boardOf(loads), random: seededRandom(seed) });
        for (let turn = 0; turn < turns; turn += 1)
          balancer.order(candidates, balancingOf(strategy, { hashKey }));
        return balancer.order(candidates, balancingOf(strategy, { hashKey })).order;
      });
      const [order, again] = orders;
      expect(new Set(order)).toEqual(new Set(candidates));
      expect(order).toHaveLength(candidates.length);
      expect(candidates).toEqual(before);
      const weights = order!.map(({ effectiveWeight }) => (effectiveWeight > 0 ? 1 : 0));
      expect(weights).toEqual([...weights].sort().reverse());
      expect(again).toEqual(order);
    }),
  );
});

test('a dry run takes no turn', () => {
  for (const strategy of ['LEAST_LOADED', 'ROUND_ROBIN', 'WEIGHTED'] as const) {
    const pool = [candidate('a', 2), candidate('b', 2), candidate('c', 2)];
    const firsts = (dryRuns: number): string => {
      const balancer = new Balancer({ loads: idle, random: { next: () => 0 } });
      return Array.from({ length: 6 }, () => {
        for (let run = 0; run < dryRuns; run += 1)
          balancer.order(pool, balancingOf(strategy, { take: false }));
        return balancer.order(pool, balancingOf(strategy)).order[0]!.systemId;
      }).join('');
    };
    expect(firsts(3)).toBe(firsts(0));
  }
});

test('candidates that all lack weight share the traffic', () => {
  for (const strategy of balanceStrategies) {
    const counts = firstChoices([candidate('a', 0), candidate('b', 0)], strategy);
    for (const count of Object.values(counts)) expect(count / 3000).toBeCloseTo(1, 1);
  }
});

describe('LEAST_LOADED', () => {
  test('of two, the one with fewer calls in flight comes first, whatever the latency', () => {
    const board = boardOf({ a: { inFlight: 2, latencyMs: 1 }, b: { inFlight: 1, latencyMs: 900 } });
    expect(firstChoices([candidate('a'), candidate('b')], 'LEAST_LOADED', board)).toEqual({ a: 0, b: 6000 });
  });

  test('with the same number in flight the faster one comes first', () => {
    const board = boardOf({ a: { latencyMs: 100 }, b: { latencyMs: 50 } });
    expect(firstChoices([candidate('a'), candidate('b')], 'LEAST_LOADED', board)).toEqual({ a: 0, b: 6000 });
  });

  test('latencies that differ by noise are a tie', () => {
    const board = boardOf({ a: { latencyMs: 10 }, b: { latencyMs: 11 } });
    const counts = firstChoices([candidate('a'), candidate('b')], 'LEAST_LOADED', board);
    expect(counts).toEqual({ a: 3000, b: 3000 });
  });

  test('two that tie take turns', () => {
    const balancer = new Balancer({ loads: idle, random: seededRandom(3) });
    const firsts = [0, 1, 2, 3, 4, 5].map(
      () => balancer.order([candidate('a'), candidate('b')], balancingOf('LEAST_LOADED')).order[0]?.systemId,
    );
    expect(firsts.join('')).toBe('ababab');
  });

  test('many that tie all get their share', () => {
    const systems = ['a', 'b', 'c', 'd', 'e', 'f'];
    const counts = firstChoices(
      systems.map((id) => candidate(id)),
      'LEAST_LOADED',
    );
    for (const id of systems) expect(counts[id]! / 1000).toBeCloseTo(1, 0.7);
  });

  test('the busiest of many never comes first, an idle one nearly always twice as often as by chance', () => {
    const board = boardOf({
      a: { inFlight: 9 },
      b: { inFlight: 3 },
      c: { inFlight: 3 },
      d: { inFlight: 0 },
    });
    const counts = firstChoices(
      ['a', 'b', 'c', 'd'].map((id) => candidate(id)),
      'LEAST_LOADED',
      board,
    );
    expect(counts['a']).toBe(0);
    // It wins whenever it is drawn: two of four are.
    expect(counts['d']! / 3000).toBeCloseTo(1, 1);
  });

  test('a system counts its load over its weight', () => {
    const board = boardOf({ a: { inFlight: 3 }, b: { inFlight: 2 } });
    expect(firstChoices([candidate('a', 2), candidate('b', 1)], 'LEAST_LOADED', board)['b']).toBe(0);
  });

  test('idle systems share by weight', () => {
    const counts = firstChoices([candidate('a', 3), candidate('b', 1)], 'LEAST_LOADED');
    expect(counts['a']! / 4500).toBeCloseTo(1, 1);
  });

  test('calls that overlap spread over the systems, by weight', () => {
    let nowMs = 0;
    const board = new LoadBoard({ clock: { monotonic: () => nowMs } });
    const balancer = new Balancer({ loads: board, random: seededRandom(11) });
    const candidates = [candidate('a', 2), candidate('b', 1), candidate('c', 1)];
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const flying: (() => void)[] = [];
    for (let turn = 0; turn < 4000; turn += 1) {
      nowMs += 1;
      const [first] = balancer.order(candidates, balancingOf('LEAST_LOADED')).order;
      counts[first!.systemId]! += 1;
      const settle = board.begin(first!);
      flying.push(() => settle('answered'));
      if (flying.length > 40) flying.shift()?.();
    }
    expect(counts['a']! / 2000).toBeCloseTo(1, 0.7);
    expect(counts['b']! / 1000).toBeCloseTo(1, 0.7);
    expect(counts['c']! / 1000).toBeCloseTo(1, 0.7);
  });

  test('a slow system gets less, and is tried again once its average has decayed', () => {
    let nowMs = 0;
    const board = new LoadBoard({ clock: { monotonic: () => nowMs } });
    const balancer = new Balancer({ loads: board, random: seededRandom(5) });
    const latencyMs: Record<string, number> = { a: 10, b: 200 };
    const counts: Record<string, number> = { a: 0, b: 0 };
    for (let turn = 0; turn < 5000; turn += 1) {
      const [first] = balancer.order([candidate('a'), candidate('b')], balancingOf('LEAST_LOADED')).order;
      counts[first!.systemId]! += 1;
      const settle = board.begin(first!);
      nowMs += latencyMs[first!.systemId]!;
      settle('answered');
    }
    expect(counts['b']).toBeGreaterThan(1);
    expect(counts['b']).toBeLessThan(100);
  });
});

describe('ROUND_ROBIN', () => {
  test('goes round, the next ones standing by for failover', () => {
    const balancer = new Balancer({ loads: idle, random: seededRandom(1) });
    const orders = [0, 1, 2, 3].map(() =>
      ids(
        balancer.order(
          ['a', 'b', 'c'].map((id) => candidate(id)),
          balancingOf('ROUND_ROBIN'),
        ).order,
      ),
    );
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  test('gives each its share by weight over any stretch of calls', () => {
    const candidates = [candidate('a', 5), candidate('b', 2), candidate('c', 1)];
    fc.assert(
      fc.property(fc.nat(2000), (start) => {
        const balancer = new Balancer({ loads: idle, random: seededRandom(1) });
        const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
        for (let turn = 0; turn < start + 80; turn += 1) {
          const [first] = balancer.order(candidates, balancingOf('ROUND_ROBIN')).order;
          if (turn >= start) counts[first!.systemId]! += 1;
        }
        expect(Math.abs(counts['a']! - 50)).toBeLessThanOrEqual(4);
        expect(Math.abs(counts['b']! - 20)).toBeLessThanOrEqual(4);
        expect(Math.abs(counts['c']! - 10)).toBeLessThanOrEqual(4);
      }),
      { numRuns: 30 },
    );
  });

  test('each target goes round by itself', () => {
    const balancer = new Balancer({ loads: idle, random: seededRandom(1) });
    const firsts = ['x', 'y', 'x', 'y'].map(
      (group) =>
        balancer.order([candidate('a'), candidate('b')], balancingOf('ROUND_ROBIN', { group })).order[0]!
          .systemId,
    );
    expect(firsts.join('')).toBe('aabb');
  });
});

describe('RANDOM', () => {
  test('draws by weight', () => {
    const counts = firstChoices([candidate('a', 3), candidate('b', 2), candidate('c', 1)], 'RANDOM');
    expect(counts['a']! / 3000).toBeCloseTo(1, 1);
    expect(counts['b']! / 2000).toBeCloseTo(1, 1);
    expect(counts['c']! / 1000).toBeCloseTo(1, 0.7);
  });

  test('the failover order is random too', () => {
    const balancer = new Balancer({ loads: idle, random: seededRandom(2) });
    const seen = new Set<string>();
    for (let turn = 0; turn < 300; turn += 1) {
      seen.add(
        ids(
          balancer.order(
            ['a', 'b', 'c'].map((id) => candidate(id)),
            balancingOf('RANDOM'),
          ).order,
        ),
      );
    }
    expect(seen.size).toBe(6);
  });
});

describe('a system in slow start', () => {
  const cold = (systemId: string, share: number): BalancerCandidate => ({
    ...candidate(systemId),
    effectiveWeight: share,
  });

  test.each(['LEAST_LOADED', 'ROUND_ROBIN', 'RANDOM', 'WEIGHTED'] as const)(
    'gets its part of the calls under %s, and not those of the others',
    (strategy) => {
      // 1 of 3.1 shares.
      const counts = firstChoices([candidate('a'), candidate('b'), candidate('c'), cold('d', 0.1)], strategy);
      expect(counts['d']! / (6000 / 31)).toBeGreaterThan(0.7);
      expect(counts['d']! / (6000 / 31)).toBeLessThan(1.3);
    },
  );

  test('does not draw all calls because it is idle, or because nothing is known of its latency', () => {
    const busy = boardOf({ a: { inFlight: 1, latencyMs: 40 } });
    const counts = firstChoices([candidate('a'), cold('b', 0.1)], 'LEAST_LOADED', busy);
    expect(counts['b']! / 6000).toBeLessThan(0.12);
    const quiet = boardOf({ a: { latencyMs: 40 } });
    const quietCounts = firstChoices([candidate('a'), cold('b', 0.1)], 'LEAST_LOADED', quiet);
    expect(quietCounts['b']! / 6000).toBeLessThan(0.12);
  });

  test('helps when the others are so busy that its part is worth a call', () => {
    const board = boardOf({ a: { inFlight: 12 } });
    expect(firstChoices([candidate('a'), cold('b', 0.1)], 'LEAST_LOADED', board)['b']).toBe(6000);
  });
});
