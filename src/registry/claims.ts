/** What one catalog says of one resource, and since when. */
export interface Claim<T> {
  readonly value: T;
  /** Place in the order of all claims: of the catalogs that name the resource, the one with the lowest owns it. */
  readonly since: number;
  /** The catalog names it no more and has not pruned it: it stays, but gives way to any catalog that names it. */
  readonly left: boolean;
}

/** A claim and whose it is. */
export interface HeldClaim<T> extends Claim<T> {
  readonly catalog: string;
}

/** The claims of all catalogs on one kind of resource, by the id of the resource. */
export class Claims<T> {
  /** Sorted, the owner first. */
  readonly #held = new Map<string, readonly HeldClaim<T>[]>();
  #size = 0;

  /** Claims in all; a resource counts once for each catalog that claims it. */
  get size(): number {
    return this.#size;
  }

  /** Whose the resource is, beside `without`; undefined: nobody else's. */
  owner(id: string, without?: string): HeldClaim<T> | undefined {
    return this.#held.get(id)?.find(({ catalog }) => catalog !== without);
  }

  /** The owner's claim on each resource. */
  *owners(): Generator<readonly [id: string, claim: HeldClaim<T>]> {
    for (const [id, [first]] of this.#held) if (first !== undefined) yield [id, first];
  }

  /** Puts the claims of a catalog in place of those it had. */
  replace(
    catalog: string,
    before: ReadonlyMap<string, Claim<T>> | undefined,
    after: ReadonlyMap<string, Claim<T>> | undefined,
  ): void {
    for (const id of before?.keys() ?? []) if (after?.has(id) !== true) this.#set(id, catalog, undefined);
    for (const [id, claim] of after ?? []) this.#set(id, catalog, claim);
  }

  #set(id: string, catalog: string, claim: Claim<T> | undefined): void {
    const before = this.#held.get(id) ?? [];
    const others = before.filter((each) => each.catalog !== catalog);
    const after = claim === undefined ? others : [...others, { ...claim, catalog }].sort(byRight);
    this.#size += after.length - before.length;
    if (after.length === 0) this.#held.delete(id);
    else this.#held.set(id, after);
  }
}

/** Of those that nobody names any more, the newest was in force last and stays so. */
function byRight(a: Claim<unknown>, b: Claim<unknown>): number {
  return Number(a.left) - Number(b.left) || (a.left ? b.since - a.since : a.since - b.since);
}
