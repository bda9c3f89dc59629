import { notDeleted, ownedByOther, type CatalogConflict, type PlannedChange } from './catalog-change.ts';
import type { CatalogBook } from './catalog-book.ts';
import { type Catalog, catalogFields, type DeclaredSystem, type KeptCatalog } from './catalog.ts';
import type { Claim } from './claims.ts';
import { differingFields } from './system-record.ts';
import type { System, SystemSpec } from './system.ts';

/** What a catalog does to systems. */
export interface PlannedSystems {
  readonly named: readonly PlannedChange[];
  readonly deleted: readonly PlannedChange[];
  /** Systems that are created or change, as they will be; undefined: they go. */
  readonly becomes: ReadonlyMap<string, SystemSpec | undefined>;
  readonly claims: ReadonlyMap<string, Claim<DeclaredSystem>>;
  readonly left: ReadonlySet<string>;
}

/** The part of a plan that is about systems; see planCatalog for who decides what. Pure. */
export function planSystems(
  catalog: Catalog,
  state: { readonly book: CatalogBook; readonly system: (id: string) => System | undefined },
  options: { readonly prune: boolean },
): PlannedSystems {
  const { book } = state;
  const { prune } = options;
  const before: KeptCatalog | undefined = book.catalog(catalog.name);
  const becomes = new Map<string, SystemSpec | undefined>();
  const claims = new Map<string, Claim<DeclaredSystem>>();
  const named = catalog.systems.map((declared): PlannedChange => {
    const { id } = declared.spec;
    const mine = before?.systems.get(id);
    const since = mine?.since ?? book.nextClaim;
    // The same object as long as it says the same, so that comparing costs little.
    const value = mine !== undefined && sameDeclared(mine.value, declared) ? mine.value : declared;
    claims.set(id, { value, since, left: false });
    const change = { resource: 'SYSTEM' as const, id };
    const other = book.systems.owner(id, catalog.name);
    if (other !== undefined && other.since < since) {
      const fields = differingFields(other.value.spec, declared.spec);
      // Somebody removed it: it comes back, as its owner says.
      const gone = state.system(id) === undefined;
      if (gone) becomes.set(id, other.value.spec);
      const conflicts = ownedByOther(other, fields);
      return { ...change, action: gone ? 'CREATE' : 'UNCHANGED', fields: [], conflicts };
    }
    const current = state.system(id);
    if (current === undefined) {
      becomes.set(id, declared.spec);
      return { ...change, action: 'CREATE', fields: [], conflicts: [] };
    }
    const wanted = isRegistered(current) ? asRegistered(current, declared) : declared.spec;
    const fields = differingFields(current, wanted);
    if (fields.length > 0) becomes.set(id, wanted);
    const conflicts = isRegistered(current) ? ownedByRegistration(wanted, declared) : [];
    return { ...change, action: fields.length > 0 ? 'UPDATE' : 'UNCHANGED', fields, conflicts };
  });

  const owned = [...(before?.systems.keys() ?? [])].filter(
    (id) => book.systems.owner(id)?.catalog === catalog.name,
  );
  const dropped = new Set([...owned, ...(before?.leftSystems ?? [])].filter((id) => !claims.has(id)));
  const left = new Set<string>();
  const deleted: PlannedChange[] = [];
  for (const id of dropped) {
    const current = state.system(id);
    // Somebody removed it, or it is somebody else's by now.
    if (current === undefined) continue;
    const heir = book.systems.owner(id, catalog.name);
    const held = isRegistered(current);
    if (!prune) {
      if (heir === undefined && !held) left.add(id);
      continue;
    }
    const change = { resource: 'SYSTEM' as const, id, fields: [] };
    if (heir !== undefined || held) {
      deleted.push({ ...change, action: 'UNCHANGED', conflicts: [notDeleted(heir)] });
      continue;
    }
    becomes.set(id, undefined);
    deleted.push({ ...change, action: 'DELETE', conflicts: [] });
  }
  return { named, deleted, becomes, claims, left };
}

function sameDeclared(a: DeclaredSystem, b: DeclaredSystem): boolean {
  return a.decides.join() === b.decides.join() && differingFields(a.spec, b.spec).length === 0;
}

/** Whether a process, or somebody for it, registered the system; else it is there by a catalog alone. */
export function isRegistered({ registrationId }: System): boolean {
  return registrationId !== '';
}

/** A registered system with what its catalog decides. */
export function asRegistered<S extends SystemSpec>(registered: S, { spec, decides }: DeclaredSystem): S {
  return { ...registered, ...Object.fromEntries(decides.map((field) => [field, spec[field]])) };
}

function ownedByRegistration(kept: SystemSpec, { spec, decides }: DeclaredSystem): CatalogConflict[] {
  // What the catalog leaves unset it does not want.
  const silent = catalogFields.filter((field) => !decides.includes(field));
  return differingFields(kept, spec)
    .filter((field) => !silent.some((each) => each === field))
    .map((field) => ({
      field,
      owner: 'registration',
      message: `stays ${shown(kept[field])} as the system registered; the catalog says ${shown(spec[field])}. Deregister the system to give the field to the catalog`,
    }));
}

/** A value for one line, cut to 120 characters. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
