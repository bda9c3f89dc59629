import type { DescriptorSets } from '../base/descriptor-sets.ts';
import type { CatalogSummary, DeclaredSystem, KeptCatalog } from './catalog.ts';
import { Claims } from './claims.ts';
import type { JsonObject } from './system.ts';

/** A policy of a catalog, as it is in force unless the configuration has one of its name. */
export interface CatalogPolicy {
  readonly name: string;
  readonly catalog: string;
  readonly value: JsonObject;
}

/** The catalogs that were applied, in memory, and whose each resource is. The registry keeps it. */
export class CatalogBook implements DescriptorSets {
  readonly systems = new Claims<DeclaredSystem>();
  readonly policies = new Claims<JsonObject>();
  readonly descriptorSets = new Claims<Uint8Array>();
  readonly #catalogs = new Map<string, KeptCatalog>();
  #lastClaim = 0;

  get size(): number {
    return this.#catalogs.size;
  }

  /** The place of a claim that comes now. */
  get nextClaim(): number {
    return this.#lastClaim + 1;
  }

  catalog(name: string): KeptCatalog | undefined {
    return this.#catalogs.get(name);
  }

  /** The descriptor set of this name: the owner's. */
  get(name: string): Uint8Array | undefined {
    return this.descriptorSets.owner(name)?.value;
  }

  /** Puts a catalog in place of the one of its name; undefined: it is gone. */
  set(name: string, kept: KeptCatalog | undefined): void {
    const before = this.#catalogs.get(name);
    this.systems.replace(name, before?.systems, kept?.systems);
    this.policies.replace(name, before?.policies, kept?.policies);
    this.descriptorSets.replace(name, before?.descriptorSets, kept?.descriptorSets);
    if (kept === undefined) {
      this.#catalogs.delete(name);
      return;
    }
    this.#catalogs.set(name, kept);
    for (const claims of [kept.systems, kept.policies, kept.descriptorSets]) {
      for (const { since } of claims.values()) this.#lastClaim = Math.max(this.#lastClaim, since);
    }
  }

  /** The policies of all catalogs, each by its owner: catalog by catalog in order of names, each in its own order. */
  catalogPolicies(): readonly CatalogPolicy[] {
    return this.#sorted().flatMap(({ name: catalog, policies }) =>
      [...policies].flatMap(([name, { value }]) =>
        this.policies.owner(name)?.catalog === catalog ? [{ name, catalog, value }] : [],
      ),
    );
  }

  /** All catalogs, in order of their names. */
  summaries(): readonly CatalogSummary[] {
    return this.#sorted().map((kept) => ({
      name: kept.name,
      systems: kept.systems.size + kept.leftSystems.size,
      policies: kept.policies.size,
      descriptorSets: kept.descriptorSets.size,
      updateTimeMs: kept.updateTimeMs,
    }));
  }

  #sorted(): readonly KeptCatalog[] {
    return [...this.#catalogs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
