/** Bounds of the listener. Every one has a default that fits a hub of a few hundred systems. */
export interface ListenerLimits {
  /** Open connections; default 10,000. More are closed at once. */
  readonly connectionsMax: number;
  /** Time in which a connection must have said its protocol, and again so much for a TLS handshake; default 10 s. */
  readonly sniffMs: number;
  /** HTTP/1.1: time in which a request's headers must have arrived; default 10 s. */
  readonly headersMs: number;
  /** HTTP/1.1: time in which a request must have arrived whole; default 60 s. */
  readonly requestMs: number;
  /** HTTP/1.1: how often the two times above are checked; default 5 s. */
  readonly timeoutCheckMs: number;
  /** HTTP/1.1: time that a connection stays open without a request; default 65 s, above a load balancer's usual 60. */
  readonly idleMs: number;
  /** Headers of one request, in bytes; default 16 KiB. */
  readonly headerBytesMax: number;
  /** HTTP/2: streams at the same time on one connection; default 1,000. */
  readonly streamsPerConnectionMax: number;
  /** HTTP/2: bytes of a stream's request that may be under way unread; default 256 KiB. */
  readonly windowBytes: number;
  /** HTTP/2: memory of one connection, in MB; default 32. Streams beyond it are refused. */
  readonly sessionMegabytesMax: number;
  /** HTTP/2: streams that one connection may reset at once; default 1,000. */
  readonly streamResetBurst: number;
  /** HTTP/2: streams that one connection may reset per second in the long run; default 100. */
  readonly streamResetRatePerSecond: number;
  /** HTTP/2: time between pings (for HTTP/1.1 TCP keepalive probes); default 30 s. */
  readonly pingIntervalMs: number;
  /** HTTP/2: time in which a ping must be answered, or the connection is dropped; default 20 s. */
  readonly pingTimeoutMs: number;
}

/** The defaults, with what the options set otherwise. */
export function createListenerLimits(options: Partial<ListenerLimits> = {}): ListenerLimits {
  return {
    connectionsMax: 10_000,
    sniffMs: 10_000,
    headersMs: 10_000,
    requestMs: 60_000,
    timeoutCheckMs: 5_000,
    idleMs: 65_000,
    headerBytesMax: 16 * 1024,
    streamsPerConnectionMax: 1000,
    windowBytes: 256 * 1024,
    sessionMegabytesMax: 32,
    streamResetBurst: 1000,
    streamResetRatePerSecond: 100,
    pingIntervalMs: 30_000,
    pingTimeoutMs: 20_000,
    ...options,
  };
}
