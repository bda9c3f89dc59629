import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SmoothWeights, type Weighted } from './balancer-weights.ts';

const systems = (weights: Readonly<Record<string, number>>): Weighted[] =>
  Object.entries(weights).map(([systemId, effectiveWeight]) => ({ systemId, effectiveWeight }));

/** Who has the next `turns` turns. */
function take(weights: SmoothWeights, pool: readonly Weighted[], turns: number, group = 'g'): string[] {
  return Array.from({ length: turns }, () => pool[weights.order(group, pool, true)[0]!]!.systemId);
}

function count(turns: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const systemId of turns) counts[systemId] = (counts[systemId] ?? 0) + 1;
  return counts;
}

const anyWeights = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 12 }), {
  minKeys: 1,
  maxKeys: 6,
});
const sumOf = (weights: Readonly<Record<string, number>>): number =>
  Object.values(weights).reduce((sum, weight) => sum + weight, 0);

describe('smooth weighted round robin', () => {
  test('weights 5, 1, 1 give a a b a c a a, as nginx does, and again', () => {
    const weights = new SmoothWeights();
    const pool = systems({ a: 5, b: 1, c: 1 });
    expect(take(weights, pool, 14).join(' ')).toBe('a a b a c a a a a b a c a a');
  });

  test('gives everybody exactly its share over each cycle', () => {
    fc.assert(
      fc.property(anyWeights, fc.integer({ min: 1, max: 3 }), (shares, cycles) => {
        const weights = new SmoothWeights();
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          expect(count(take(weights, systems(shares), sumOf(shares)))).toEqual({ ...shares });
        }
      }),
    );
  });

  test('at no time is anybody further from its share than half as many turns as there are systems', () => {
    fc.assert(
      fc.property(anyWeights, (shares) => {
        const turns = take(new SmoothWeights(), systems(shares), 2 * sumOf(shares));
        for (let length = 1; length <= turns.length; length += 1) {
          const counts = count(turns.slice(0, length));
          for (const [systemId, weight] of Object.entries(shares)) {
            const fair = (length * weight) / sumOf(shares);
            expect(Math.abs((counts[systemId] ?? 0) - fair)).toBeLessThanOrEqual(
              Object.keys(shares).length / 2,
            );
          }
        }
      }),
    );
  });

  test('the failover order is whose turns come next', () => {
    const weights = new SmoothWeights();
    const pool = systems({ a: 5, b: 2, c: 1 });
    expect(weights.order('g', pool, true).map((place) => pool[place]!.systemId)).toEqual(['a', 'b', 'c']);
    expect(weights.order('g', pool, true).map((place) => pool[place]!.systemId)).toEqual(['b', 'a', 'c']);
  });

  test('a look takes no turn, and each group has turns of its own', () => {
    const weights = new SmoothWeights();
    const pool = systems({ a: 1, b: 1 });
    expect([weights.order('g', pool, false)[0], weights.order('g', pool, false)[0]]).toEqual([0, 0]);
    expect([take(weights, pool, 1, 'g'), take(weights, pool, 1, 'h'), take(weights, pool, 1, 'g')]).toEqual([
      ['a'],
      ['a'],
      ['b'],
    ]);
  });

  test('systems that come and go, and weights that change, give nobody a run of turns, and shares hold soon after', () => {
    const step = fc.record({
      present: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }),
      weights: fc.record({
        a: fc.constantFrom(1, 5, 0.1),
        b: fc.constantFrom(1, 3),
        c: fc.constantFrom(2, 0.5),
        d: fc.constant(1),
        e: fc.constantFrom(1, 1000),
      }),
      turns: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const weights = new SmoothWeights();
        for (const { present, weights: of, turns } of steps) {
          take(weights, systems(Object.fromEntries(present.map((id) => [id, of[id]]))), turns);
        }
        // However they came to be where they are, everybody's credit is within one sum of the weights: 6 turns.
        const pool = systems({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 });
        const counts = count(take(weights, pool, 60));
        for (const { systemId } of pool) expect(Math.abs(counts[systemId]! - 10)).toBeLessThanOrEqual(6);
      }),
    );
  });

  test('begins all groups anew when there is one more than it keeps', () => {
    const weights = new SmoothWeights(2);
    const pool = systems({ a: 1, b: 1 });
    for (const group of ['x', 'y', 'z']) take(weights, pool, 1, group);
    expect(['x', 'y', 'z'].map((group) => weights.order(group, pool, false)[0])).toEqual([0, 0, 1]);
  });
});
