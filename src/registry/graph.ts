import { HubError } from '../base/error.ts';
import { type Target, targetToString } from '../base/target.ts';
import { findRings, sortTopologically } from './graph-order.ts';
import type { SystemLookup } from './system-index.ts';
import { type System, systemNotFound } from './system.ts';

export type Direction = 'DEPENDENCIES' | 'DEPENDENTS';

/** One system needs another. */
export interface DependencyEdge {
  readonly fromId: string;
  readonly toId: string;
  /** The dependency as it was declared. */
  readonly target: Target;
  readonly optional: boolean;
}

/** A dependency that nobody meets. */
export interface MissingDependency {
  readonly systemId: string;
  readonly target: Target;
  readonly optional: boolean;
}

export interface DependencyGraph {
  /** Those found, without the one asked about; each before those that depend on it, as far as rings allow. */
  readonly systems: readonly System[];
  /** All dependencies among those found and the one asked about. */
  readonly edges: readonly DependencyEdge[];
  /** For DEPENDENCIES: what the one asked about needs in vain, and with `transitive` what those found need in vain. */
  readonly missing: readonly MissingDependency[];
  /** Ids along each ring; each depends on the next and the last on the first. */
  readonly cycles: readonly (readonly string[])[];
}

/** Edges of one answer. A question that needs more is ANSWER_TOO_LARGE. */
export const edgesMaxDefault = 100_000;

/** Every target that `system` meets for those that declare it: itself, its type, and its capabilities. */
export function targetsMetBy(system: System): readonly Target[] {
  return [
    { by: 'system', systemId: system.id },
    { by: 'type', type: system.type },
    ...system.capabilities.map((capability): Target => ({ by: 'capability', capability })),
  ];
}

/**
 * What a system needs, or who needs it: direct ones, or with `transitive` at any distance. Optional dependencies
 * count; a type or capability leads to every system that provides it, except the one that needs it. Never endless: every system is visited once. Fails with SYSTEM_NOT_FOUND, and with ANSWER_TOO_LARGE beyond
 * `edgesMax` edges.
 */
export function dependencyGraph(
  lookup: SystemLookup,
  id: string,
  options: { readonly direction: Direction; readonly transitive: boolean; readonly edgesMax?: number },
): DependencyGraph {
  const asked = lookup.get(id);
  if (asked === undefined) throw systemNotFound(id);
  const { direction, transitive, edgesMax = edgesMaxDefault } = options;

  const found = new Map<string, System>([[id, asked]]);
  let looked = 0;
  // The map grows while it is walked: what is added is visited in its turn.
  for (const system of found.values()) {
    const next = direction === 'DEPENDENCIES' ? neededBy(lookup, system) : dependentsOf(lookup, system);
    for (const other of next) {
      looked += 1;
      if (looked > edgesMax) throw tooLarge(id, edgesMax);
      found.set(other.id, found.get(other.id) ?? other);
    }
    if (!transitive) break;
  }

  // By target, so that many who need the same type do not each look through all of its systems.
  const providersFound = new Map<string, readonly System[]>();
  const foundProviders = (target: Target): readonly System[] => {
    const name = targetToString(target);
    const known = providersFound.get(name);
    if (known !== undefined) return known;
    const providers = allProviders(lookup, target)
      .filter((provider) => found.has(provider.id))
      .sort(byId);
    providersFound.set(name, providers);
    return providers;
  };
  const edges: DependencyEdge[] = [];
  const missing: MissingDependency[] = [];
  for (const system of [...found.values()].sort(byId)) {
    for (const { target, optional } of system.dependencies) {
      if (
        direction === 'DEPENDENCIES' &&
        (transitive || system.id === id) &&
        !isMet(lookup, system, target)
      ) {
        missing.push({ systemId: system.id, target, optional });
      }
      for (const provider of foundProviders(target)) {
        if (!canMeet(provider, system, target)) continue;
        if (edges.length >= edgesMax) throw tooLarge(id, edgesMax);
        edges.push({ fromId: system.id, toId: provider.id, target, optional });
      }
    }
  }

  const components = sortTopologically([...found.keys()].sort(), edges);
  const systems: System[] = [];
  for (const member of components.flat()) {
    const system = found.get(member);
    if (system !== undefined && member !== id) systems.push(system);
  }
  return { systems, edges, missing, cycles: findRings(components, edges) };
}

function* neededBy(lookup: SystemLookup, system: System): Generator<System> {
  for (const { target } of system.dependencies) {
    for (const provider of allProviders(lookup, target)) {
      if (canMeet(provider, system, target)) yield provider;
    }
  }
}

function* dependentsOf(lookup: SystemLookup, system: System): Generator<System> {
  for (const target of targetsMetBy(system)) {
    for (const dependent of lookup.dependentsOn(target)) {
      if (canMeet(system, dependent, target)) yield dependent;
    }
  }
}

/**
 * Whether a provider of `target` counts for `system`. A type or capability is met by any other system that provides
 * it, whatever its health, and never by the system itself: who needs a peer needs another one.
 */
function canMeet(provider: System, system: System, target: Target): boolean {
  return target.by === 'system' || provider.id !== system.id;
}

function isMet(lookup: SystemLookup, system: System, target: Target): boolean {
  return allProviders(lookup, target).some((provider) => canMeet(provider, system, target));
}

/** Everyone who provides `target`, whoever asks. */
export function allProviders(lookup: SystemLookup, target: Target): readonly System[] {
  switch (target.by) {
    case 'system': {
      const provider = lookup.get(target.systemId);
      return provider === undefined ? [] : [provider];
    }
    case 'type':
      return lookup.byType(target.type);
    case 'capability':
      return lookup.byCapability(target.capability);
  }
}

function byId(a: System, b: System): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function tooLarge(id: string, edgesMax: number): HubError {
  return new HubError({
    reason: 'ANSWER_TOO_LARGE',
    message: `The dependencies around ${targetToString({ by: 'system', systemId: id })} have more than ${edgesMax} edges; ask for direct ones.`,
    metadata: { system_id: id, limit: String(edgesMax) },
  });
}
