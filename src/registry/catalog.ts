import type { Claim } from './claims.ts';
import type { JsonObject, SystemSpec } from './system.ts';

/** Catalogs that can be kept at once. One more is REGISTRY_FULL. */
export const catalogsMax = 1000;
/** Descriptor sets of all catalogs together; each is held in memory. One more is REGISTRY_FULL. */
export const descriptorSetsMax = 100;
/** Policies of the configuration and of all catalogs together. One more in a catalog is REGISTRY_FULL. */
export const policiesMax = 1000;

/**
 * Fields of a system that a catalog decides also while a registration holds it. Everything else the process itself
 * knows better: where it listens, what it can do, which version it is.
 */
export const catalogFields = ['labels', 'weight', 'owner'] as const;
export type CatalogField = (typeof catalogFields)[number];

/** What a catalog says of a system. */
export interface DeclaredSystem {
  readonly spec: SystemSpec;
  /** The {@link catalogFields} that it sets. One that it leaves unset is the registration's while there is one. */
  readonly decides: readonly CatalogField[];
}

/** A policy, as JSON: the registry keeps it for resilience and does not read it. */
export interface DeclaredPolicy {
  readonly name: string;
  readonly value: JsonObject;
}

/** The description of a foreign gRPC service. */
export interface DeclaredDescriptorSet {
  readonly name: string;
  /** A serialized FileDescriptorSet, at most 1 MiB. */
  readonly data: Uint8Array;
}

/** A named set of resources, as it is applied. Checked at the edge; ids and names are unique within each list. */
export interface Catalog {
  /** A slug. */
  readonly name: string;
  readonly systems: readonly DeclaredSystem[];
  readonly policies: readonly DeclaredPolicy[];
  readonly descriptorSets: readonly DeclaredDescriptorSet[];
}

/** A catalog that was applied: what it says, and what it once created and has not pruned. */
export interface KeptCatalog {
  readonly name: string;
  /** When it was last applied with a change, epoch ms. */
  readonly updateTimeMs: number;
  /** What it says of each system, by id, in the order of the catalog. */
  readonly systems: ReadonlyMap<string, Claim<DeclaredSystem>>;
  /** Systems that it created and names no more. Only ids: what such a system is stands in its own record. */
  readonly leftSystems: ReadonlySet<string>;
  readonly policies: ReadonlyMap<string, Claim<JsonObject>>;
  readonly descriptorSets: ReadonlyMap<string, Claim<Uint8Array>>;
}

/** A catalog in a list. */
export interface CatalogSummary {
  readonly name: string;
  /** Systems that it names or has left. */
  readonly systems: number;
  readonly policies: number;
  readonly descriptorSets: number;
  /** Epoch ms. */
  readonly updateTimeMs: number;
}
