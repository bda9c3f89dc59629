import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';

/** A request of either HTTP server. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** A response of either HTTP server. */
export type NodeResponse = ServerResponse | Http2ServerResponse;
/** Answers a request; what it does not know it answers with an error. */
export type RequestHandler = (request: NodeRequest, response: NodeResponse) => void;

export function isHttp2(
  message: NodeRequest | NodeResponse,
): message is Http2ServerRequest | Http2ServerResponse {
  return 'stream' in message;
}

/** The `Host` or `:authority` of a request. */
export function authorityOf(request: NodeRequest): string | undefined {
  const authority = isHttp2(request) ? request.headers[':authority'] : undefined;
  return authority ?? request.headers.host;
}

/** The path without its query. */
export function pathOf(request: NodeRequest): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** A header's first value, by lower-case name. */
export function headerOf(request: NodeRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Whether nothing more can be written. */
export function isGone(response: NodeResponse): boolean {
  return isHttp2(response) ? response.stream.destroyed || response.stream.closed : response.destroyed;
}

/**
 * Cuts a response off at once: RST_STREAM ENHANCE_YOUR_CALM on HTTP/2, which gRPC clients take for
 * RESOURCE_EXHAUSTED; on HTTP/1.1 the connection.
 */
export function cutOff(response: NodeResponse): void {
  if (isHttp2(response)) response.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else response.destroy();
}

/**
 * Writes a whole response. What is left of the request's body is not read into memory: HTTP/2 resets the stream
 * without an error once the answer is out, HTTP/1.1 discards the rest within the server's request timeout.
 */
export function answer(
  response: NodeResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = '',
): void {
  if (isGone(response) || response.headersSent) return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // 204 says by itself that there is no body.
  if (status !== 204) response.setHeader('content-length', bytes.byteLength);
  // Without a body the headers end an HTTP/2 stream: gRPC calls that trailers-only.
  if (bytes.byteLength === 0) response.end();
  // Both kinds of response take bytes; their types do not say so in one.
  else (response as ServerResponse).end(bytes);
  closeAfterAnswer(response);
}

/**
 * Stops an HTTP/2 client that still sends its request, once the whole answer is out. Best effort: without it such a
 * client holds its stream, but sends no more than its window.
 */
export function closeAfterAnswer(response: NodeResponse): void {
  if (!isHttp2(response) || response.req.complete) return;
  const { stream } = response;
  // The stream's own event: the response's comes only when the stream is closed.
  stream.once('finish', () => {
    const { session } = stream;
    if (session === undefined || session.destroyed || session.closed) return;
    // A reset that is queued together with the trailers goes out instead of them; the pong says that they are gone.
    session.ping(() => stream.close(constants.NGHTTP2_NO_ERROR));
  });
}
