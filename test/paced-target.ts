import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import {
  ReceiveRequestSchema,
  ReceiveResponseSchema,
} from '#gen/switchyard/messaging/v1/receiver_service_pb.js';

/** How a target answers the message that is its `number`-th, from 1. */
export interface Pace {
  /** Time until it answers, in ms; `Infinity`: never. */
  readonly afterMs?: number;
  /** It fails (503, UNAVAILABLE) instead of replying. */
  readonly fails?: boolean;
  /** It cuts the connection instead of replying. */
  readonly resets?: boolean;
  /** Headers of its reply, over HTTP. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A real server that counts what it is asked, how much of it at once, and what the other side gave up. */
export interface PacedTarget extends AsyncDisposable {
  readonly uri: string;
  /** Messages that it read whole. */
  readonly acted: number;
  /** Their ids, in order. */
  readonly messageIds: readonly string[];
  /** Most of them at once. */
  readonly peak: number;
  /** Those now that it has not answered. */
  readonly inFlight: number;
  /** Those that the other side gave up before it answered. */
  readonly givenUp: number;
  pace(next: (number: number) => Pace): void;
  close(): Promise<void>;
}

/** One message of a protocol, as the counting sees it. */
interface Asked {
  readonly messageId: string;
  reset(): void;
  answer(number: number, pace: Pace): void;
  onClose(listener: () => void): void;
}

/** Starts a target on a free port of 127.0.0.1. It replies at once, with its number, until it is paced. */
export async function startPacedTarget(protocol: 'http' | 'grpc'): Promise<PacedTarget> {
  const state = { acted: 0, peak: 0, inFlight: 0, givenUp: 0, pace: (_number: number): Pace => ({}) };
  const messageIds: string[] = [];
  const asked = (one: Asked): void => {
    messageIds.push(one.messageId);
    state.acted += 1;
    state.inFlight += 1;
    state.peak = Math.max(state.peak, state.inFlight);
    const number = state.acted;
    const pace = state.pace(number);
    const { afterMs = 0 } = pace;
    let open = true;
    const end = (): boolean => {
      if (open) state.inFlight -= 1;
      const wasOpen = open;
      open = false;
      return wasOpen;
    };
    const timer =
      afterMs === Infinity
        ? undefined
        : setTimeout(() => {
            if (!end()) return;
            if (pace.resets === true) one.reset();
            else one.answer(number, pace);
          }, afterMs);
    one.onClose(() => {
      clearTimeout(timer);
      if (end()) state.givenUp += 1;
    });
  };
  const server = protocol === 'http' ? httpServer(asked) : grpcServer(asked);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const { port } = server.address() as AddressInfo;
  return {
    uri: `${protocol}://127.0.0.1:${port}`,
    get acted() {
      return state.acted;
    },
    messageIds,
    get peak() {
      return state.peak;
    },
    get inFlight() {
      return state.inFlight;
    },
    get givenUp() {
      return state.givenUp;
    },
    pace: (next) => (state.pace = next),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function httpServer(asked: (one: Asked) => void): Server {
  return createHttpServer((request, response) => {
    if (request.method === 'GET') {
      response.end('{"status":"ok"}');
      return;
    }
    request.resume().once('end', () =>
      asked({
        messageId: String(request.headers['x-message-id']),
        reset: () => response.socket?.resetAndDestroy(),
        answer: (number, { fails, headers }) =>
          response
            .writeHead(fails === true ? 503 : 200, { 'content-type': 'application/json', ...headers })
            .end(String(number)),
        onClose: (listener) => response.once('close', listener),
      }),
    );
  });
}

function grpcServer(asked: (one: Asked) => void): Server {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path'] !== '/switchyard.messaging.v1.ReceiverService/Receive') {
      // No health service: alive all the same, by the gRPC health checking protocol.
      status(stream, 12);
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      const { message } = fromBinary(ReceiveRequestSchema, Buffer.concat(chunks).subarray(5));
      asked({
        messageId: message?.id ?? '',
        reset: () => stream.session?.destroy(),
        answer: (number, { fails }) => (fails === true ? status(stream, 14) : reply(stream, String(number))),
        onClose: (listener) => stream.once('close', listener),
      });
    });
  });
  return server;
}

function status(stream: ServerHttp2Stream, code: number): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  stream.respond({ ...head, 'grpc-status': String(code) }, { endStream: true });
}

function reply(stream: ServerHttp2Stream, text: string): void {
  const payload = { case: 'data', value: Buffer.from(text) } as const;
  const body = toBinary(
    ReceiveResponseSchema,
    create(ReceiveResponseSchema, { reply: { contentType: 'application/json', payload } }),
  );
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.byteLength, 1);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.concat([prefix, body]));
}
