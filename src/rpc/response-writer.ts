import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { Clock } from '../base/clock.ts';
import { mendGrpcMessage, mendGrpcWebChunk } from './connect-wire.ts';
import { closeAfterAnswer, cutOff, isGone, type NodeResponse } from './node-http.ts';

export interface WriteOptions {
  readonly clock: Clock;
  /** A response that its reader does not take for this long is cut off. */
  readonly stallMs: number;
}

/**
 * Writes connect's response to Node's, with backpressure. Differs from connect-node's own in three ways: a stalled
 * reader is cut off (RST_STREAM ENHANCE_YOUR_CALM, or the connection on HTTP/1.1), `grpc-message` is mended, and
 * the body's iterator is always ended. Resolves when all is handed to Node or the response is gone.
 */
export async function writeResponse(
  universal: UniversalServerResponse,
  response: NodeResponse,
  options: WriteOptions,
): Promise<void> {
  const body = universal.body?.[Symbol.asyncIterator]();
  const grpcWeb = universal.header?.get('content-type')?.startsWith('application/grpc-web') === true;
  try {
    for (;;) {
      const chunk = await body?.next();
      if (isGone(response)) return;
      // After the first chunk, so that the handler's headers are complete.
      writeHead(universal, response);
      if (chunk === undefined || chunk.done === true) break;
      const flushed = (response as ServerResponse).write(
        grpcWeb ? mendGrpcWebChunk(chunk.value) : chunk.value,
      );
      if (!flushed && !(await drained(response, options))) return;
    }
    if (universal.trailer !== undefined) {
      mendGrpcMessage(universal.trailer);
      response.addTrailers(nodeHeaders(universal.trailer));
    }
    response.end();
    closeAfterAnswer(response);
  } finally {
    // Tells connect's pipeline that nobody reads on; an end that fails has nobody left to tell.
    void body?.return?.().catch(() => undefined);
  }
}

function writeHead(universal: UniversalServerResponse, response: NodeResponse): void {
  if (response.headersSent) return;
  // Sent now and not with `end()`, which would end an HTTP/2 stream before its trailers. Headers set before (CORS) stay.
  (response as ServerResponse).writeHead(universal.status, nodeHeaders(universal.header));
}

function nodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  return Object.fromEntries(headers ?? []);
}

/** Waits until more can be written; false when the response is gone, or was cut off because nobody reads it. */
function drained(response: NodeResponse, { clock, stallMs }: WriteOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (writable: boolean): void => {
      timer.cancel();
      response.removeListener('drain', onDrain);
      response.removeListener('close', onClose);
      resolve(writable);
    };
    const onDrain = (): void => finish(true);
    const onClose = (): void => finish(false);
    const timer = clock.after(stallMs, () => {
      cutOff(response);
      finish(false);
    });
    response.on('drain', onDrain);
    response.on('close', onClose);
    if (isGone(response)) finish(false);
  });
}
