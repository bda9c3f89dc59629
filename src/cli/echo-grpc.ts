import { createServer } from 'node:http2';
import type { Http2Server } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '#gen/standard/health/v1/health_pb.js';
import type { HealthCheckRequest } from '#gen/standard/health/v1/health_pb.js';
import { ReceiverService } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import type { ReceiveRequest } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { misbehave } from './echo-behaviour.ts';
import type { EchoFace } from './echo-http.ts';

/** Longest request in bytes: the hub's 3 MiB payload and what is around it. */
const requestBytesMax = 4 * 1024 * 1024;

/** The gRPC face: ReceiverService answers the payload; `grpc.health.v1` knows `""` and the system's id. */
export function createEchoGrpcServer(face: EchoFace): Http2Server {
  const handler = connectNodeAdapter({
    routes: (router: ConnectRouter) => {
      router.service(ReceiverService, { receive: (request, context) => receive(face, request, context) });
      router.service(Health, {
        async check(request, { signal }) {
          await face.behaviour.untilAnswering(signal);
          return { status: servingStatus(face, request) };
        },
        async list(_request, { signal }) {
          await face.behaviour.untilAnswering(signal);
          return { statuses: { '': { status: ServingStatus.SERVING } } };
        },
        async *watch(request, context) {
          await face.behaviour.untilAnswering(context.signal);
          yield { status: servingStatus(face, request) };
          await aborted(context.signal);
        },
      });
    },
    readMaxBytes: requestBytesMax,
  });
  return createServer(handler);
}

async function receive(face: EchoFace, { message, attempt }: ReceiveRequest, context: HandlerContext) {
  const failure = await misbehave(face.behaviour, { ...face, signal: context.signal });
  const code = failure === undefined ? undefined : grpcCode(failure);
  face.onMessage({
    over: 'grpc',
    id: message?.id ?? '',
    type: message?.type ?? '',
    source: message?.source ?? '',
    attempt,
    status: code === undefined ? 'OK' : Code[code],
  });
  if (code !== undefined) throw new ConnectError(`told to fail with ${failure ?? 0}`, code);
  return {
    reply: {
      contentType: message?.contentType ?? '',
      headers: { 'x-echo-system': face.id },
      payload: message?.payload ?? { case: undefined },
    },
  };
}

/** The gRPC code that says what an HTTP status says; undefined below 400. */
function grpcCode(httpStatus: number): Code | undefined {
  if (httpStatus < 400) return undefined;
  return codeByHttpStatus[httpStatus] ?? (httpStatus < 500 ? Code.FailedPrecondition : Code.Internal);
}

const codeByHttpStatus: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  409: Code.Aborted,
  429: Code.ResourceExhausted,
  501: Code.Unimplemented,
  503: Code.Unavailable,
  504: Code.DeadlineExceeded,
};

function servingStatus(face: EchoFace, { service }: HealthCheckRequest): ServingStatus {
  if (service === '' || service === face.id) return ServingStatus.SERVING;
  throw new ConnectError(`this system is "${face.id}"`, Code.NotFound);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
