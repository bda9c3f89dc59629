import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Target, targetToString } from '../base/target.ts';
import { dependencyGraph, targetsMetBy } from './graph.ts';
import { impactOf } from './impact.ts';
import { indexOf, systemsArbitrary } from './random-graph.fixture.ts';
import { needs, systemFixture } from './system.fixture.ts';
import type { System } from './system.ts';

const bySystem = (systemId: string): Target => ({ by: 'system', systemId });
const byType = (type: string): Target => ({ by: 'type', type });

describe('impactOf', () => {
  test('takes along everyone who needs it at any distance, nearest first, and says why', () => {
    const lookup = indexOf(
      systemFixture('cmc', { capabilities: ['memory'] }),
      systemFixture('vif', { dependencies: needs('system:cmc'), capabilities: ['proof'] }),
      systemFixture('apoe', { dependencies: needs('system:vif', 'system:cmc') }),
      systemFixture('mcp', { dependencies: needs('system:apoe') }),
      systemFixture('other'),
    );
    expect(impactOf(lookup, bySystem('cmc'))).toEqual({
      goneIds: ['cmc'],
      impacted: [
        { systemId: 'apoe', distance: 1, target: bySystem('cmc'), becauseId: 'cmc' },
        { systemId: 'vif', distance: 1, target: bySystem('cmc'), becauseId: 'cmc' },
        { systemId: 'mcp', distance: 2, target: bySystem('apoe'), becauseId: 'apoe' },
      ],
      lostCapabilities: ['memory', 'proof'],
    });
  });

  test('spares those whose dependency is optional or met by another provider', () => {
    const lookup = indexOf(
      systemFixture('l1', { type: 'ledger', capabilities: ['book'] }),
      systemFixture('l2', { type: 'ledger', capabilities: ['book'] }),
      systemFixture('shop', { dependencies: needs('type:ledger', 'capability:book') }),
      systemFixture('report', { dependencies: needs('system:l1?') }),
      systemFixture('audit', { dependencies: needs('system:l1') }),
    );
    expect(impactOf(lookup, bySystem('l1'))).toMatchObject({
      impacted: [{ systemId: 'audit' }],
      lostCapabilities: [],
    });
    expect(impactOf(lookup, byType('ledger'))).toEqual({
      goneIds: ['l1', 'l2'],
      impacted: [
        { systemId: 'audit', distance: 1, target: bySystem('l1'), becauseId: 'l1' },
        { systemId: 'shop', distance: 1, target: byType('ledger'), becauseId: 'l1' },
      ],
      lostCapabilities: ['book'],
    });
    expect(impactOf(lookup, { by: 'capability', capability: 'book' }).goneIds).toEqual(['l1', 'l2']);
  });

  test('a type falls when its last provider falls, however late', () => {
    const lookup = indexOf(
      systemFixture('root'),
      systemFixture('l1', { type: 'ledger', dependencies: needs('system:root') }),
      systemFixture('mid', { dependencies: needs('system:root') }),
      systemFixture('l2', { type: 'ledger', dependencies: needs('system:mid') }),
      systemFixture('shop', { dependencies: needs('type:ledger') }),
    );
    expect(impactOf(lookup, bySystem('root')).impacted.at(-1)).toEqual({
      systemId: 'shop',
      distance: 3,
      target: byType('ledger'),
      becauseId: 'l2',
    });
  });

  test('a system that needs a peer of its own type falls with the last peer', () => {
    const lookup = indexOf(
      systemFixture('p1', { type: 'peer', dependencies: needs('type:peer') }),
      systemFixture('p2', { type: 'peer', dependencies: needs('type:peer') }),
      systemFixture('p3', { type: 'peer' }),
    );
    expect(impactOf(lookup, bySystem('p1')).impacted).toEqual([]);
    const pair = indexOf(
      ...['p1', 'p2'].map((id) => systemFixture(id, { type: 'peer', dependencies: needs('type:peer') })),
    );
    expect(impactOf(pair, bySystem('p1')).impacted).toMatchObject([{ systemId: 'p2', becauseId: 'p1' }]);
  });

  test('nobody falls with a type that nobody has, and an unknown id is SYSTEM_NOT_FOUND', () => {
    const lookup = indexOf(systemFixture('shop', { dependencies: needs('type:ledger') }));
    expect(impactOf(lookup, byType('ledger'))).toEqual({ goneIds: [], impacted: [], lostCapabilities: [] });
    expect(() => impactOf(lookup, bySystem('nobody'))).toThrow(
      expect.objectContaining({ reason: 'SYSTEM_NOT_FOUND' }),
    );
  });

  test('goes through a chain of 10,000 systems', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) =>
      systemFixture(`s${at}`, { dependencies: at === 0 ? [] : needs(`system:s${at - 1}`) }),
    );
    const { impacted } = impactOf(indexOf(...chain), bySystem('s0'));
    expect(impacted).toHaveLength(9999);
    expect(impacted.at(-1)).toMatchObject({ systemId: 's9999', distance: 9999 });
  });
});

/** The same answer by the definition: look at everyone again and again until nothing changes. */
function impactByDefinition(systems: readonly System[], gone: ReadonlySet<string>): Map<string, number> {
  const lostAt = new Map([...gone].map((id) => [id, 0]));
  for (let distance = 1; ; distance += 1) {
    const down = new Set(lostAt.keys());
    const meets = (provider: System, dependent: System, target: Target): boolean =>
      (target.by === 'system' || provider.id !== dependent.id) &&
      targetsMetBy(provider).some((met) => targetToString(met) === targetToString(target));
    const falling = systems.filter(
      (system) =>
        !down.has(system.id) &&
        system.dependencies.some(({ target, optional }) => {
          const providers = systems.filter((provider) => meets(provider, system, target));
          return !optional && providers.length > 0 && providers.every(({ id }) => down.has(id));
        }),
    );
    if (falling.length === 0) return lostAt;
    for (const { id } of falling) lostAt.set(id, distance);
  }
}

test('on random graphs: equals the definition, stays within the transitive dependents, and ends', () => {
  fc.assert(
    fc.property(systemsArbitrary({ acyclic: false }), (systems) => {
      const lookup = indexOf(...systems);
      const targets: Target[] = [
        ...systems.map(({ id }) => bySystem(id)),
        ...['a', 'b', 'c'].flatMap((name): Target[] => [
          byType(name),
          { by: 'capability', capability: name },
        ]),
      ];
      for (const target of targets) {
        const impact = impactOf(lookup, target);
        const gone = new Set(impact.goneIds);
        const expected = impactByDefinition(systems, gone);
        for (const id of gone) expected.delete(id);
        expect(new Map(impact.impacted.map(({ systemId, distance }) => [systemId, distance]))).toEqual(
          expected,
        );

        const dependents = new Set(
          impact.goneIds.flatMap((id) =>
            dependencyGraph(lookup, id, { direction: 'DEPENDENTS', transitive: true }).systems.map(
              (each) => each.id,
            ),
          ),
        );
        const distances = new Map([...expected, ...impact.goneIds.map((id) => [id, 0] as const)]);
        for (const { systemId, distance, becauseId, target: lost } of impact.impacted) {
          expect(dependents.has(systemId)).toBe(true);
          expect(distances.get(becauseId)).toBe(distance - 1);
          expect(
            lookup
              .get(systemId)
              ?.dependencies.some(
                (each) => !each.optional && targetToString(each.target) === targetToString(lost),
              ),
          ).toBe(true);
        }
        const working = systems
          .filter(({ id }) => !distances.has(id))
          .flatMap(({ capabilities }) => capabilities);
        const had = systems.flatMap(({ capabilities }) => capabilities);
        const lost = [...new Set(had)].filter((name) => !working.includes(name)).sort();
        expect(impact.lostCapabilities).toEqual(lost);
      }
    }),
  );
});
