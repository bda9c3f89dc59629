import { Pool } from 'undici';
import { ConnectFault } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import {
  connectionsPerHostMax,
  connectTimeoutMs,
  hostsMax,
  keepAliveMs,
  waitingPerHostMax,
} from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import type { TargetAddress } from '../target-address.ts';
import type { TlsIdentity } from '../tls-identity.ts';

/** Largest block of response headers, bytes; a larger one ends the exchange with UND_ERR_HEADERS_OVERFLOW. */
export const responseHeaderBytesMax = 16 * 1024;

/** The pooled connections to one origin as one TLS identity. */
export interface HttpHost {
  readonly pool: Pool;
  /** True while the error of one of its sockets is being handled: an answer that "ends" then was cut off. */
  failing(): boolean;
  /** True when as many calls as allowed wait for a free connection. */
  full(): boolean;
  /** True when every connection that is allowed is open and in use. */
  saturated(): boolean;
  /** Ends everything at once, connections that are being opened included. */
  destroy(): Promise<void>;
}

/**
 * Opens a host's pool: HTTP/1.1 without pipelining, redirects or retries; every socket comes from `egress`, with TLS as
 * `identity`.
 */
export function openHost(
  address: TargetAddress,
  egress: Egress,
  {
    identity,
    connections = connectionsPerHostMax,
  }: { readonly identity?: TlsIdentity | undefined; readonly connections?: number } = {},
): HttpHost {
  let failing = false;
  const connecting = new AbortController();
  const pool = new Pool(address.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    // The attempt's own deadline bounds headers and body.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: responseHeaderBytesMax,
    connect(_options, callback) {
      egress
        .connect(
          {
            host: address.host,
            port: address.port,
            ...(address.tls ? { alpn: ['http/1.1'], identity } : {}),
          },
          { timeoutMs: connectTimeoutMs, signal: connecting.signal },
        )
        .then(
          (socket) => {
            // Before undici's own listener, which runs in the same turn.
            socket.on('error', () => {
              failing = true;
              queueMicrotask(() => {
                failing = false;
              });
            });
            callback(null, socket);
          },
          (thrown: unknown) => {
            callback(
              thrown instanceof ConnectFault
                ? thrown
                : new ConnectFault('connect_failed', String(thrown), thrown),
              null,
            );
          },
        );
    },
  });
  return {
    pool,
    failing: () => failing,
    full: () => pool.stats.size >= waitingPerHostMax + connections,
    saturated: () => pool.stats.running >= connections,
    async destroy() {
      const destroyed = pool.destroy();
      connecting.abort();
      await destroyed;
    },
  };
}

/** The hosts that are in use, at most {@link hostsMax}; the least recently used one is closed to make room. */
export class HttpHosts {
  readonly #egress: Egress;
  readonly #hosts: LruMap<HttpHost>;
  /** Hosts that are being closed while their last exchanges finish. */
  readonly #closing = new Set<HttpHost>();

  constructor(egress: Egress, capacity: number = hostsMax) {
    this.#egress = egress;
    this.#hosts = new LruMap(capacity, (host) => this.#finish(host));
  }

  get size(): number {
    return this.#hosts.size;
  }

  /**
   * The host of an address. Interfaces with different TLS identities never share a connection, and an identity whose
   * files changed is another one; the old connections close when they are idle.
   */
  to(address: TargetAddress, identity?: TlsIdentity): HttpHost {
    const key = `${address.origin}#${address.tls ? (identity?.id ?? '') : ''}`;
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    const host = openHost(address, this.#egress, { identity });
    this.#hosts.set(key, host);
    return host;
  }

  /**
   * Lets exchanges in flight finish, then closes the connections to an origin, those of every identity; idle ones
   * close at once.
   */
  forget(origin: string): void {
    for (const key of this.#hosts.keys()) if (key.startsWith(`${origin}#`)) this.#hosts.delete(key);
  }

  /** Ends everything, exchanges in flight included. */
  async close(): Promise<void> {
    this.#hosts.clear();
    await Promise.all([...this.#closing].map((host) => host.destroy()));
  }

  #finish(host: HttpHost): void {
    this.#closing.add(host);
    void host.pool.close().then(
      () => this.#closing.delete(host),
      // Only a pool that was destroyed meanwhile rejects.
      () => this.#closing.delete(host),
    );
  }
}
