import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { targetToString } from '../base/target.ts';
import { type DependencyGraph, dependencyGraph, type Direction } from './graph.ts';
import { indexOf, systemsArbitrary } from './random-graph.fixture.ts';
import { needs, systemFixture } from './system.fixture.ts';
import type { SystemLookup } from './system-index.ts';

function ask(lookup: SystemLookup, id: string, direction: Direction, transitive: boolean): DependencyGraph {
  return dependencyGraph(lookup, id, { direction, transitive });
}
const ids = (graph: DependencyGraph): string[] => graph.systems.map(({ id }) => id);
const arrows = (graph: DependencyGraph): string[] =>
  graph.edges.map(({ fromId, toId, target }) => `${fromId}>${toId} ${targetToString(target)}`);

// The core of the AIM-OS catalog.
const aimOs = indexOf(
  systemFixture('apoe', { dependencies: needs('system:cmc', 'system:hhni', 'system:vif') }),
  systemFixture('mcp', { dependencies: needs('system:cmc', 'system:apoe') }),
  systemFixture('vif', { dependencies: needs('system:cmc') }),
  systemFixture('hhni', { dependencies: needs('system:cmc') }),
  systemFixture('cmc'),
);

describe('dependencyGraph', () => {
  test('lists direct dependencies before those that need them, with the edges among them', () => {
    const graph = ask(aimOs, 'apoe', 'DEPENDENCIES', false);
    expect(ids(graph)).toEqual(['cmc', 'hhni', 'vif']);
    expect(arrows(graph)).toEqual([
      'apoe>cmc system:cmc',
      'apoe>hhni system:hhni',
      'apoe>vif system:vif',
      'hhni>cmc system:cmc',
      'vif>cmc system:cmc',
    ]);
    expect(graph).toMatchObject({ missing: [], cycles: [] });
  });

  test('follows dependencies and dependents to the end when asked', () => {
    expect(ids(ask(aimOs, 'mcp', 'DEPENDENCIES', false))).toEqual(['cmc', 'apoe']);
    expect(ids(ask(aimOs, 'mcp', 'DEPENDENCIES', true))).toEqual(['cmc', 'hhni', 'vif', 'apoe']);
    expect(ids(ask(aimOs, 'hhni', 'DEPENDENTS', false))).toEqual(['apoe']);
    expect(ids(ask(aimOs, 'hhni', 'DEPENDENTS', true))).toEqual(['apoe', 'mcp']);
    expect(arrows(ask(aimOs, 'hhni', 'DEPENDENTS', true))).toEqual([
      'apoe>hhni system:hhni',
      'mcp>apoe system:apoe',
    ]);
    expect(ids(ask(aimOs, 'cmc', 'DEPENDENTS', true))).toEqual(['hhni', 'vif', 'apoe', 'mcp']);
  });

  test('leads a type or capability to every provider, and is missing only when there is none', () => {
    const lookup = indexOf(
      systemFixture('shop', {
        dependencies: needs('type:ledger', 'capability:mail?', 'system:gone', 'type:none?'),
      }),
      systemFixture('l1', { type: 'ledger' }),
      systemFixture('l2', { type: 'ledger' }),
      systemFixture('post', { capabilities: ['mail'], dependencies: needs('type:none') }),
    );
    const direct = ask(lookup, 'shop', 'DEPENDENCIES', false);
    expect(ids(direct)).toEqual(['l1', 'l2', 'post']);
    expect(direct.edges.map(({ toId, optional }) => [toId, optional])).toEqual([
      ['l1', false],
      ['l2', false],
      ['post', true],
    ]);
    expect(direct.missing).toEqual([
      { systemId: 'shop', target: { by: 'system', systemId: 'gone' }, optional: false },
      { systemId: 'shop', target: { by: 'type', type: 'none' }, optional: true },
    ]);
    expect(ask(lookup, 'shop', 'DEPENDENCIES', true).missing.map(({ systemId }) => systemId)).toEqual([
      'post',
      'shop',
      'shop',
    ]);
    expect(ids(ask(lookup, 'l2', 'DEPENDENTS', false))).toEqual(['shop']);
    expect(ask(lookup, 'post', 'DEPENDENTS', true).missing).toEqual([]);
  });

  test('does not let a system meet its own need of a type', () => {
    const alone = systemFixture('p1', { type: 'peer', dependencies: needs('type:peer') });
    expect(ask(indexOf(alone), 'p1', 'DEPENDENCIES', true)).toMatchObject({
      systems: [],
      edges: [],
      missing: [{ systemId: 'p1' }],
    });
    const pair = indexOf(alone, systemFixture('p2', { type: 'peer' }));
    expect(ids(ask(pair, 'p1', 'DEPENDENCIES', true))).toEqual(['p2']);
    expect(ids(ask(pair, 'p1', 'DEPENDENTS', true))).toEqual([]);
  });

  test('shows each ring once, each system needing the next and the last the first', () => {
    const lookup = indexOf(
      systemFixture('a', { dependencies: needs('system:b') }),
      systemFixture('b', { dependencies: needs('system:c') }),
      systemFixture('c', { dependencies: needs('system:a', 'system:d') }),
      systemFixture('d', { dependencies: needs('system:e', 'system:f') }),
      systemFixture('e', { dependencies: needs('system:d') }),
      systemFixture('f', { dependencies: needs('system:d', 'system:f') }),
    );
    const graph = ask(lookup, 'b', 'DEPENDENCIES', true);
    expect(graph.cycles).toEqual([['d', 'e'], ['f'], ['a', 'b', 'c']]);
    expect(ids(graph)).toEqual(['d', 'e', 'f', 'a', 'c']);
  });

  test('says SYSTEM_NOT_FOUND for an id that nobody has', () => {
    expect(() => ask(aimOs, 'nobody', 'DEPENDENCIES', false)).toThrow(
      expect.objectContaining({ reason: 'SYSTEM_NOT_FOUND', metadata: { system_id: 'nobody' } }),
    );
  });

  test('goes through a chain and a ring of 10,000 systems', () => {
    const count = 10_000;
    const chain = Array.from({ length: count }, (_, at) =>
      systemFixture(`s${at}`, { dependencies: at === 0 ? [] : needs(`system:s${at - 1}`) }),
    );
    const graph = ask(indexOf(...chain), `s${count - 1}`, 'DEPENDENCIES', true);
    expect(ids(graph)).toEqual(chain.slice(0, -1).map(({ id }) => id));
    const ring = [systemFixture('s0', { dependencies: needs(`system:s${count - 1}`) }), ...chain.slice(1)];
    const { cycles, systems } = ask(indexOf(...ring), 's5', 'DEPENDENTS', true);
    expect(systems).toHaveLength(count - 1);
    expect(cycles).toHaveLength(1);
    expect(cycles[0]).toHaveLength(count);
  });

  test('refuses an answer of too many edges instead of growing without end', () => {
    const many = Array.from({ length: 40 }, (_, at) =>
      systemFixture(`s${at}`, { type: 'mesh', dependencies: needs('type:mesh') }),
    );
    expect(() =>
      dependencyGraph(indexOf(...many), 's0', {
        direction: 'DEPENDENCIES',
        transitive: true,
        edgesMax: 1000,
      }),
    ).toThrow(expect.objectContaining({ reason: 'ANSWER_TOO_LARGE' }));
    expect(ask(indexOf(...many), 's0', 'DEPENDENTS', true).edges).toHaveLength(40 * 39);
  });
});

describe('dependencyGraph on random graphs', () => {
  test('puts dependencies before dependents in both directions when there is no ring', () => {
    fc.assert(
      fc.property(systemsArbitrary({ acyclic: true }), (systems) => {
        const lookup = indexOf(...systems);
        for (const { id } of systems) {
          for (const direction of ['DEPENDENCIES', 'DEPENDENTS'] as const) {
            for (const transitive of [true, false]) {
              const graph = ask(lookup, id, direction, transitive);
              expect(graph.cycles).toEqual([]);
              const place = new Map(ids(graph).map((each, at) => [each, at]));
              expect(place.has(id)).toBe(false);
              for (const { fromId, toId } of graph.edges) {
                const from = place.get(fromId);
                const to = place.get(toId);
                if (from !== undefined && to !== undefined) expect(to).toBeLessThan(from);
              }
            }
          }
        }
      }),
    );
  });

  test('dependents are the inverse of dependencies, and transitive ones their closure', () => {
    fc.assert(
      fc.property(systemsArbitrary({ acyclic: false }), (systems) => {
        const lookup = indexOf(...systems);
        for (const transitive of [true, false]) {
          const pairs = (direction: Direction): string[] =>
            systems
              .flatMap(({ id }) =>
                ids(ask(lookup, id, direction, transitive)).map((other) =>
                  direction === 'DEPENDENCIES' ? `${id}>${other}` : `${other}>${id}`,
                ),
              )
              .sort();
          expect(pairs('DEPENDENTS')).toEqual(pairs('DEPENDENCIES'));
        }
        const direct = new Map(systems.map(({ id }) => [id, ids(ask(lookup, id, 'DEPENDENCIES', false))]));
        for (const { id } of systems) {
          const reached = new Set<string>();
          const queue = [id];
          for (const each of queue) {
            for (const next of direct.get(each) ?? []) {
              if (!reached.has(next)) queue.push(next);
              reached.add(next);
            }
          }
          reached.delete(id);
          expect(ids(ask(lookup, id, 'DEPENDENCIES', true)).sort()).toEqual([...reached].sort());
        }
      }),
    );
  });

  test('rings are rings of edges, each once, and show every system that can reach itself', () => {
    fc.assert(
      fc.property(systemsArbitrary({ acyclic: false }), (systems) => {
        const lookup = indexOf(...systems);
        for (const { id } of systems) {
          const graph = ask(lookup, id, 'DEPENDENCIES', true);
          const edges = new Set(graph.edges.map(({ fromId, toId }) => `${fromId}>${toId}`));
          for (const ring of graph.cycles) {
            expect(new Set(ring).size).toBe(ring.length);
            ring.forEach((from, at) => expect(edges).toContain(`${from}>${ring[(at + 1) % ring.length]}`));
          }
          expect(new Set(graph.cycles.map((ring) => ring.join())).size).toBe(graph.cycles.length);
          const onRings = new Set(graph.cycles.flat());
          for (const member of [id, ...ids(graph)]) {
            const selfReaching = graph.edges.some(
              ({ fromId, toId }) =>
                fromId === member &&
                (toId === member || ids(ask(lookup, toId, 'DEPENDENCIES', true)).includes(member)),
            );
            expect(onRings.has(member)).toBe(selfReaching);
          }
        }
      }),
    );
  });
});
