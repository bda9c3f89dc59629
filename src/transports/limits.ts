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

/** Calls in flight on one WebSocket connection; further ones wait. */
export const websocketCallsMax = 1000;

/** Bytes that wait to be written to one WebSocket connection; while there are more, further calls wait. */
export const websocketBufferedBytesMax = 16 * 1024 * 1024;

/** Answers in a row that nobody waits for; one more ends the WebSocket connection as garbage. */
export const websocketStrayAnswersMax = 1000;

/** Files of one gRPC service that a target's reflection may give, with all that they import. More are `misconfigured`. */
export const reflectedFilesMax = 1000;

/** Bytes of those files together. */
export const reflectedBytesMax = 4 * 1024 * 1024;

/** Fields of all messages in what a target's reflection gives for one service, or in a descriptor set; unset ones count too. */
export const descriptorFieldsMax = 2_000_000;

/** Fields of all messages in one request or reply that is transcoded from or to JSON; unset ones count too. */
export const transcodedFieldsMax = 1_000_000;

/** Longest that a target's reflection is asked for one service, ms. An attempt waits no longer than its deadline. */
export const reflectionTimeoutMs = 10_000;

/** How long the answer of a target's reflection is used, ms. */
export const reflectedTypesMaxAgeMs = 10 * 60_000;

/** Services of targets whose types are kept; the least recently used one makes room. */
export const reflectedTypesMax = 128;

/** Connections to one TCP interface (setting `connections`): default, and the most that may be set. */
export const tcpConnectionsDefault = 8;
export const tcpConnectionsMax = 100;

/** Calls in flight on one TCP connection (answers by id, or one way) or one-way UDP socket; further ones wait. */
export const callsPerConnectionMax = 1000;

/** Bytes that wait to be written to one TCP connection; while there are more, further calls wait. */
export const tcpBufferedBytesMax = 16 * 1024 * 1024;

/** Frames in a row that nobody waits for; one more ends the TCP connection as garbage. */
export const tcpStrayFramesMax = 1000;

/** Sockets to one UDP interface (setting `sockets`), one for each request in flight: default, and the most. */
export const udpSocketsDefault = 64;
export const udpSocketsMax = 1000;

/** Largest datagram that is sent (setting `datagram_max`), bytes: default (no network has to split it), and the most. */
export const udpDatagramBytesDefault = 1200;
export const udpDatagramBytesMax = 65_507;

/** Calls of one plug-in in flight, those that it let hang included; further ones end `concurrency_limited`. */
export const pluginCallsMax = 1000;

/** Sockets that one plug-in may hold open; further ones are not opened. */
export const pluginSocketsMax = 1000;

/** Longest JSONata expression of a route, characters. */
export const expressionLengthMax = 8192;

/** Longest that the expressions of one mapping may run together, ms: the hub does nothing else meanwhile. */
export const evaluationMsMax = 250;

/** Deepest value that a mapping may give. */
export const mappedDepthMax = 100;

/** Longest path and query of an HTTP request that a route makes, characters. */
export const requestTargetLengthMax = 16 * 1024;

/** Pages that one message may collect from an HTTP API. */
export const pagesMax = 100;

/** Items that one message may collect from an HTTP API. */
export const pagedItemsMax = 100_000;
