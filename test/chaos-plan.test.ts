import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actMsMin, beginningsMax, planChaos, recoveryMs } from '../examples/aim-os/chaos-plan.ts';
import type { ChaosOptions } from '../examples/aim-os/chaos-plan.ts';

const systemsOf = fc
  .uniqueArray(fc.record({ number: fc.nat(19), type: fc.constantFrom('a', 'b', 'c', 'd') }), {
    selector: ({ number }) => number,
    maxLength: 12,
  })
  .map((made) =>
    // Messages go to types, so that a type is called or not as a whole.
    made.map(({ number, type }) => ({ id: `s${number}`, type, isCalled: type < 'c' })),
  );

const optionsOf = (noMercy: boolean): fc.Arbitrary<ChaosOptions> =>
  fc.record({
    seed: fc.nat(0xffff_ffff),
    systems: systemsOf,
    durationMs: fc.integer({ min: 1, max: 600_000 }),
    everyMs: fc.integer({ min: 100, max: 30_000 }),
    noMercy: fc.constant(noMercy),
  });

/** Two pairs and a single that are called, and two that are not. */
const usual: ChaosOptions = {
  seed: 1,
  systems: ['a', 'a', 'b', 'b', 'c', 'd', 'e'].map((type, index) => ({
    id: `${type}${index}`,
    type,
    isCalled: type < 'd',
  })),
  durationMs: 120_000,
  everyMs: 2_000,
  noMercy: false,
};

describe('the plan of chaos', () => {
  test('is the same for the same options, and another for another seed', () => {
    fc.assert(
      fc.property(optionsOf(false), (options) => {
        expect(planChaos(options)).toEqual(planChaos(structuredClone(options)));
      }),
    );
    expect(planChaos(usual)).not.toEqual(planChaos({ ...usual, seed: 2 }));
  });

  test('gives every act its end within the duration, with time to recover, and a system one act at a time', () => {
    fc.assert(
      fc.property(fc.boolean().chain(optionsOf), (options) => {
        const acts = planChaos(options);
        const quietMs = Math.min(recoveryMs, options.durationMs / 4);
        let previousMs = 0;
        const endsMs = new Map<string, number>();
        for (const { systemId, startMs, endMs } of acts) {
          expect(startMs).toBeGreaterThanOrEqual(previousMs);
          expect(endMs - startMs).toBeGreaterThanOrEqual(actMsMin - 100);
          expect(endMs).toBeLessThanOrEqual(options.durationMs - quietMs);
          expect(startMs).toBeGreaterThan(endsMs.get(systemId) ?? -1);
          expect(options.systems.map(({ id }) => id)).toContain(systemId);
          previousMs = startMs;
          endsMs.set(systemId, endMs);
        }
      }),
    );
  });

  test('with mercy lets a system that messages go to recover, and always leaves one of its type well', () => {
    fc.assert(
      fc.property(optionsOf(false), (options) => {
        const acts = planChaos(options);
        for (const { systemId, startMs } of acts) {
          const { isCalled } = options.systems.find(({ id }) => id === systemId)!;
          const before = acts.filter((act) => act.systemId === systemId && act.startMs < startMs);
          if (isCalled)
            expect(Math.max(...before.map(({ endMs }) => endMs)) + recoveryMs).toBeLessThan(startMs);
          const troubled = new Set(
            acts
              .filter((act) => act.startMs <= startMs && act.endMs + recoveryMs >= startMs)
              .map(({ systemId }) => systemId),
          );
          for (const type of ['a', 'b']) {
            const replicas = options.systems.filter((system) => system.type === type);
            if (replicas.length > 0) {
              expect(replicas.filter(({ id }) => !troubled.has(id))).not.toEqual([]);
            }
          }
        }
      }),
    );
  });

  test('without mercy brings down every replica at once', () => {
    const acts = planChaos({ ...usual, noMercy: true });
    const at = acts.filter(({ startMs }) =>
      ['a0', 'a1'].every((id) =>
        acts.some((act) => act.systemId === id && act.startMs <= startMs && act.endMs > startMs),
      ),
    );
    expect(at).not.toEqual([]);
    expect(acts.map(({ systemId }) => systemId)).toContain('c4');
  });

  test('shows every kind of trouble, more often where messages go', () => {
    const acts = planChaos({ ...usual, durationMs: 3_600_000 });
    expect(new Set(acts.map(({ fault }) => fault.kind)).size).toBe(5);
    const called = acts.filter(({ systemId }) => /^[ab]/.test(systemId));
    expect(called.length).toBeGreaterThan(100);
  });

  test('is bounded, and empty where there is no time or nobody', () => {
    const long = { ...usual, durationMs: 30 * 86_400_000, everyMs: 100 };
    expect(planChaos(long).length).toBeLessThanOrEqual(beginningsMax);
    expect(planChaos({ ...usual, durationMs: 5_000 })).toEqual([]);
    expect(planChaos({ ...usual, systems: [] })).toEqual([]);
  });
});
