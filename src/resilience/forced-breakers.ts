import type { EndpointKey } from './endpoint-map.ts';

/** A breaker that a person keeps open. */
export interface ForcedBreaker extends EndpointKey {
  /** Who and why, one line for people. */
  readonly cause: string;
  /** When it was forced, epoch ms. */
  readonly sinceMs: number;
  /** When it ends by itself, epoch ms; undefined: when it is reset. */
  readonly untilMs?: number;
}

/** The durable memory of forced states; everything else about breakers starts afresh with the hub. */
export interface ForcedBreakers {
  /** All that are kept, expired ones too. */
  load(): Promise<readonly ForcedBreaker[]>;
  /** Keeps one, instead of what is kept under its key. Durable when it resolves; rejects with STORE_UNAVAILABLE. */
  save(forced: ForcedBreaker): Promise<void>;
  /** Forgets one; a key that is not kept is left alone. */
  remove(key: EndpointKey): Promise<void>;
}
