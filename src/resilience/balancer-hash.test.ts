import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { Balancer } from './balancer.ts';
import type { BalancerCandidate } from './balancer-candidate.ts';
import { hashText, rendezvousScore } from './rendezvous.ts';

const candidate = (systemId: string, weight = 1): BalancerCandidate => ({
  systemId,
  interface: 'rest',
  weight,
  effectiveWeight: weight,
});
const pool = (ids: readonly string[]): BalancerCandidate[] => ids.map((id) => candidate(id));

function orderOf(
  candidates: readonly BalancerCandidate[],
  key: string,
  options: { readonly calls?: ReadonlyMap<string, number>; readonly loadFactor?: number } = {},
) {
  const loads = {
    inFlight: ({ systemId }: { systemId: string }) => options.calls?.get(systemId) ?? 0,
    latencyMs: () => 0,
  };
  return new Balancer({ loads, random: seededRandom(1) }).order(candidates, {
    strategy: 'CONSISTENT_HASH',
    group: 'g',
    take: true,
    hashKey: key,
    hashLoadFactor: options.loadFactor ?? 1.25,
  });
}
const firstOf = (candidates: readonly BalancerCandidate[], key: string): string =>
  orderOf(candidates, key).order[0]!.systemId;

const anyIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 12 });

describe('consistent hashing', () => {
  test('sends the same key to the same system, in whatever order they are listed', () => {
    fc.assert(
      fc.property(anyIds, fc.string(), fc.integer(), (ids, key, seed) => {
        const random = seededRandom(seed);
        const shuffled = ids.toSorted(() => random.next() - 0.5);
        expect(orderOf(pool(shuffled), key).order.map(({ systemId }) => systemId)).toEqual(
          orderOf(pool(ids), key).order.map(({ systemId }) => systemId),
        );
      }),
    );
  });

  test('moves no key but those of the system that leaves, and each of them to its own next choice', () => {
    fc.assert(
      fc.property(anyIds, fc.string(), fc.nat(), (ids, key, which) => {
        const gone = ids[which % ids.length]!;
        const [first, second] = orderOf(pool(ids), key).order.map(({ systemId }) => systemId);
        const after = firstOf(pool(ids.filter((id) => id !== gone)), key);
        expect(after).toBe(first === gone ? second : first);
      }),
    );
  });

  test('a weight that grows, as in a slow start, draws keys to its system alone', () => {
    fc.assert(
      fc.property(anyIds, fc.string(), fc.double({ min: 0.1, max: 1, noNaN: true }), (ids, key, share) => {
        const [grown] = ids;
        const candidates = pool(ids);
        const cold = candidates.map((one) =>
          one.systemId === grown ? { ...one, effectiveWeight: 0.9 * share } : one,
        );
        const warm = candidates.map((one) =>
          one.systemId === grown ? { ...one, effectiveWeight: share } : one,
        );
        const before = firstOf(cold, key);
        const after = firstOf(warm, key);
        expect([before, grown]).toContain(after);
      }),
    );
  });

  test('gives systems keys by their weights', () => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const candidates = [candidate('a', 3), candidate('b', 2), candidate('c', 1)];
    for (let key = 0; key < 12_000; key += 1) counts[firstOf(candidates, `order-${key}`)]! += 1;
    expect(counts['a']! / 6000).toBeCloseTo(1, 1);
    expect(counts['b']! / 4000).toBeCloseTo(1, 1);
    expect(counts['c']! / 2000).toBeCloseTo(1, 1);
  });

  test('many systems with like names share evenly', () => {
    const ids = Array.from({ length: 20 }, (_, place) => `ledger-${place}`);
    const counts = new Map(ids.map((id) => [id, 0]));
    for (let key = 0; key < 20_000; key += 1) {
      const first = firstOf(pool(ids), String(key));
      counts.set(first, counts.get(first)! + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('a score grows with the weight and is finite for any key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, id) => {
        const light = rendezvousScore(hashText(key), hashText(id), 1);
        const heavy = rendezvousScore(hashText(key), hashText(id), 2);
        expect(Number.isFinite(light)).toBe(true);
        expect(heavy).toBeGreaterThan(light);
      }),
    );
  });
});

describe('the bound on loads', () => {
  test('passes a key on to its next choice once its system is at the bound, and says so', () => {
    const candidates = pool(['a', 'b', 'c', 'd']);
    const [first, second] = orderOf(candidates, 'hot').order.map(({ systemId }) => systemId);
    // 4 calls with this one, 1.25 × 4 ÷ 4 rounded up: two each.
    const calls = new Map([
      [first!, 2],
      [second!, 1],
    ]);
    const { order, passedOver } = orderOf(candidates, 'hot', { calls });
    expect(order[0]!.systemId).toBe(second);
    expect(order.at(-1)!.systemId).toBe(first);
    expect(passedOver).toEqual([first]);
  });

  test('is never passed, however calls come and end, and somebody always has room', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('call' as const), key: fc.constantFrom('hot', 'hot', 'hot', 'b', 'c') }),
      fc.record({ do: fc.constant('end' as const), which: fc.nat() }),
    );
    const weights = fc.array(fc.constantFrom(1, 1, 2, 5, 0.1), { minLength: 2, maxLength: 8 });
    const factor = fc.constantFrom(1, 1.1, 1.25, 2, 10);
    fc.assert(
      fc.property(weights, factor, fc.array(step, { maxLength: 200 }), (each, loadFactor, steps) => {
        const candidates = each.map((weight, place) => candidate(`s${place}`, weight));
        const total = each.reduce((sum, weight) => sum + weight, 0);
        const calls = new Map<string, number>();
        const flying: string[] = [];
        for (const one of steps) {
          if (one.do === 'end') {
            const [ended] = flying.splice(one.which % Math.max(1, flying.length), 1);
            if (ended !== undefined) calls.set(ended, calls.get(ended)! - 1);
            continue;
          }
          const chosen = orderOf(candidates, one.key, { calls, loadFactor }).order[0]!;
          flying.push(chosen.systemId);
          const load = (calls.get(chosen.systemId) ?? 0) + 1;
          calls.set(chosen.systemId, load);
          expect(load).toBeLessThanOrEqual(Math.ceil((loadFactor * flying.length * chosen.weight) / total));
        }
      }),
    );
  });
});
