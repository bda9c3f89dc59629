import type { Server as HttpServer } from 'node:http';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { clone } from '@bufbuild/protobuf';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Timer } from '../base/clock.ts';
import { createEchoGrpcServer } from './echo-grpc.ts';
import { createEchoHttpServer } from './echo-http.ts';
import type { EchoFace } from './echo-http.ts';
import { addressText, listenOn, parseListenAddress } from './listen-address.ts';
import type { ListenAddress } from './listen-address.ts';

/** Where an echo system listens unless told otherwise. */
export const defaultAddresses = { http: '127.0.0.1:7801', grpc: '127.0.0.1:7802' } as const;
const closeGraceMs = 2_000;

/** The two faces of an echo system, listening. */
export interface RunningServers extends AsyncDisposable {
  /** The system with the URIs where it really is. */
  readonly system: System;
  readonly http: string;
  readonly grpc: string;
  /**
   * True: closes every connection and listens no more, so that connections are refused. False: listens again at the same
   * addresses; throws when one of them was taken meanwhile. Safe to repeat; one call after the other.
   */
  refuse(isRefusing: boolean): Promise<void>;
}

/** Where the faces listen. Undefined: where the system's interfaces say, else at {@link defaultAddresses}. */
export interface EchoAddresses {
  readonly http: string | undefined;
  readonly grpc: string | undefined;
}

/** Starts both faces. Throws, with nothing left listening, when an address that was asked for cannot be had. */
export async function startEchoServers(
  face: EchoFace,
  described: System,
  addresses: EchoAddresses,
): Promise<RunningServers> {
  const httpServer = createEchoHttpServer(face);
  const grpcServer = createEchoGrpcServer(face);
  const close = closerOf(httpServer, grpcServer);
  const closeInTime = (): Promise<void> => close((cut) => face.clock.after(closeGraceMs, cut));
  try {
    const httpAddress = await listen(httpServer, addresses.http, described, 'http');
    const grpcAddress = await listen(grpcServer, addresses.grpc, described, 'grpc');
    const http = `http://${addressText(httpAddress)}`;
    const grpc = `grpc://${addressText(grpcAddress)}`;
    return {
      system: withUris(described, http, grpc),
      http,
      grpc,
      async refuse(isRefusing) {
        if (isRefusing) return close(atOnce);
        if (!httpServer.listening) await listenOn(httpServer, httpAddress, { orFree: false });
        if (!grpcServer.listening) await listenOn(grpcServer, grpcAddress, { orFree: false });
      },
      [Symbol.asyncDispose]: closeInTime,
    };
  } catch (error) {
    await closeInTime();
    throw error;
  }
}

/** Listens where the flag says, else where the file says or at the default, else, when that is taken, at a free port. */
async function listen(
  server: Server,
  flag: string | undefined,
  described: System,
  scheme: 'http' | 'grpc',
): Promise<ListenAddress> {
  if (flag !== undefined) return listenOn(server, parseListenAddress(flag), { orFree: false });
  const uri = described.interfaces.find((one) => schemeOf(one.uri) === scheme)?.uri;
  const address = uri
    ?.replace(/^[a-z]+:\/\//, '')
    .replace(/\/.*$/, '')
    .replace(/^localhost:/, '127.0.0.1:');
  return listenOn(server, parseListenAddress(address ?? defaultAddresses[scheme]), { orFree: true });
}

/** The described system with its interfaces at the addresses in use; it keeps their names, settings and health checks. */
function withUris(described: System, http: string, grpc: string): System {
  const system = clone(SystemSchema, described);
  for (const one of system.interfaces) one.uri = schemeOf(one.uri) === 'http' ? http : grpc;
  return system;
}

/**
 * Ends both servers: no new calls. Those in flight go on until `cut` is called, which `later` arranges; what it returns is
 * cancelled when they have ended before.
 */
function closerOf(
  httpServer: HttpServer,
  grpcServer: Http2Server,
): (later: (cut: () => void) => Timer | undefined) => Promise<void> {
  const sessions = new Set<ServerHttp2Session>();
  grpcServer.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return async (later) => {
    const closed = [httpServer, grpcServer].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    httpServer.closeIdleConnections();
    for (const session of sessions) session.close();
    const late = later(() => {
      httpServer.closeAllConnections();
      for (const session of sessions) session.destroy();
    });
    await Promise.all(closed);
    late?.cancel();
  };
}

function atOnce(cut: () => void): undefined {
  cut();
}

function schemeOf(uri: string): 'http' | 'grpc' {
  return /^https?:\/\//.test(uri) ? 'http' : 'grpc';
}
