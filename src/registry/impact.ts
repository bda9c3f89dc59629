import { type Target, targetToString } from '../base/target.ts';
import { allProviders, targetsMetBy } from './graph.ts';
import type { SystemLookup } from './system-index.ts';
import { type System, systemNotFound } from './system.ts';

/** A system that stops working. */
export interface ImpactedSystem {
  readonly systemId: string;
  /** Steps from what goes; 1 depends on it directly. */
  readonly distance: number;
  /** The dependency that is no longer met: of several the first declared. */
  readonly target: Target;
  /** The last provider of `target` to go; of several that go at once the smallest id. */
  readonly becauseId: string;
}

export interface Impact {
  /** Sorted by id. */
  readonly goneIds: readonly string[];
  /** Nearest first, then by id. */
  readonly impacted: readonly ImpactedSystem[];
  /** Capabilities that had a provider and have no working one left; sorted. */
  readonly lostCapabilities: readonly string[];
}

/**
 * What stops working if `target` goes: those with a dependency that is not optional and that no working system meets
 * any more, and so on until nothing changes. Every registered system counts as working before, whatever its health:
 * the question is about the structure. A type or capability that nobody has takes nobody along. Fails with
 * SYSTEM_NOT_FOUND for the id of no system.
 *
 * Goes in waves: those lost at distance n are all down before those at n + 1 are looked for. A declared target is
 * looked at only when it loses its last or last but one provider, so the work is bounded by the number of declared
 * dependencies, not by providers times dependents.
 */
export function impactOf(lookup: SystemLookup, target: Target): Impact {
  const gone = goneBy(lookup, target);
  const down = new Set(gone.map(({ id }) => id));
  /** Working providers by target; counted down as they go. */
  const working = new Map<string, number>();
  const impacted: ImpactedSystem[] = [];
  const lostCapabilities: string[] = [];

  let wave = gone;
  for (let distance = 1; wave.length > 0; distance += 1) {
    const next = new Map<string, System>();
    for (const [name, { met, becauseId }] of loseProviders(lookup, wave, working)) {
      const left = working.get(name) ?? 0;
      if (left === 0 && met.by === 'capability') lostCapabilities.push(met.capability);
      if (left > 1) continue;
      for (const dependent of lookup.dependentsOn(met)) {
        if (down.has(dependent.id)) continue;
        // Nobody meets its own need: a sole remaining provider has lost its last peer.
        if (left === 1 && !provides(dependent, met)) continue;
        const lost = dependent.dependencies.findIndex(
          (dependency) => !dependency.optional && targetToString(dependency.target) === name,
        );
        if (lost === -1) continue;
        next.set(dependent.id, dependent);
        impacted.push({ systemId: dependent.id, distance, target: met, becauseId });
      }
    }
    for (const id of next.keys()) down.add(id);
    wave = [...next.values()];
  }
  return {
    goneIds: gone.map(({ id }) => id).sort(),
    impacted: firstDeclared(lookup, impacted),
    lostCapabilities: lostCapabilities.sort(),
  };
}

function goneBy(lookup: SystemLookup, target: Target): readonly System[] {
  if (target.by === 'system' && lookup.get(target.systemId) === undefined) {
    throw systemNotFound(target.systemId);
  }
  return allProviders(lookup, target);
}

/** Counts a wave's systems out of everything that they provide; returns the targets that lost somebody. */
function loseProviders(
  lookup: SystemLookup,
  wave: readonly System[],
  working: Map<string, number>,
): ReadonlyMap<string, { readonly met: Target; readonly becauseId: string }> {
  const losses = new Map<string, { met: Target; becauseId: string }>();
  for (const system of wave) {
    for (const met of targetsMetBy(system)) {
      const name = targetToString(met);
      working.set(name, (working.get(name) ?? allProviders(lookup, met).length) - 1);
      const becauseId = losses.get(name)?.becauseId;
      if (becauseId === undefined || system.id < becauseId) losses.set(name, { met, becauseId: system.id });
    }
  }
  return losses;
}

function provides(system: System, target: Target): boolean {
  switch (target.by) {
    case 'system':
      return system.id === target.systemId;
    case 'type':
      return system.type === target.type;
    case 'capability':
      return system.capabilities.includes(target.capability);
  }
}

/** Of several dependencies that a system loses in the same wave, keeps the first declared. */
function firstDeclared(lookup: SystemLookup, impacted: readonly ImpactedSystem[]): readonly ImpactedSystem[] {
  const kept = new Map<string, ImpactedSystem>();
  const rank = ({ systemId, target }: ImpactedSystem): number =>
    lookup
      .get(systemId)
      ?.dependencies.findIndex((each) => targetToString(each.target) === targetToString(target)) ?? 0;
  for (const each of impacted) {
    const known = kept.get(each.systemId);
    if (known === undefined || rank(each) < rank(known)) kept.set(each.systemId, each);
  }
  return [...kept.values()].sort(
    (a, b) => a.distance - b.distance || (a.systemId < b.systemId ? -1 : a.systemId > b.systemId ? 1 : 0),
  );
}
