import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import {
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type ServiceImpl,
} from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
} from '@connectrpc/connect-node';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import type { Clock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Caller } from '../security/authenticator.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { connectErrorFrom, hubErrorFromConnect } from './connect-errors.ts';
import { parseTimeoutMs } from './connect-wire.ts';
import { wireErrorFrom } from './error-mapping.ts';
import { cutOff, headerOf, isHttp2, type NodeRequest, type NodeResponse, pathOf } from './node-http.ts';
import { type AnyServiceDefinition, type Call, isStream, type Pipeline } from './pipeline.ts';
import { refuse } from './refusal.ts';
import { writeResponse } from './response-writer.ts';

export interface ConnectAdapterOptions {
  readonly services: readonly AnyServiceDefinition[];
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Largest request message, before and after decompression; default 4 MiB, a gRPC client's own default. */
  readonly readBytesMax?: number;
  /** A response that is not read for this long is cut off; default 60 s. */
  readonly stallMs?: number;
}

/** Largest message that the hub reads, in bytes. */
export const readBytesMaxDefault = 4 * 1024 * 1024;
/** Smaller responses are not worth compressing; above what an error may take, so that errors stay readable. */
const compressBytesMin = 16 * 1024;

/** Answers requests for RPCs. */
export interface ConnectAdapter {
  /** Whether a path is one of a method. */
  serves(path: string): boolean;
  /** Answers a request for a path that it serves. */
  handle(request: NodeRequest, response: NodeResponse, caller: Caller): void;
}

/**
 * Serves services over gRPC, gRPC-Web and Connect by way of the pipeline. The only file that knows connect's
 * handlers.
 */
export function createConnectAdapter(options: ConnectAdapterOptions): ConnectAdapter {
  const { clock, logger, pipeline, metrics } = options;
  const { readBytesMax = readBytesMaxDefault, stallMs = 60_000 } = options;
  const handlers = handlersByPath(options.services, readBytesMax);

  const handle: ConnectAdapter['handle'] = (request, response, caller) => {
    const handler = handlers.get(pathOf(request));
    if (handler === undefined) throw new Error(`${pathOf(request)} is no method`);
    const refused = (error: HubError): void => {
      metrics.callRefused(error.reason);
      refuse(request, response, wireErrorFrom(error));
    };
    const misfit = whyNotTaken(handler, request);
    if (misfit !== undefined) {
      refused(misfit);
      return;
    }
    const values = createContextValues();
    const universal = universalRequestFromNodeRequest(request, response, undefined, values);
    let call: Call;
    try {
      call = pipeline.open({
        method: handler.method,
        caller,
        timeoutMs: timeoutOf(request),
        callerSignal: universal.signal,
        header: (name) => headerOf(request, name),
        terminate: () => cutOff(response),
      });
    } catch (error) {
      refused(error as HubError);
      return;
    }
    values.set(callKey, call);
    response.once('close', () => call.close());
    // Until the handler runs, nothing else would answer when time runs out while the request arrives.
    call.signal.addEventListener(
      'abort',
      () => {
        if (!call.begun) refuse(request, response, wireErrorFrom(call.fail(call.signal.reason)));
      },
      { once: true },
    );
    // The deadline is the pipeline's: connect shall not keep another timer for it.
    universal.header.delete('grpc-timeout');
    universal.header.delete('connect-timeout-ms');
    handler({ ...universal, body: bodyOf(request) })
      .then((answer) => writeResponse(answer, response, { clock, stallMs }))
      .catch((error: unknown) => {
        logger.error('a response could not be written', {
          path: pathOf(request),
          error: call.fail(error).message,
        });
        cutOff(response);
      });
  };
  return { serves: (path) => handlers.has(path), handle };
}

/** The call that a connect handler runs for. */
const callKey = createContextKey<Call | undefined>(undefined, { description: 'switchyard call' });

function handlersByPath(
  services: readonly AnyServiceDefinition[],
  readBytesMax: number,
): ReadonlyMap<string, UniversalHandler> {
  const router = createConnectRouter({
    readMaxBytes: readBytesMax,
    acceptCompression: [compressionGzip, compressionBrotli],
    compressMinBytes: compressBytesMin,
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: (context) => mapOwnErrors(context, readBytesMax),
  });
  for (const { service } of services) {
    router.service(service, implementationOf(service, readBytesMax));
  }
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

/** Connect's form of a service: each method goes through the call that the request was admitted as. */
function implementationOf(service: DescService, readBytesMax: number): ServiceImpl<DescService> {
  const methods = service.methods.map((method) => {
    const mend = (request: Request): Request =>
      Symbol.asyncIterator in request ? mendedEach(request, method, readBytesMax) : request;
    const run = isStream(method)
      ? async function* (request: Request, context: HandlerContext) {
          try {
            yield* callOf(context).stream(mend(request));
          } catch (error) {
            throw ours(error);
          }
        }
      : async (request: Request, context: HandlerContext) => {
          try {
            return await callOf(context).unary(mend(request));
          } catch (error) {
            throw ours(error);
          }
        };
    return [method.localName, run];
  });
  return Object.fromEntries(methods) as ServiceImpl<DescService>;
}

type Request = Message | AsyncIterable<Message>;

/** Requests of a stream, with the errors of their parsing in our form: here they pass through the handler. */
async function* mendedEach(
  requests: AsyncIterable<Message>,
  method: DescMethod,
  readBytesMax: number,
): AsyncGenerator<Message, void, undefined> {
  try {
    yield* requests;
  } catch (error) {
    throw (error instanceof ConnectError && hubErrorFromConnect(error, method, readBytesMax)) || error;
  }
}

function callOf(context: HandlerContext): Call {
  const call = context.values.get(callKey);
  if (call === undefined) throw new Error('the adapter did not open a call');
  return call;
}

/** ConnectErrors that carry one of ours; all others are connect's own. */
const mapped = new WeakSet();

/** The call's error in connect's form. */
function ours(error: unknown): unknown {
  if (!(error instanceof HubError)) return error;
  const connectError = connectErrorFrom(wireErrorFrom(error));
  mapped.add(connectError);
  return connectError;
}

/**
 * Connect raises errors of its own while it reads and parses, with neither reason nor details. It aborts the
 * context with such an error just before it writes it, so that is where it gets our form. (The signal cannot have
 * fired before, unless the caller is gone: deadlines are the pipeline's.)
 */
function mapOwnErrors(context: HandlerContext, readBytesMax: number): void {
  context.signal.addEventListener('abort', () => {
    const error: unknown = context.signal.reason;
    if (!(error instanceof ConnectError) || mapped.has(error)) return;
    const call = callOf(context);
    const hubError = call.fail(hubErrorFromConnect(error, context.method, readBytesMax) ?? error);
    const { code, rawMessage, details } = connectErrorFrom(wireErrorFrom(hubError));
    Object.assign(error, { code, rawMessage, details });
  });
}

/** Why a request for a method's path cannot be taken in its form; undefined when it can. */
function whyNotTaken(handler: UniversalHandler, request: NodeRequest): HubError | undefined {
  const { method } = handler;
  const name = `${method.parent.typeName}/${method.name}`;
  if (method.methodKind === 'bidi_streaming' && !isHttp2(request)) {
    return new HubError({
      reason: 'NEEDS_HTTP2',
      message: `${name} streams in both directions, which needs HTTP/2; use a gRPC client, or Connect over HTTP/2.`,
      metadata: { method: name },
    });
  }
  const httpMethod = request.method ?? '';
  if (!handler.allowedMethods.includes(httpMethod)) {
    const allowed = handler.allowedMethods.join(' or ');
    return notTaken(`${name} takes ${allowed}, not ${httpMethod}.`, {
      method: name,
      http_method: httpMethod,
    });
  }
  const contentType = headerOf(request, 'content-type') ?? '';
  if (httpMethod === 'POST' && !handler.supportedContentType(contentType)) {
    const json = method.methodKind === 'unary' ? 'application/json' : 'application/connect+json';
    return notTaken(
      `${name} does not take the content type "${contentType.slice(0, 100)}"; use application/grpc, application/grpc-web or ${json}.`,
      { method: name, content_type: contentType.slice(0, 100) },
    );
  }
  const timeout = parsedTimeout(request);
  if (timeout !== 'invalid') return undefined;
  return new HubError({
    reason: 'INVALID_FIELD',
    message:
      'The deadline cannot be read: grpc-timeout is up to 8 digits and a unit (100m), connect-timeout-ms up to 10 digits.',
    violations: [{ field: 'timeout', description: 'must be up to 8 digits and one of H, M, S, m, u, n' }],
  });
}

function notTaken(message: string, metadata: Record<string, string>): HubError {
  return new HubError({ reason: 'NOT_IMPLEMENTED', message, metadata });
}

function timeoutOf(request: NodeRequest): number | undefined {
  const timeout = parsedTimeout(request);
  return timeout === 'invalid' ? undefined : timeout;
}

function parsedTimeout(request: NodeRequest): number | undefined | 'invalid' {
  return parseTimeoutMs(headerOf(request, 'grpc-timeout'), headerOf(request, 'connect-timeout-ms'));
}

/** The body as chunks; unlike a request's own iterator, leaving it early does not destroy the connection. */
async function* bodyOf(request: NodeRequest): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
}
