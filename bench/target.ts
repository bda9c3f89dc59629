/**
 * The system that the benchmark calls, as a process of its own: HTTP and gRPC, each answering at once with the same
 * small reply. Bare node:http and node:http2, so that its own cost hides little. Prints its two URIs as a line of JSON.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { ReceiveResponseSchema } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { grpcFrame } from './grpc-call.ts';

const reply = Buffer.from(JSON.stringify({ ok: true, text: 'x'.repeat(200) }));
const receiveReply = grpcFrame(
  toBinary(
    ReceiveResponseSchema,
    create(ReceiveResponseSchema, {
      reply: { contentType: 'application/json', payload: { case: 'data', value: reply } },
    }),
  ),
);
/** grpc.health.v1.HealthCheckResponse with status SERVING. */
const serving = grpcFrame(Uint8Array.of(8, 1));

const http = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.length });
    response.end(reply);
  });
});

const grpc = createHttp2Server();
grpc.on('stream', (stream: ServerHttp2Stream, headers) => {
  const answer = headers[':path'] === '/grpc.health.v1.Health/Check' ? serving : receiveReply;
  stream.on('error', () => stream.close());
  stream.once('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(answer);
  });
  stream.resume();
});

const httpPort = await listen(http);
const grpcPort = await listen(grpc);
console.log(JSON.stringify({ http: `http://127.0.0.1:${httpPort}`, grpc: `grpc://127.0.0.1:${grpcPort}` }));
// The parent closes standard input when it is done, or dies.
process.stdin.resume().once('end', () => process.exit(0));

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
