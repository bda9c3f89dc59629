import type { DescriptorSets } from '../base/descriptor-sets.ts';
import { HubError } from '../base/error.ts';
import type { CatalogPlan } from './catalog-change.ts';
import type { CatalogBook } from './catalog-book.ts';
import { type Catalog, catalogsMax, descriptorSetsMax, type KeptCatalog, policiesMax } from './catalog.ts';
import type { Claim } from './claims.ts';
import { planClaims } from './planned-claims.ts';
import { planSystems } from './planned-systems.ts';
import { canonicalJson } from './system-record.ts';
import type { JsonObject, System, SystemSpec } from './system.ts';

/** A plan, and what must be written to carry it out. */
export interface CatalogOutcome {
  readonly plan: CatalogPlan;
  /** Systems that are created or change, as they will be; undefined: they go. */
  readonly systems: ReadonlyMap<string, SystemSpec | undefined>;
  /** The catalog as it is kept; undefined: nothing is left of it. */
  readonly kept: KeptCatalog | undefined;
  /** Whether anything changes at all. */
  readonly changes: boolean;
}

/** What a plan is made from; read, never changed. */
export interface CatalogState {
  readonly book: CatalogBook;
  readonly system: (id: string) => System | undefined;
  /** Systems that are registered. */
  readonly systemsCount: number;
  readonly systemsMax: number;
  /** The configuration's policies. */
  readonly configuredPolicies: ConfiguredPolicies;
}

/** The policies of the configuration, whose names no catalog gets. */
export interface ConfiguredPolicies {
  has(name: string): boolean;
  readonly size: number;
}

export interface PlanOptions {
  readonly prune: boolean;
  readonly nowMs: number;
}

/**
 * Finds out what applying `catalog` does. Who decides:
 *
 * - A resource belongs to the catalog that named it first, as long as it names it. Another one that names it shares it:
 *   what it says differently is a conflict, and it inherits the resource when the owner lets go.
 * - A system that a registration holds, with or without a lease, keeps what it registered, except for the labels, weight
 *   and owner that the catalog sets.
 * - A name of the configuration's policies stays the configuration's.
 *
 * What the catalog created and names no more goes with `prune`; without, it stays, for a later prune or for another
 * catalog to take. Pure. Throws REGISTRY_FULL.
 */
export function planCatalog(catalog: Catalog, state: CatalogState, options: PlanOptions): CatalogOutcome {
  const before = state.book.catalog(catalog.name);
  const systems = planSystems(catalog, state, options);
  const policies = planClaims(
    { resource: 'POLICY', catalog: catalog.name, claims: state.book.policies, next: state.book.nextClaim },
    { before: before?.policies, after: new Map(catalog.policies.map(({ name, value }) => [name, value])) },
    {
      prune: options.prune,
      same: (a, b) => canonicalJson(a) === canonicalJson(b),
      fieldsOf: policyFields,
      reserved: (name) => (state.configuredPolicies.has(name) ? 'configuration' : undefined),
    },
  );
  const sets = planClaims(
    {
      resource: 'DESCRIPTOR_SET',
      catalog: catalog.name,
      claims: state.book.descriptorSets,
      next: state.book.nextClaim,
    },
    {
      before: before?.descriptorSets,
      after: new Map(catalog.descriptorSets.map(({ name, data }) => [name, data])),
    },
    {
      prune: options.prune,
      same: (a, b) => Buffer.compare(a, b) === 0,
      fieldsOf: () => ['data'],
      reserved: () => undefined,
    },
  );
  const parts = [systems, policies, sets];
  const changes = [...parts.flatMap((part) => part.named), ...parts.flatMap((part) => part.deleted)];
  const kept: KeptCatalog = {
    name: catalog.name,
    updateTimeMs: options.nowMs,
    systems: systems.claims,
    leftSystems: systems.left,
    policies: policies.claims,
    descriptorSets: sets.claims,
  };
  const empty = [kept.systems, kept.leftSystems, kept.policies, kept.descriptorSets].every(
    ({ size }) => size === 0,
  );
  const outcome: CatalogOutcome = {
    plan: { catalog: catalog.name, changes },
    systems: systems.becomes,
    kept: empty ? undefined : kept,
    changes: systems.becomes.size > 0 || !sameCatalog(before, empty ? undefined : kept),
  };
  checkRoom(outcome, before, state);
  return outcome;
}

function policyFields(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => canonicalJson(a[key] ?? null) !== canonicalJson(b[key] ?? null),
  );
}

/** Values that say the same are the same object here: the plan keeps those of before. */
function sameCatalog(a: KeptCatalog | undefined, b: KeptCatalog | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    sameClaims(a.systems, b.systems) &&
    sameClaims(a.policies, b.policies) &&
    sameClaims(a.descriptorSets, b.descriptorSets) &&
    a.leftSystems.size === b.leftSystems.size &&
    [...a.leftSystems].every((id) => b.leftSystems.has(id))
  );
}

/** In the same order too: that of policies decides between those that match equally well. */
function sameClaims<T>(a: ReadonlyMap<string, Claim<T>>, b: ReadonlyMap<string, Claim<T>>): boolean {
  const others = [...b];
  return (
    a.size === b.size &&
    [...a].every(([id, claim], at) => {
      const [otherId, other] = others[at] ?? [];
      return (
        otherId === id &&
        other?.value === claim.value &&
        other.since === claim.since &&
        other.left === claim.left
      );
    })
  );
}

function checkRoom(outcome: CatalogOutcome, before: KeptCatalog | undefined, state: CatalogState): void {
  const { book } = state;
  const { kept, systems } = outcome;
  let systemsCount = state.systemsCount;
  for (const [id, spec] of systems) {
    if (spec === undefined) systemsCount -= 1;
    else if (state.system(id) === undefined) systemsCount += 1;
  }
  const grown = (
    claims: { readonly size: number },
    part: 'systems' | 'policies' | 'descriptorSets',
  ): number => claims.size - (before?.[part].size ?? 0) + (kept?.[part].size ?? 0);
  const bounds: readonly (readonly [what: string, count: number, was: number, max: number])[] = [
    ['systems', systemsCount, state.systemsCount, state.systemsMax],
    ['systems named by catalogs', grown(book.systems, 'systems'), book.systems.size, state.systemsMax],
    [
      'policies',
      grown(book.policies, 'policies') + state.configuredPolicies.size,
      book.policies.size + state.configuredPolicies.size,
      policiesMax,
    ],
    [
      'descriptor sets',
      grown(book.descriptorSets, 'descriptorSets'),
      book.descriptorSets.size,
      descriptorSetsMax,
    ],
    [
      'catalogs',
      book.size - (before === undefined ? 0 : 1) + (kept === undefined ? 0 : 1),
      book.size,
      catalogsMax,
    ],
  ];
  for (const [what, count, was, max] of bounds) {
    // What grew too large some other way, such as by a lower setting, may still be changed and made smaller.
    if (count <= max || count <= was) continue;
    throw new HubError({
      reason: 'REGISTRY_FULL',
      message: `With the catalog ${JSON.stringify(outcome.plan.catalog)} there would be ${count} ${what}, more than the ${max} allowed; nothing was applied. Remove some, or prune a catalog.`,
      metadata: { what, count: String(count), limit: String(max) },
    });
  }
}

/**
 * The descriptor sets as they would be once the catalog were applied, by the same rules: for checking the systems that
 * come with it.
 */
export function descriptorSetsAfter(
  { name: catalog, descriptorSets }: Pick<Catalog, 'name' | 'descriptorSets'>,
  book: CatalogBook,
  { prune }: { readonly prune: boolean },
): DescriptorSets {
  const wanted = new Map(descriptorSets.map(({ name, data }) => [name, data]));
  const before = book.catalog(catalog)?.descriptorSets;
  return {
    get(name) {
      const data = wanted.get(name);
      const mine = before?.get(name);
      const other = book.descriptorSets.owner(name, catalog);
      if (data === undefined) return prune || mine === undefined ? other?.value : book.get(name);
      const since = mine?.left === false ? mine.since : Infinity;
      return other?.left === false && other.since < since ? other.value : data;
    },
  };
}
