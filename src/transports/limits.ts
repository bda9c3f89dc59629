/** Largest payload of a reply that is kept, in bytes (contract: 3 MiB). A larger one ends the attempt as `reply_too_large`. */
export const replyBytesMax = 3 * 1024 * 1024;

/** Reply headers that are kept: at most this many, and this many bytes of names and values; more are left out. */
export const replyHeadersMax = 64;
export const replyHeaderBytesMax = 16 * 1024;

/** Bytes kept of an error body that did not arrive whole (too large, broken off, too slow). */
export const excerptBytesMax = 1024;

/** Longest time to open a connection (name, TCP, TLS, HTTP/2 settings), ms. An attempt's deadline may end it sooner. */
export const connectTimeoutMs = 10_000;

/** Connections to one HTTP host; more calls wait for a free one. */
export const connectionsPerHostMax = 100;

/** An idle connection or session is closed after this time, ms. */
export const keepAliveMs = 30_000;

/** Hosts whose connections are kept at once; the least recently used one makes room. */
export const hostsMax = 1024;

/** Calls to one host that may wait for a connection or a stream; further ones end `concurrency_limited`. */
export const waitingPerHostMax = 1000;
