import {
  createServer as createHttp1Server,
  type Server as Http1Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { HubError, messageOf } from '../base/error.ts';
import type { Logger } from '../telemetry/log.ts';
import { keepAlive } from './keepalive.ts';
import { createListenerLimits, type ListenerLimits } from './listener-limits.ts';
import type { RequestHandler } from './node-http.ts';
import { refuseConnection } from './listener-refusal.ts';
import { createTlsGate, type ListenerTls, type TlsContext } from './listener-tls.ts';
import { sniff } from './sniffer.ts';

export interface ListenerOptions {
  readonly handler: RequestHandler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<ListenerLimits>;
  /** Certificates: the port then speaks TLS only. Default: no TLS. */
  readonly tls?: ListenerTls | undefined;
}

/** One port for HTTP/1.1 and HTTP/2, without TLS or with. */
export interface Listener {
  /**
   * Begins to accept; port 0 picks a free one. Rejects with an error that names host, port and what to do when the
   * address cannot be used.
   */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /**
   * Stops accepting, tells clients so (GOAWAY, `connection: close`), waits for requests in flight for at most
   * `graceMs`, then destroys what is left. Resolves when no connection is left; `forced` counts those destroyed.
   */
  close(graceMs: number): Promise<{ readonly forced: number }>;
  /** New connections get these certificates from now on. Only on a port with TLS. */
  setTlsContext(context: TlsContext): void;
  /** Changes how many connections may be open; those that are go on. */
  limitConnections(connectionsMax: number): void;
  /** Open connections by protocol; `sniffing` have not said which yet, or are in their TLS handshake. */
  connections(): { readonly h1: number; readonly h2: number; readonly sniffing: number };
}

/**
 * Creates the listener. A `net` server reads the first bytes of each connection and hands it to an HTTP/2 or an
 * HTTP/1.1 server, neither of which listens itself; everything that such servers then leave undone is done here.
 */
export function createListener(options: ListenerOptions): Listener {
  const { clock, logger } = options;
  const limits = createListenerLimits(options.limits);
  const sockets = new Map<Socket, Connection>();
  const sessions = new Set<ServerHttp2Session>();
  let closing = false;

  /** HTTP/1.1 responses that are not finished. */
  const responses = new Set<ServerResponse>();
  /** HTTP/1.1 connections on which a request has come. */
  const used = new WeakSet<Socket>();
  const http1 = http1Server(options, limits, (response) => {
    used.add(response.req.socket);
    if (closing) response.shouldKeepAlive = false;
    responses.add(response);
    response.once('close', () => {
      responses.delete(response);
      // The answer was begun before the hub closed: its connection would stay idle.
      if (closing) setImmediate(() => http1.closeIdleConnections());
    });
  });
  const http2 = http2Server(options.handler, limits);
  http2.on('session', (session) => {
    sessions.add(session);
    const stop = keepAlive(session, { clock, ...limits });
    session.once('close', () => {
      stop();
      sessions.delete(session);
    });
    // Protocol errors of the peer; Node then closes the session.
    session.on('error', (error) => logger.debug('an HTTP/2 session failed', { error: messageOf(error) }));
    if (closing) session.close();
  });

  const gate =
    options.tls === undefined
      ? undefined
      : createTlsGate(options.tls, {
          clock,
          timeoutMs: limits.sniffMs,
          onFault: (why) => logger.debug('a TLS connection failed', { error: why }),
        });

  /** Hands a connection over to the server of its protocol; `stream` is what that server reads and writes. */
  const take = (socket: Socket, stream: Socket, protocol: 'h1' | 'h2'): void => {
    sockets.set(socket, { stream, protocol });
    stream.once('finish', () => {
      if (closing) letGo(socket, clock);
    });
    // Sockets here may be half open, for HTTP/1.1; an HTTP/2 peer that ends its side is gone, and with it its calls.
    if (protocol === 'h2') stream.once('end', () => stream.end());
    (protocol === 'h2' ? http2 : http1).emit('connection', stream);
  };

  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.set(socket, { stream: socket, protocol: 'sniffing' });
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (error) => logger.debug('a connection failed', { error: messageOf(error) }));
    // For peers that vanish without a word while an HTTP/1.1 stream is open.
    socket.setKeepAlive(true, limits.pingIntervalMs);
    sniff(socket, { clock, timeoutMs: limits.sniffMs }, (protocol) => {
      if (gate === undefined) {
        take(socket, socket, protocol === 'h2' ? 'h2' : 'h1');
        // HTTP/2 takes the bytes from the buffer itself; HTTP/1.1 waits for them to flow.
        if (protocol !== 'h2') socket.resume();
      } else if (protocol === 'tls') gate.open(socket, (secured, version) => take(socket, secured, version));
      else {
        refuseConnection(socket, protocol === 'h2' ? 'h2' : 'h1', { clock, text: plainOnTls });
      }
    });
  });
  server.maxConnections = limits.connectionsMax;
  server.on('drop', () => {
    logger.warn('a connection was refused: too many are open', { limit: server.maxConnections });
  });

  return {
    limitConnections(connectionsMax) {
      server.maxConnections = connectionsMax;
    },
    async listen(host, port) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
        server.listen({ host, port, backlog: 511 }, resolve);
      });
      server.removeAllListeners('error');
      server.on('error', (error) => logger.error('the listener failed', { error: error.message }));
      // Starts the timer that enforces header and request timeouts: this server never listens itself.
      http1.emit('listening');
      const address = server.address() as AddressInfo;
      return { host, port: address.port };
    },
    async close(graceMs) {
      closing = true;
      const stopped = new Promise<void>((resolve) => {
        // Calls back when the last connection is gone.
        server.close(() => resolve());
      });
      for (const session of sessions) session.close();
      for (const [socket, { stream, protocol }] of sockets) {
        // Node takes a connection for idle only after its first request.
        if (protocol === 'sniffing' || (protocol === 'h1' && !used.has(stream))) socket.destroy();
      }
      for (const response of responses) response.shouldKeepAlive = false;
      http1.closeIdleConnections();
      for (const [socket, { stream }] of sockets) if (stream.writableFinished) letGo(socket, clock);
      let forced = 0;
      const timer = clock.after(graceMs, () => {
        forced = sockets.size;
        for (const session of sessions) session.destroy();
        for (const socket of sockets.keys()) socket.destroy();
      });
      await stopped;
      // The server counts a connection as gone a little before its socket says so.
      await Promise.all(
        [...sockets.keys()].map((socket) => new Promise((gone) => socket.once('close', gone))),
      );
      timer.cancel();
      // Only now: it also stops the timer that enforces timeouts. It says that the server never listened.
      await new Promise<void>((resolve) => http1.close(() => resolve()));
      return { forced };
    },
    setTlsContext(context) {
      if (gate === undefined) throw new Error('the port speaks no TLS');
      gate.setContext(context);
    },
    connections() {
      const counts = { h1: 0, h2: 0, sniffing: 0 };
      for (const { protocol } of sockets.values()) counts[protocol] += 1;
      return counts;
    },
  };
}

const plainOnTls =
  'This port speaks TLS only: use https:// (gRPC clients: a TLS channel; grpcurl: without -plaintext).';

interface Connection {
  /** What is read and written: the TLS socket on top of it, once there is one. */
  readonly stream: Socket;
  readonly protocol: 'h1' | 'h2' | 'sniffing';
}

/** Time in which a peer must close its side of a connection that the hub has closed at shutdown, in ms. */
const lingerMs = 500;

/** Everything was said on this connection: a peer that keeps its side open must not hold the shutdown. */
function letGo(socket: Socket, clock: Clock): void {
  clock.after(lingerMs, () => socket.destroy());
}

function http1Server(
  { handler, tls }: Pick<ListenerOptions, 'handler' | 'tls'>,
  limits: ListenerLimits,
  onResponse: (response: ServerResponse) => void,
): Http1Server {
  const server = createHttp1Server({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(limits.headersMs, limits.timeoutCheckMs),
    maxHeaderSize: limits.headerBytesMax,
  });
  server.on('request', (request, response) => {
    onResponse(response);
    handler(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status =
      {
        HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
        ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
      }[error.code ?? ''] ?? '400 Bad Request';
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const text = `${status.slice(4)}: this port speaks gRPC (HTTP/2 ${tls === undefined ? 'without TLS' : 'chosen by ALPN'}) and HTTP/1.1.\n`;
    socket.end(
      `HTTP/1.1 ${status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
    );
  });
  return server;
}

function http2Server(handler: RequestHandler, limits: ListenerLimits): Http2Server {
  const server = createHttp2Server({
    settings: {
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.windowBytes,
      enablePush: false,
    },
    maxSessionMemory: limits.sessionMegabytesMax,
    // Rapid reset (CVE-2023-44487): more resets than this end the session.
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetRatePerSecond,
  });
  server.on('request', handler);
  return server;
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): HubError {
  const why =
    {
      EADDRINUSE: `another process listens on ${host}:${port} already; stop it, or choose another port with --listen (port 0 picks a free one)`,
      EACCES: `this user may not listen on port ${port}; choose one from 1024 up`,
      EADDRNOTAVAIL: `this machine has no address ${host}`,
      ENOTFOUND: `the name ${host} cannot be resolved`,
    }[error.code ?? ''] ?? error.message;
  return new HubError({
    reason: 'CONNECT_FAILED',
    message: `Cannot listen on ${host}:${port}: ${why}.`,
    metadata: { host, port: String(port), errno: error.code ?? '' },
    cause: error,
  });
}
