import { type Target, targetToString } from '../base/target.ts';
import type { Endpoint } from '../base/transport.ts';
import { endpointsOf } from './endpoint.ts';
import type { System } from './system.ts';

/** What questions about the graph need to know. Every answer is an array that the asker must not change. */
export interface SystemLookup {
  get(id: string): System | undefined;
  /** Systems of the type, in the order in which they joined it. */
  byType(type: string): readonly System[];
  /** Systems with the capability, in the order in which they gained it. */
  byCapability(capability: string): readonly System[];
  /** Systems that declare a dependency on exactly this target. */
  dependentsOn(target: Target): readonly System[];
}

/** All systems in memory, found by id, type, capability and declared dependency in constant time. */
export class SystemIndex implements SystemLookup {
  readonly #systems = new Map<string, System>();
  readonly #types = new Groups();
  readonly #capabilities = new Groups();
  readonly #dependents = new Groups();
  /** Made when first asked for; a renewal of a lease keeps them, any other change makes them anew. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>();

  get size(): number {
    return this.#systems.size;
  }

  get(id: string): System | undefined {
    return this.#systems.get(id);
  }

  byType(type: string): readonly System[] {
    return this.#types.members(type);
  }

  byCapability(capability: string): readonly System[] {
    return this.#capabilities.members(capability);
  }

  dependentsOn(target: Target): readonly System[] {
    return this.#dependents.members(targetToString(target));
  }

  /** All systems, in the order in which their ids joined. */
  systems(): IterableIterator<System> {
    return this.#systems.values();
  }

  /** Names of all capabilities that somebody has, sorted. */
  capabilityNames(): readonly string[] {
    return this.#capabilities.names();
  }

  endpoints(id: string): readonly Endpoint[] {
    const known = this.#endpoints.get(id);
    if (known !== undefined) return known;
    const system = this.#systems.get(id);
    if (system === undefined) return [];
    const endpoints = endpointsOf(system);
    this.#endpoints.set(id, endpoints);
    return endpoints;
  }

  /** Adds or replaces a system. */
  set(system: System): void {
    const previous = this.#systems.get(system.id);
    this.#systems.set(system.id, system);
    if (previous?.interfaces !== system.interfaces) this.#endpoints.delete(system.id);
    this.#types.move(system, previous && [previous.type], [system.type]);
    this.#capabilities.move(system, previous?.capabilities, system.capabilities);
    this.#dependents.move(system, previous && dependencyNames(previous), dependencyNames(system));
  }

  /** Removes a system; one that is not there is left alone. */
  delete(id: string): void {
    const previous = this.#systems.get(id);
    if (previous === undefined) return;
    this.#systems.delete(id);
    this.#endpoints.delete(id);
    this.#types.move(previous, [previous.type], []);
    this.#capabilities.move(previous, previous.capabilities, []);
    this.#dependents.move(previous, dependencyNames(previous), []);
  }
}

function dependencyNames(system: System): string[] {
  return system.dependencies.map(({ target }) => targetToString(target));
}

interface Group {
  readonly members: Map<string, System>;
  /** The members as an array, until one changes. */
  list: readonly System[] | undefined;
}

const nobody: readonly System[] = [];

/** Systems by a name that any number of them share. */
class Groups {
  readonly #groups = new Map<string, Group>();
  #names: readonly string[] | undefined;

  members(name: string): readonly System[] {
    const group = this.#groups.get(name);
    if (group === undefined) return nobody;
    group.list ??= [...group.members.values()];
    return group.list;
  }

  names(): readonly string[] {
    this.#names ??= [...this.#groups.keys()].sort();
    return this.#names;
  }

  move(system: System, from: readonly string[] | undefined, to: readonly string[]): void {
    for (const name of from ?? []) {
      if (!to.includes(name)) this.#leave(name, system.id);
    }
    for (const name of to) {
      let group = this.#groups.get(name);
      if (group === undefined) {
        group = { members: new Map(), list: undefined };
        this.#groups.set(name, group);
        this.#names = undefined;
      }
      group.members.set(system.id, system);
      group.list = undefined;
    }
  }

  #leave(name: string, id: string): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.members.delete(id);
    group.list = undefined;
    if (group.members.size > 0) return;
    this.#groups.delete(name);
    this.#names = undefined;
  }
}
