import { CallPool, type CallPoolOptions, type PooledConnection } from './call-pool.ts';
import { ConnectFault } from './connect-fault.ts';
import { hostsMax } from './limits.ts';
import { LruMap } from './lru-map.ts';

/** The pools of a transport, at most {@link hostsMax}; the least recently used one makes room. */
export class CallPools<C extends PooledConnection> {
  readonly #pools = new LruMap<CallPool<C>>(hostsMax, (pool) => this.#leave(pool));
  /** Pools that left while calls were waiting or in flight. */
  readonly #leaving = new Set<CallPool<C>>();
  #closed = false;

  /**
   * The pool to a URI, among those to it by what `sameness` says (JSON values); made when there is none. Throws
   * {@link ConnectFault} after {@link close}.
   */
  to(uri: string, sameness: readonly unknown[], options: () => CallPoolOptions<C>): CallPool<C> {
    if (this.#closed) throw new ConnectFault('connect_failed', 'the hub is shutting down');
    const key = `${uri} ${JSON.stringify(sameness)}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new CallPool(options());
    this.#pools.set(key, pool);
    return pool;
  }

  /** Lets go of a URI: its calls finish, then its connections close. */
  forget(uri: string): void {
    for (const key of this.#pools.keys()) if (key.startsWith(`${uri} `)) this.#pools.delete(key);
  }

  /** Ends every call and closes every connection. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pools.clear();
    await Promise.all([...this.#leaving].map((pool) => pool.destroy()));
    this.#leaving.clear();
  }

  #leave(pool: CallPool<C>): void {
    for (const left of this.#leaving) if (left.empty) this.#leaving.delete(left);
    pool.retire();
    if (!pool.empty) this.#leaving.add(pool);
  }
}
