import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import { codeOf, ConnectFault, connectFaultFrom } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { connectTimeoutMs, keepAliveMs } from '../limits.ts';
import type { SessionTarget } from './session-target.ts';

/** Calls in flight on one session, at most; a peer's own lower limit counts. */
const streamsMax = 1000;
/** Largest block of answer headers or trailers, bytes. */
const headerListBytesMax = 16 * 1024;
/** Receive windows: a 3 MiB reply should not wait for a window update at each 64 KiB. */
const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 4 * 1024 * 1024;

/** How often a session looks after itself, ms. */
const tickMs = 10_000;
/** Calls in flight and nothing heard for this long: a ping asks whether the peer is there. */
const pingAfterMs = 20_000;
/** No ping more often than this while the peer stays silent: servers end sessions that ping more often than every 5 min. */
const pingEveryMs = 6 * 60_000;
/** A ping not answered for this long ends the session. */
const pingTimeoutMs = 10_000;
/** After so long without a call, pending news of the socket are read before it is used again. */
const restingMs = 1000;

/** One HTTP/2 connection to a gRPC server, ready for calls: its settings have arrived. */
export class GrpcSession {
  readonly #http2: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #ticker: Timer;
  #retired = false;
  #inFlight = 0;
  #lastUsedMs: number;
  #heardBytes = 0;
  #heardMs: number;
  #pingedMs = -Infinity;
  /** The last stream that a GOAWAY says the peer may have processed; Infinity before one. */
  #lastProcessedStream = Infinity;
  /** Called when a stream ended or the session will take no more calls. */
  onChange: () => void = () => undefined;

  private constructor(http2: ClientHttp2Session, socket: Socket, clock: Clock) {
    this.#http2 = http2;
    this.#socket = socket;
    this.#clock = clock;
    this.#lastUsedMs = clock.monotonic();
    this.#heardMs = this.#lastUsedMs;
    http2.setLocalWindowSize(sessionWindowBytes);
    http2.on('goaway', (_code: number, lastStreamId: number) => {
      this.#lastProcessedStream = Math.min(this.#lastProcessedStream, lastStreamId);
      this.retire();
    });
    // The peer may allow more streams from now on.
    http2.on('remoteSettings', () => this.onChange());
    // The session's own end comes before its socket's when the peer keeps its half open.
    http2.on('close', () => {
      this.#retired = true;
      this.onChange();
    });
    // A TLS alert after the handshake (no client certificate, in TLS 1.3) reaches the socket, but not the session.
    socket.on('error', (error) => {
      http2.destroy(error);
      socket.destroy();
    });
    socket.once('close', () => {
      this.#retired = true;
      this.#ticker.cancel();
      this.onChange();
    });
    this.#ticker = clock.every(tickMs, () => this.#tick());
  }

  /**
   * Connects and waits for the peer's SETTINGS. Until they come no call is written, so that whatever goes wrong here
   * proves that no byte of a request was sent. Rejects with {@link ConnectFault}.
   */
  static async open(
    { address, identity }: SessionTarget,
    {
      egress,
      clock,
      signal,
    }: { readonly egress: Egress; readonly clock: Clock; readonly signal: AbortSignal },
  ): Promise<GrpcSession> {
    const startMs = clock.monotonic();
    const socket = await egress.connect(
      { host: address.host, port: address.port, ...(address.tls ? { alpn: ['h2'], identity } : {}) },
      { timeoutMs: connectTimeoutMs, signal },
    );
    if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      socket.destroy();
      throw new ConnectFault('tls_failed', 'the other side does not offer HTTP/2 by ALPN');
    }
    const http2 = connectHttp2(address.origin, {
      createConnection: () => socket,
      settings: {
        enablePush: false,
        initialWindowSize: streamWindowBytes,
        maxHeaderListSize: headerListBytesMax,
      },
      maxReservedRemoteStreams: 0,
    });
    // Errors end the session; each call learns of them through its own stream.
    http2.on('error', () => undefined);
    // Before the settings come, so that a GOAWAY or an end right behind them is not missed.
    const session = new GrpcSession(http2, socket, clock);
    try {
      await settingsOf(http2, {
        socket,
        clock,
        signal,
        timeoutMs: connectTimeoutMs - (clock.monotonic() - startMs),
      });
    } catch (thrown) {
      void session.destroy();
      throw thrown;
    }
    return session;
  }

  /** Whether new calls may begin on it, now or when a stream is free. */
  get usable(): boolean {
    return !this.#retired && !this.#http2.closed && !this.#http2.destroyed;
  }

  /** Calls that may begin now. */
  get freeStreams(): number {
    // Node throws when asked for the settings of a session that ended.
    if (!this.usable) return 0;
    const allowed = this.#http2.remoteSettings.maxConcurrentStreams ?? streamsMax;
    return Math.max(0, Math.min(streamsMax, allowed) - this.#inFlight);
  }

  /** True once the socket is gone. */
  get closed(): boolean {
    return this.#socket.closed;
  }

  /** True after a rest: the peer may have closed the connection without this process having read it yet. */
  get resting(): boolean {
    return this.#inFlight === 0 && this.#clock.monotonic() - this.#lastUsedMs > restingMs;
  }

  /** Bytes received so far, whatever they are. */
  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** Begins a call. Throws when the session ended meanwhile; then nothing was sent. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#http2.request(headers, { endStream: false });
    this.#inFlight += 1;
    if (this.#inFlight === 1) this.#heardMs = this.#clock.monotonic();
    stream.once('close', () => {
      this.#inFlight -= 1;
      this.#lastUsedMs = this.#clock.monotonic();
      if (this.#retired && this.#inFlight === 0) this.#http2.close();
      this.onChange();
    });
    return stream;
  }

  /** Whether a GOAWAY of the peer says that it did not and will not process this stream. */
  refusedByGoaway(streamId: number): boolean {
    return streamId > this.#lastProcessedStream;
  }

  /** Takes no more calls; the ones in flight finish, then the connection closes. */
  retire(): void {
    // Not before: a GOAWAY of ours may overtake calls that are still being written, and the peer then drops them.
    if (this.#inFlight === 0) this.#http2.close();
    if (this.#retired) return;
    this.#retired = true;
    this.onChange();
  }

  /** Ends it at once, calls in flight included; resolves when the socket is closed. */
  destroy(): Promise<void> {
    this.#retired = true;
    return new Promise((resolve) => {
      if (this.#socket.closed) {
        resolve();
        return;
      }
      this.#socket.once('close', () => resolve());
      this.#http2.destroy();
      this.#socket.destroy();
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonic();
    if (this.bytesRead !== this.#heardBytes) {
      this.#heardBytes = this.bytesRead;
      this.#heardMs = nowMs;
      this.#pingedMs = -Infinity;
    }
    if (this.#inFlight === 0) {
      // A peer that never ends its own half of a closed connection would keep it for ever.
      if (this.#retired) void this.destroy();
      else if (nowMs - this.#lastUsedMs >= keepAliveMs) this.retire();
      return;
    }
    if (nowMs - this.#heardMs >= pingAfterMs && nowMs - this.#pingedMs >= pingEveryMs) this.#ping(nowMs);
  }

  #ping(nowMs: number): void {
    if (this.#http2.destroyed) return;
    this.#pingedMs = nowMs;
    const overdue = this.#clock.after(pingTimeoutMs, () => this.#http2.destroy());
    this.#http2.ping((error) => {
      overdue.cancel();
      if (error !== null) return;
      // Its answer is no news of the calls: it must not bring the next ping nearer.
      this.#heardBytes = this.bytesRead;
      this.#heardMs = this.#clock.monotonic();
    });
  }
}

/** Waits for the peer's first SETTINGS frame. */
function settingsOf(
  http2: ClientHttp2Session,
  {
    socket,
    clock,
    signal,
    timeoutMs,
  }: {
    readonly socket: Socket;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (fault?: ConnectFault): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      http2.off('error', onError).off('close', onClose).off('remoteSettings', onSettings);
      if (fault === undefined) resolve();
      else reject(fault);
    };
    const onAbort = (): void => settle(new ConnectFault('cancelled', 'given up while connecting'));
    const onSettings = (): void => settle();
    const onError = (error: Error): void => {
      // TLS 1.3: a server refuses the certificate, or the lack of one, after the handshake is done on this side.
      if (codeOf(error).startsWith('ERR_SSL_')) {
        settle(connectFaultFrom(error, 'tls'));
        return;
      }
      const notHttp2 = 'code' in error && error.code === 'ERR_HTTP2_ERROR';
      settle(
        notHttp2
          ? new ConnectFault('garbage', 'the other side does not speak HTTP/2', error)
          : new ConnectFault(
              'connect_failed',
              `the connection ended before HTTP/2 began: ${error.message}`,
              error,
            ),
      );
    };
    const onClose = (): void =>
      settle(new ConnectFault('connect_failed', 'the other side closed the connection before HTTP/2 began'));
    const timer = clock.after(timeoutMs, () =>
      settle(new ConnectFault('connect_timeout', 'connected, but the other side does not begin HTTP/2')),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError);
    http2.on('error', onError).on('close', onClose).on('remoteSettings', onSettings);
  });
}

/** The RST code by which a peer says that it did not process a stream, RFC 9113 section 8.7. */
export const refusedStreamCode: number = constants.NGHTTP2_REFUSED_STREAM;
/** The RST code by which this side ends a call. */
export const cancelCode: number = constants.NGHTTP2_CANCEL;
