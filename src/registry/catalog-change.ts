import type { HeldClaim } from './claims.ts';

/** A field of a resource, or the whole of it (empty), that a catalog does not decide. */
export interface CatalogConflict {
  readonly field: string;
  /** `registration`, `configuration`, or `catalog:NAME`. */
  readonly owner: string;
  /** What is kept and what the catalog wanted, one line for people. */
  readonly message: string;
}

/** What happens to one resource. */
export interface PlannedChange {
  readonly action: 'CREATE' | 'UPDATE' | 'UNCHANGED' | 'DELETE';
  readonly resource: 'SYSTEM' | 'POLICY' | 'DESCRIPTOR_SET';
  readonly id: string;
  /** Fields that change, on an UPDATE. */
  readonly fields: readonly string[];
  readonly conflicts: readonly CatalogConflict[];
}

/** What applying a catalog does: what it names in its order, deletions last. */
export interface CatalogPlan {
  readonly catalog: string;
  readonly changes: readonly PlannedChange[];
}

/** What another catalog decides, whose claim is older; nothing where both say the same. */
export function ownedByOther(other: HeldClaim<unknown>, fields: readonly string[]): CatalogConflict[] {
  if (fields.length === 0) return [];
  return [
    {
      field: '',
      owner: `catalog:${other.catalog}`,
      message: `stays as the catalog ${other.catalog} says, which named it first; this one says otherwise of ${fields.join(', ')}`,
    },
  ];
}

/** Why a resource that a catalog prunes stays: another catalog names it, or else a registration holds it. */
export function notDeleted(heir: HeldClaim<unknown> | undefined): CatalogConflict {
  return heir === undefined
    ? {
        field: '',
        owner: 'registration',
        message: 'is not deleted, because a registration holds it: it goes when that does',
      }
    : {
        field: '',
        owner: `catalog:${heir.catalog}`,
        message: `is not deleted, because the catalog ${heir.catalog} names it too: it is that one's from now on`,
      };
}
