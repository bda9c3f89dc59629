import { notDeleted, ownedByOther, type PlannedChange } from './catalog-change.ts';
import type { Claim, Claims } from './claims.ts';

/** One kind of resource that is there as long as a catalog claims it. */
export interface ClaimedKind<T> {
  readonly resource: 'POLICY' | 'DESCRIPTOR_SET';
  readonly catalog: string;
  readonly claims: Claims<T>;
  /** Place of a claim that comes now. */
  readonly next: number;
}

/** What a catalog does to the resources of one kind. */
export interface PlannedClaims<T> {
  readonly named: readonly PlannedChange[];
  readonly deleted: readonly PlannedChange[];
  readonly claims: ReadonlyMap<string, Claim<T>>;
}

/**
 * The part of a plan that is about policies, or about descriptor sets: what the catalog claimed before against what it
 * claims now. See planCatalog for who decides what. Pure.
 */
export function planClaims<T>(
  { resource, catalog, claims, next }: ClaimedKind<T>,
  {
    before,
    after,
  }: { readonly before: ReadonlyMap<string, Claim<T>> | undefined; readonly after: ReadonlyMap<string, T> },
  options: {
    readonly prune: boolean;
    readonly same: (a: T, b: T) => boolean;
    readonly fieldsOf: (a: T, b: T) => readonly string[];
    /** Who has the name beside catalogs. */
    readonly reserved: (name: string) => string | undefined;
  },
): PlannedClaims<T> {
  const { prune, same, fieldsOf, reserved } = options;
  const kept = new Map<string, Claim<T>>();
  const named = [...after].map(([id, wanted]): PlannedChange => {
    const mine = before?.get(id);
    // The same object as long as it is the same: whoever made something from it compares by identity.
    const value = mine !== undefined && same(mine.value, wanted) ? mine.value : wanted;
    const since = mine?.left === false ? mine.since : next;
    kept.set(id, { value, since, left: false });
    const change = { resource, id, fields: [] };
    const owner = reserved(id);
    if (owner !== undefined) {
      const message = `stays as the ${owner} says, whose name it is; rename it in the catalog, or take it out of the ${owner}`;
      return { ...change, action: 'UNCHANGED', conflicts: [{ field: '', owner, message }] };
    }
    const other = claims.owner(id, catalog);
    if (other?.left === false && other.since < since) {
      const fields = same(other.value, wanted) ? [] : fieldsOf(other.value, wanted);
      return { ...change, action: 'UNCHANGED', conflicts: ownedByOther(other, fields) };
    }
    const current = claims.owner(id);
    if (current === undefined) return { ...change, action: 'CREATE', conflicts: [] };
    if (same(current.value, wanted)) return { ...change, action: 'UNCHANGED', conflicts: [] };
    return { ...change, action: 'UPDATE', fields: fieldsOf(current.value, wanted), conflicts: [] };
  });

  const deleted: PlannedChange[] = [];
  for (const [id, claim] of before ?? []) {
    if (kept.has(id)) continue;
    const owner = claims.owner(id);
    // It only shared it, or lost it to a catalog that names it.
    if (owner?.catalog !== catalog) continue;
    const heir = claims.owner(id, catalog);
    const change = { resource, id, fields: [] };
    if (!prune) {
      if (heir?.left !== false) kept.set(id, { ...claim, left: true });
    } else if (heir === undefined) {
      deleted.push({ ...change, action: 'DELETE', conflicts: [] });
    } else {
      deleted.push({ ...change, action: 'UNCHANGED', conflicts: [notDeleted(heir)] });
    }
  }
  return { named, deleted, claims: kept };
}
