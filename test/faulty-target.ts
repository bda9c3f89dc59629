import { create, toBinary } from '@bufbuild/protobuf';
import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { ReceiveResponseSchema } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';

/** How a target behaves once it has read a message. Its health checks always go well. */
export type Behaviour =
  'reply' | 'hang' | 'reset-mid-answer' | 'fail' | 'reject' | 'garbage' | 'endless' | 'trickle';

/** A real server of its protocol that counts how often it acted, and misbehaves as told. */
export interface FaultyTarget extends AsyncDisposable {
  readonly uri: string;
  readonly port: number;
  /** Messages that it read whole: each would have had its effect. */
  readonly acted: number;
  behave(behaviour: Behaviour): void;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

export const targetProtocols = ['http', 'grpc'] as const;
export type TargetProtocol = (typeof targetProtocols)[number];

/** Starts a target on a port of 127.0.0.1; 0 picks a free one. */
export async function startFaultyTarget(
  protocol: TargetProtocol,
  { behaviour = 'reply', port = 0 }: { behaviour?: Behaviour; port?: number } = {},
): Promise<FaultyTarget> {
  const state = { acted: 0, behaviour };
  const act = (): Behaviour => {
    state.acted += 1;
    return state.behaviour;
  };
  const server = protocol === 'http' ? httpServer(act) : grpcServer(act);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const address = server.address() as AddressInfo;
  return {
    uri: `${protocol}://127.0.0.1:${address.port}`,
    port: address.port,
    get acted() {
      return state.acted;
    },
    behave: (next) => (state.behaviour = next),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function httpServer(act: () => Behaviour): Server {
  return createHttpServer((request, response) => {
    if (request.method === 'GET') {
      response.end('{"status":"ok"}');
      return;
    }
    request.resume().once('end', () => answerHttp(act(), response));
  });
}

function answerHttp(behaviour: Behaviour, response: ServerResponse): void {
  switch (behaviour) {
    case 'reply':
      response.setHeader('content-type', 'application/json').end('{"pong":true}');
      return;
    case 'hang':
      return;
    case 'reset-mid-answer':
      response
        .writeHead(200, { 'content-length': '1000' })
        .write('half of it', () => response.socket?.resetAndDestroy());
      return;
    case 'fail':
      response.writeHead(503).end('down for maintenance');
      return;
    case 'reject':
      response.writeHead(422).end('no such account');
      return;
    case 'garbage':
      response.socket?.end('this is not HTTP at all\r\n\r\n');
      return;
    case 'endless':
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      pour(response, Buffer.alloc(256 * 1024, 120));
      return;
    case 'trickle':
      response.writeHead(200, { 'content-length': '1000000' });
      drip(response);
  }
}

function grpcServer(act: () => Behaviour): Server {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path'] !== '/switchyard.messaging.v1.ReceiverService/Receive') {
      // No health service: alive all the same, by the gRPC health checking protocol.
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
        { endStream: true },
      );
      return;
    }
    stream.resume().once('end', () => answerGrpc(act(), stream));
  });
  return server;
}

function answerGrpc(behaviour: Behaviour, stream: ServerHttp2Stream): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  const statusOnly = (status: number, message: string): void =>
    stream.respond({ ...head, 'grpc-status': String(status), 'grpc-message': message }, { endStream: true });
  switch (behaviour) {
    case 'reply': {
      const payload = { case: 'data', value: Buffer.from('{"pong":true}') } as const;
      const body = create(ReceiveResponseSchema, { reply: { contentType: 'application/json', payload } });
      stream.respond(head, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(toBinary(ReceiveResponseSchema, body)));
      return;
    }
    case 'hang':
      return;
    case 'reset-mid-answer':
      stream.respond(head);
      stream.write(frame(new Uint8Array(1000)).subarray(0, 100), () => stream.session?.destroy());
      return;
    case 'fail':
      statusOnly(14, 'down for maintenance');
      return;
    case 'reject':
      statusOnly(9, 'no such account');
      return;
    case 'garbage':
      stream.respond({ ':status': 200, 'content-type': 'text/html' });
      stream.end('<html>not gRPC at all</html>');
      return;
    case 'endless':
      stream.respond(head);
      stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
      pour(stream, Buffer.alloc(256 * 1024, 120));
      return;
    case 'trickle':
      stream.respond(head);
      stream.write(Buffer.from([0, 0, 0x0f, 0xff, 0xff]));
      drip(stream);
  }
}

/** A length-prefixed gRPC message. */
function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** Writes without end, as fast as the other side reads. */
function pour(sink: NodeJS.WritableStream & { readonly destroyed: boolean }, chunk: Buffer): void {
  const more = (): void => {
    while (!sink.destroyed && sink.write(chunk));
    if (!sink.destroyed) sink.once('drain', more);
  };
  sink.on('error', () => undefined);
  more();
}

/** Writes one byte a second. */
function drip(sink: NodeJS.WritableStream & { readonly destroyed: boolean }): void {
  sink.on('error', () => undefined);
  const timer = setInterval(() => {
    if (sink.destroyed) clearInterval(timer);
    else sink.write('x');
  }, 1000);
  sink.on('close', () => clearInterval(timer));
}
