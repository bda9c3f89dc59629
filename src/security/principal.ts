/** Who is calling, as the edge authenticated it. Goes with every domain call. */
export interface Principal {
  /** Unique name; `anonymous` while nobody is authenticated. */
  readonly name: string;
}

/** The principal of a hub without authentication. */
export const anonymous: Principal = { name: 'anonymous' };
