import type { BreakerKey } from './breaker-key.ts';
import type { ForcedKind } from './breaker-state.ts';

/** A breaker that a person keeps open, or closed. */
export interface ForcedBreaker extends BreakerKey {
  readonly state: ForcedKind;
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
  /**
   * Keeps one, instead of what is kept under its key and under those of `replaced`: all or nothing. Durable when it
   * resolves; rejects with STORE_UNAVAILABLE.
   */
  save(forced: ForcedBreaker, replaced: readonly BreakerKey[]): Promise<void>;
  /** Forgets those of these keys, all or none; a key that is not kept is left alone. */
  remove(keys: readonly BreakerKey[]): Promise<void>;
}
