import { connect, type ClientHttp2Session } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { Pool } from 'undici';
import { SendMessageRequestSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { ReceiveRequestSchema } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { grpcCall, grpcFrame } from './grpc-call.ts';

/** The same work done directly and through the hub, with the same kind of client. */
export interface Scenario {
  readonly target: 'HTTP' | 'gRPC';
  readonly direct: () => Promise<void>;
  readonly hub: () => Promise<void>;
}

export interface Scenarios extends AsyncDisposable {
  readonly list: readonly Scenario[];
}

const payload = Buffer.from(JSON.stringify({ account: 'a-1', text: 'x'.repeat(200) }));
const sendPath = '/switchyard.messaging.v1.MessagingService/SendMessage';
const receivePath = '/switchyard.messaging.v1.ReceiverService/Receive';

/**
 * HTTP: undici posts the hub's JSON envelope to the target, or SendMessage as Connect (binary) to the hub. gRPC: one
 * bare HTTP/2 session each. Every request is encoded once, before the clock runs.
 */
export function createScenarios(options: {
  readonly hubUrl: string;
  readonly target: { readonly http: string; readonly grpc: string };
  readonly systems: { readonly http: string; readonly grpc: string };
}): Scenarios {
  const { hubUrl, target, systems } = options;
  const targetPool = new Pool(target.http, { connections: 64, pipelining: 1 });
  const hubPool = new Pool(hubUrl, { connections: 64, pipelining: 1 });
  const targetSession = connect(target.grpc.replace('grpc:', 'http:'));
  const hubSession = connect(hubUrl);

  const envelope = Buffer.from(
    JSON.stringify({
      message_id: 'bench',
      source_system: '',
      target_system: systems.http,
      message_type: 'bench',
      kind: 'REQUEST',
      payload: JSON.parse(payload.toString('utf8')) as unknown,
      content_type: 'application/json',
    }),
  );
  const toHttp = sendRequest(systems.http);
  const toGrpc = grpcFrame(sendRequest(systems.grpc));
  const received = grpcFrame(
    toBinary(
      ReceiveRequestSchema,
      create(ReceiveRequestSchema, {
        attempt: 1,
        message: {
          id: 'bench',
          type: 'bench',
          contentType: 'application/json',
          payload: { case: 'data', value: payload },
        },
      }),
    ),
  );

  return {
    list: [
      {
        target: 'HTTP',
        direct: () => post(targetPool, '/api/v1/messages', 'application/json', envelope),
        hub: () => post(hubPool, sendPath, 'application/proto', toHttp),
      },
      {
        target: 'gRPC',
        direct: () => grpcCall(targetSession, receivePath, received),
        hub: () => grpcCall(hubSession, sendPath, toGrpc),
      },
    ],
    [Symbol.asyncDispose]: async () => {
      await Promise.all([targetPool.close(), hubPool.close(), closed(targetSession), closed(hubSession)]);
    },
  };
}

function sendRequest(systemId: string): Uint8Array {
  const message = {
    type: 'bench',
    target: { target: { case: 'systemId', value: systemId } },
    contentType: 'application/json',
    payload: { case: 'data', value: payload },
  } as const;
  return toBinary(SendMessageRequestSchema, create(SendMessageRequestSchema, { message }));
}

async function post(pool: Pool, path: string, type: string, body: Uint8Array): Promise<void> {
  const response = await pool.request({ method: 'POST', path, headers: { 'content-type': type }, body });
  if (response.statusCode === 200) await response.body.dump();
  else throw new Error(`POST ${path}: ${response.statusCode} ${await response.body.text()}`);
}

function closed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => session.close(resolve));
}
