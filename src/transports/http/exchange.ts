import type { Dispatcher } from 'undici';
import type { Clock } from '../../base/clock.ts';
import type { IncomingHeaders } from '../headers.ts';
import { firstValue } from '../headers.ts';
import { ReplyBytes } from '../reply-bytes.ts';

/** How an exchange ended. `complete`: the whole answer arrived. */
export type ExchangeEnd = 'complete' | 'deadline' | 'cancelled' | 'too_large' | 'fault';

/** What is known about one HTTP exchange once it is over: the evidence that a verdict is drawn from. */
export interface ExchangeEvidence {
  /** False proves that no byte of the request was given to a connected socket. */
  readonly started: boolean;
  readonly end: ExchangeEnd;
  /** Set with `fault`. */
  readonly fault?: Error;
  /** Status of the final answer (1xx aside); undefined when no answer's headers arrived whole. */
  readonly status?: number;
  /** Headers, and the trailers of a whole answer. */
  readonly headers: IncomingHeaders;
  /** The body as far as it arrived, at most the limit. */
  readonly body: Buffer;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** Bounds the whole exchange: waiting for a connection, headers and body. Epoch ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly bodyBytesMax: number;
  /** Whether a socket of this host is just failing with an error, see {@link HttpHost.failing}. */
  readonly failing: () => boolean;
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly path: string;
  readonly headers: string[];
  readonly body?: Uint8Array;
}

/**
 * Runs one request over `dispatcher`. It is sent at most once, whatever happens to the connection. Never rejects.
 *
 * undici calls `onRequestStart` right before it writes to a connected socket, and not before; throwing there gives
 * the request up without touching the connection. That is how "no byte was sent" is known rather than guessed.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  options: ExchangeOptions,
): Promise<ExchangeEvidence> {
  return new Promise((resolve) => {
    const { clock, signal } = options;
    const bytes = new ReplyBytes(options.bodyBytesMax);
    let controller: Dispatcher.DispatchController | undefined;
    let status: number | undefined;
    let headers: IncomingHeaders = {};
    let ended = false;

    const settle = (end: ExchangeEnd, fault?: Error): void => {
      if (ended) return;
      ended = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve({
        started: controller !== undefined,
        end,
        ...(fault === undefined ? {} : { fault }),
        ...(status === undefined ? {} : { status }),
        headers,
        body: bytes.bytes(),
      });
    };
    /** Ends the exchange and its connection: what still comes on it belongs to nobody. */
    const cut = (end: ExchangeEnd): void => {
      settle(end);
      controller?.abort(new Error(`the exchange ended: ${end}`));
    };
    const onAbort = (): void => cut('cancelled');
    const timer = clock.after(options.deadlineMs - clock.now(), () => cut('deadline'));
    signal.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        if (ended) throw new Error('given up while waiting for a connection');
        if (controller !== undefined) throw new Error('a request is never sent twice');
        controller = started;
      },
      onResponseStart(_, statusCode, responseHeaders) {
        if (statusCode < 200) return;
        status = statusCode;
        headers = responseHeaders;
        const announced = Number(firstValue(headers, 'content-length') ?? 0);
        // The answer to a HEAD announces the body of a GET and has none.
        if (announced > options.bodyBytesMax && statusCode < 300 && request.method !== 'HEAD')
          cut('too_large');
      },
      onResponseData(_, piece) {
        if (!bytes.push(piece)) cut('too_large');
      },
      onResponseEnd(_, trailers) {
        headers = { ...trailers, ...headers };
        // undici takes a body whose length is unknown for complete when the connection is reset; it is not.
        if (options.failing())
          settle('fault', new Error('the connection was reset in the middle of the answer'));
        else settle('complete');
      },
      onResponseError(_, error) {
        settle('fault', error);
      },
    };

    if (signal.aborted) {
      cut('cancelled');
      return;
    }
    if (options.deadlineMs <= clock.now()) {
      cut('deadline');
      return;
    }
    try {
      dispatcher.dispatch({ ...request, body: request.body ?? null }, handler);
    } catch (thrown) {
      settle('fault', thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  });
}
