import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { fromBinary, type JsonValue } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { HubError } from '../base/error.ts';
import type { Logger } from '../telemetry/log.ts';
import { silentLogger } from '../telemetry/log.ts';
import type { CallContext } from './call.ts';
import {
  grpcJsClient,
  grpcJsStream,
  grpcJsUnary,
  startTestEdge,
  type TestEdge,
} from './test-edge.fixture.ts';

const nastyText = 'a message with :/,;=&?#+$@ "ü% and 100%, [x] <y> {z} \\ ~ 😀';
const { getSystem, watchSystems } = RegistryService.method;

let hub: TestEdge;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(...args: Parameters<typeof startTestEdge>): Promise<TestEdge> {
  hub = await startTestEdge(...args);
  closers.push(hub.stop);
  return hub;
}

function grpcJs(options: Record<string, string | number> = {}): Client {
  const client = grpcJsClient(hub.port, options);
  closers.push(() => client.close());
  return client;
}

function refused(reason: HubError['reason'], init: Partial<ConstructorParameters<typeof HubError>[0]> = {}) {
  return () => Promise.reject(new HubError({ reason, message: nastyText, ...init }));
}

const found = {
  getSystem: async ({ systemId }: { systemId: string }) => ({ system: { id: systemId, name: 'Ä' } }),
};

const transports: [string, (baseUrl: string) => Transport][] = [
  ['gRPC over h2', (baseUrl) => createGrpcTransport({ baseUrl })],
  [
    'gRPC over h2, gzip',
    (baseUrl) => createGrpcTransport({ baseUrl, sendCompression: compressionGzip, compressMinBytes: 1 }),
  ],
  ['gRPC over h2, JSON', (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false })],
  ['gRPC-Web over HTTP/1.1', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
  ['gRPC-Web over h2', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
  [
    'Connect binary over HTTP/1.1',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
  ],
  [
    'Connect binary over h2',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true }),
  ],
  [
    'Connect JSON over HTTP/1.1',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  ],
  [
    'Connect JSON over h2',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: false }),
  ],
  [
    'Connect GET over HTTP/1.1',
    (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useHttpGet: true }),
  ],
];

describe.each(transports)('%s', (_name, createTransport) => {
  test('a unary call gets its answer', async () => {
    await start(found);
    const client = createClient(RegistryService, createTransport(hub.url));
    const { system } = await client.getSystem({ systemId: 'payments.ledger' });
    expect(system).toMatchObject({ id: 'payments.ledger', name: 'Ä' });
  });

  test('an error arrives with its text unmangled and its details', async () => {
    await start({
      getSystem: refused('LEASE_LOST', {
        metadata: { registration_id: 'r-1' },
        retryAfterMs: 1500,
        executed: 'no',
      }),
    });
    const client = createClient(RegistryService, createTransport(hub.url));
    const error = await client.getSystem({ systemId: 'a' }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ConnectError);
    const connectError = error as ConnectError;
    expect(connectError.code).toBe(Code.Aborted);
    expect(connectError.rawMessage).toBe(nastyText);
    expect(connectError.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: 'LEASE_LOST',
      domain: 'switchyard.dev',
      metadata: { registration_id: 'r-1', executed: 'no' },
    });
    expect(connectError.findDetails(RetryInfoSchema)[0]?.retryDelay).toMatchObject({
      seconds: 1n,
      nanos: 500_000_000,
    });
  });

  test('every violation of a request is reported', async () => {
    await start();
    const client = createClient(RegistryService, createTransport(hub.url));
    const error = await client.getSystem({ systemId: 'No Slug' }).catch((each: unknown) => each);
    const [badRequest] = ConnectError.from(error).findDetails(BadRequestSchema);
    expect(badRequest?.fieldViolations).toMatchObject([{ field: 'system_id' }]);
  });

  test('a stream ends with the error that its handler throws after items', async () => {
    await start({
      watchSystems: async function* () {
        yield { event: { case: 'removed', value: { ids: ['a'] } } };
        throw new HubError({ reason: 'SLOW_READER', message: nastyText });
      },
    });
    const client = createClient(RegistryService, createTransport(hub.url));
    const seen: unknown[] = [];
    const error = await (async () => {
      for await (const { event } of client.watchSystems({})) seen.push(event);
    })().catch((each: unknown) => each);
    expect(seen).toMatchObject([{ case: 'removed', value: { ids: ['a'] } }]);
    expect(ConnectError.from(error)).toMatchObject({ code: Code.ResourceExhausted, rawMessage: nastyText });
  });
});

describe('grpc-js', () => {
  test('sees text and details as they were given', async () => {
    await start({ getSystem: refused('SYSTEM_NOT_FOUND', { resource: { type: 'system', name: 'a' } }) });
    const error = (await grpcJsUnary(grpcJs(), getSystem, { systemId: 'a' }).catch(
      (each: unknown) => each,
    )) as ServiceError;
    expect(error.code).toBe(5);
    expect(error.details).toBe(nastyText);
    const status = fromBinary(StatusSchema, error.metadata.get('grpc-status-details-bin')[0] as Buffer);
    expect(status.message).toBe(nastyText);
    expect(status.details.map(({ typeUrl }) => typeUrl)).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.ResourceInfo',
    ]);
  });

  test('gets the largest error that there is', async () => {
    const violations = Array.from({ length: 500 }, (_each, index) => ({
      field: `system.interfaces[${index}].uri`,
      description: `must be a URI; found "${'ü'.repeat(50)}"`,
    }));
    await start({
      getSystem: refused('INVALID_FIELD', {
        message: 'ü'.repeat(5000),
        violations,
        metadata: { body: 'x'.repeat(5000), other: 'y'.repeat(5000) },
      }),
    });
    const error = (await grpcJsUnary(grpcJs(), getSystem, { systemId: 'a' }).catch(
      (each: unknown) => each,
    )) as ServiceError;
    expect(error.code).toBe(3);
    expect(error.details).toMatch(/^ü+… \(\d+ of 500 violations are left out here\)$/);
  });

  test('a deadline aborts the handler with DEADLINE_EXCEEDED', async () => {
    let context: CallContext | undefined;
    await start({
      getSystem: async (_request, given) => {
        context = given;
        return new Promise(() => undefined);
      },
    });
    const answered = grpcJsUnary(grpcJs(), getSystem, { systemId: 'a' }, { deadlineMs: 150 });
    await expect(answered).rejects.toMatchObject({ code: 4 });
    expect(context?.deadlineMs).toBeLessThanOrEqual(Date.now() + 150);
    await vi.waitFor(() => expect(context?.signal.aborted).toBe(true));
    expect(['DEADLINE_EXCEEDED', 'CANCELLED']).toContain((context?.signal.reason as HubError).reason);
  });

  test('a request over the limit is refused with a clear error', async () => {
    await start(found, { readBytesMax: 10_000 });
    const call = grpcJsUnary(grpcJs(), RegistryService.method.registerSystem, {
      system: { id: 'a', name: 'x'.repeat(20_000) },
    });
    await expect(call).rejects.toMatchObject({
      code: 8,
      details: 'The request is larger than 10000 bytes, the most that the hub reads; send less at once.',
    });
  });

  test('an unknown method is UNIMPLEMENTED and says how to list the services', async () => {
    await start();
    const method = { ...getSystem, name: 'GetSistem' } as typeof getSystem;
    await expect(grpcJsUnary(grpcJs(), method, { systemId: 'a' })).rejects.toMatchObject({
      code: 12,
      details: expect.stringContaining(
        'no method /switchyard.registry.v1.RegistryService/GetSistem',
      ) as string,
    });
  });

  test('bytes that are not the message are INVALID_ARGUMENT with the reason', async () => {
    await start(found);
    const client = grpcJs();
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        '/switchyard.registry.v1.RegistryService/GetSystem',
        () => Buffer.from([0x0a, 0xff]),
        (bytes: Buffer) => bytes,
        {},
        (each) => resolve(each),
      );
    });
    expect(error).toMatchObject({
      code: 3,
      details: expect.stringContaining('not a switchyard.registry.v1.GetSystemRequest') as string,
    });
    expect(error?.metadata.get('grpc-status-details-bin')).toHaveLength(1);
  });

  test('a defect says nothing of its cause, which is logged under the id that the caller gets', async () => {
    const lines: [string, unknown][] = [];
    const logger: Logger = { ...silentLogger, error: (message, fields) => lines.push([message, fields]) };
    await start({ getSystem: () => Promise.reject(new Error('password=hunter2')) }, { logger });
    const error = (await grpcJsUnary(grpcJs(), getSystem, { systemId: 'a' }).catch(
      (each: unknown) => each,
    )) as ServiceError;
    expect(error.code).toBe(13);
    expect(
      JSON.stringify(error.details) + String(error.metadata.getMap()['grpc-status-details-bin']),
    ).not.toContain('hunter2');
    const [[, fields] = ['', {}]] = lines;
    expect(fields).toMatchObject({
      error: 'password=hunter2',
      where: 'switchyard.registry.v1.RegistryService/GetSystem',
    });
    expect(error.details).toContain((fields as { error_id: string }).error_id);
  });

  test('a terminated stream is RESOURCE_EXHAUSTED', async () => {
    let context: CallContext | undefined;
    await start({
      watchSystems: async function* (_request, given) {
        context = given;
        yield { event: { case: 'reset', value: {} } };
        await new Promise(() => undefined);
      },
    });
    const stream = grpcJsStream(grpcJs(), watchSystems, {});
    const failed = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
    await new Promise((resolve) => stream.once('data', resolve));
    context?.terminate(new HubError({ reason: 'SLOW_READER', message: 'too slow' }));
    expect((await failed).code).toBe(8);
  });

  test('a client that goes away ends the handler of its stream', async () => {
    let reason: unknown;
    await start({
      watchSystems: async function* (_request, { signal }) {
        yield { event: { case: 'reset', value: {} } };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reason = signal.reason;
      },
    });
    const stream = grpcJsStream(grpcJs(), watchSystems, {});
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('data', resolve));
    stream.cancel();
    await vi.waitFor(() => expect(reason).toMatchObject({ reason: 'CANCELLED' }));
    await vi.waitFor(() => expect(hub.edge.pipeline.streamsOpen).toBe(0));
  });

  test('one call more than the limit is refused and names the limit; after one ends there is room', async () => {
    const waiting: (() => void)[] = [];
    await start(
      {
        getSystem: ({ systemId }) =>
          new Promise((resolve) => waiting.push(() => resolve({ system: { id: systemId } }))),
      },
      { callLimits: { unaryMax: 1 } },
    );
    const client = grpcJs();
    const first = grpcJsUnary(client, getSystem, { systemId: 'a' });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    await expect(grpcJsUnary(client, getSystem, { systemId: 'b' })).rejects.toMatchObject({
      code: 8,
      details: expect.stringContaining('1 are open already') as string,
    });
    waiting[0]?.();
    await first;
    await vi.waitFor(() => expect(hub.edge.pipeline.unaryInFlight).toBe(0));
    const third = grpcJsUnary(client, getSystem, { systemId: 'c' });
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    waiting[1]?.();
    expect((await third).system?.id).toBe('c');
  });
});

describe('a reader that takes nothing', () => {
  const flood = (onEnd: () => void, onBegin?: (context: CallContext) => void) => ({
    watchSystems: async function* (_request: unknown, context: CallContext) {
      onBegin?.(context);
      try {
        for (;;) yield { event: { case: 'removed' as const, value: { ids: ['x'.repeat(60_000)] } } };
      } finally {
        onEnd();
      }
    },
  });
  /** A stream of the node:http2 client whose data nobody reads, and the code that it was reset with. */
  const stalled = async (): Promise<number> => {
    const session = connectHttp2(hub.url);
    closers.push(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/switchyard.registry.v1.RegistryService/WatchSystems',
      'content-type': 'application/grpc',
    });
    stream.on('error', () => undefined);
    stream.end(Buffer.alloc(5));
    // Not an event: Node keeps them until the data has been read.
    return vi.waitFor(
      () => {
        expect(stream.closed).toBe(true);
        return stream.rstCode;
      },
      { timeout: 10_000 },
    );
  };

  test('is reset with ENHANCE_YOUR_CALM after the stall time, and its handler ends', async () => {
    let ended = false;
    await start(
      flood(() => (ended = true)),
      { stallMs: 100 },
    );
    expect(await stalled()).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await vi.waitFor(() => expect(ended).toBe(true));
    await vi.waitFor(() => expect(hub.edge.pipeline.streamsOpen).toBe(0));
  });

  test('is reset with ENHANCE_YOUR_CALM when the handler terminates the call', async () => {
    let ended = false;
    let context: CallContext | undefined;
    await start(
      flood(
        () => (ended = true),
        (given) => (context = given),
      ),
    );
    const reset = stalled();
    await vi.waitFor(() => expect(context).toBeDefined());
    context?.terminate(new HubError({ reason: 'SLOW_READER', message: 'too slow' }));
    expect(await reset).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await vi.waitFor(() => expect(ended).toBe(true));
    await vi.waitFor(() => expect(hub.edge.pipeline.streamsOpen).toBe(0));
  });

  test('loses its connection over HTTP/1.1', async () => {
    let ended = false;
    await start(
      flood(() => (ended = true)),
      { stallMs: 100 },
    );
    const socket = connectSocket(hub.port, '127.0.0.1');
    closers.push(() => socket.destroy());
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write(
      'POST /switchyard.registry.v1.RegistryService/WatchSystems HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/connect+proto\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0',
    );
    await vi.waitFor(() => expect(ended).toBe(true), { timeout: 10_000 });
    socket.resume();
    await closed;
  });
});

describe('plain curl with JSON', () => {
  const post = async (
    path: string,
    body: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Record<string, JsonValue> }> => {
    const response = await fetch(`${hub.url}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: response.status, json: (await response.json()) as Record<string, JsonValue> };
  };
  const base = '/switchyard.registry.v1.RegistryService';

  test('gets JSON', async () => {
    await start(found);
    expect(await post(`${base}/GetSystem`, '{"system_id":"a"}')).toEqual({
      status: 200,
      json: { system: { id: 'a', name: 'Ä' } },
    });
  });

  const malformed: [string, string, string, RegExp][] = [
    [
      'an unknown field',
      '{"sistem_id":"a"}',
      'sistem_id',
      /is not a field of .*GetSystemRequest; allowed are system_id/,
    ],
    ['a field of the wrong type', '{"system_id":5}', 'system_id', /expected string, got 5/],
    ['no JSON', '{', '', /not a switchyard.registry.v1.GetSystemRequest: cannot decode/],
  ];
  test.each(malformed)('%s is refused by name', async (_name, body, field, text) => {
    await start(found);
    const { status, json } = await post(`${base}/GetSystem`, body);
    expect(status).toBe(400);
    expect(json['code']).toBe('invalid_argument');
    expect(json['message']).toMatch(text);
    const details = json['details'] as {
      type: string;
      debug: { reason?: string; fieldViolations?: { field: string }[] };
    }[];
    expect(details[0]).toMatchObject({ type: 'google.rpc.ErrorInfo', debug: { reason: 'INVALID_FIELD' } });
    expect(details[1]?.debug.fieldViolations?.[0]?.field ?? '').toBe(field);
  });

  test('an unknown field deep inside is refused with the fields that there are', async () => {
    await start();
    const { json } = await post(`${base}/RegisterSystem`, '{"system":{"interfaces":[{"url":"http://x"}]}}');
    expect(json['message']).toMatch(
      /^url: is not a field of switchyard.registry.v1.Interface; allowed are name, protocol, uri/,
    );
  });

  test('an unknown enum name says which fields it may be', async () => {
    await start();
    const { json } = await post(
      `${base}/RegisterSystem`,
      '{"system":{"interfaces":[{"protocol":"CARRIER_PIGEON"}]}}',
    );
    expect(json['message']).toMatch(/^protocol: is not a switchyard.type.v1.Protocol: "CARRIER_PIGEON"/);
  });

  test('a huge unknown name does not make a huge error', async () => {
    await start();
    const { status, json } = await post(`${base}/GetSystem`, JSON.stringify({ ['x'.repeat(100_000)]: 1 }));
    expect(status).toBe(400);
    expect(JSON.stringify(json).length).toBeLessThan(16_000);
  });

  test('a body over the limit gets a clear answer over HTTP/1.1 too, not a broken connection', async () => {
    await start(found, { readBytesMax: 10_000 });
    const { status, json } = await post(
      `${base}/GetSystem`,
      JSON.stringify({ system_id: 'x'.repeat(3_000_000) }),
    );
    expect(status).toBe(429);
    expect(json).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringContaining('larger than 10000 bytes') as string,
    });
  });

  test('a streamed body over the limit, of unknown length, gets the same clear answer', async () => {
    await start(found, { readBytesMax: 10_000 });
    let chunks = 0;
    const response = await fetch(`${hub.url}${base}/GetSystem`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({
        pull(controller) {
          chunks += 1;
          if (chunks > 50) controller.close();
          else controller.enqueue(new Uint8Array(4000).fill(32));
        },
      }),
      // What Node's fetch demands and its types leave out.
      ...({ duplex: 'half' } as object),
    });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: 'resource_exhausted' });
  });

  test('an HTTP/2 client that is answered while it still sends is told to stop', async () => {
    await start(found, { readBytesMax: 10_000 });
    const session = connectHttp2(hub.url);
    closers.push(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': `${base}/GetSystem`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    let trailers: Record<string, unknown> | undefined;
    stream.once('trailers', (given: Record<string, unknown>) => (trailers = given));
    // An envelope of 1 MB is announced, and never ends.
    stream.write(Buffer.concat([Buffer.from([0, 0, 0x10, 0, 0]), Buffer.alloc(20_000)]));
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(trailers).toMatchObject({ 'grpc-status': '8' });
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test('the trailers inside a gRPC-Web body are as the specification says too', async () => {
    await start({ getSystem: refused('LEASE_LOST') });
    const response = await fetch(`${hub.url}${base}/GetSystem`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto' },
      body: Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x61]),
    });
    expect(await response.text()).toContain(
      'grpc-message: a message with :/,;=&?#+$@ "%C3%BC%25 and 100%25, [x] <y> {z} \\ ~ %F0%9F%98%80\r\n',
    );
  });

  test('the wrong content type, HTTP method and deadline are refused with what would be right', async () => {
    await start(found);
    expect(await post(`${base}/GetSystem`, '{}', { 'content-type': 'text/xml' })).toMatchObject({
      status: 501,
      json: {
        message: expect.stringContaining(
          'use application/grpc, application/grpc-web or application/json',
        ) as string,
      },
    });
    const put = await fetch(`${hub.url}${base}/GetSystem`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
    });
    expect(await put.json()).toMatchObject({
      message: expect.stringContaining('takes POST or GET, not PUT') as string,
    });
    expect(await post(`${base}/GetSystem`, '{}', { 'connect-timeout-ms': 'soon' })).toMatchObject({
      status: 400,
    });
  });

  test('a deadline in a header is kept', async () => {
    await start({ getSystem: () => new Promise(() => undefined) });
    const { status, json } = await post(`${base}/GetSystem`, '{"system_id":"a"}', {
      'connect-timeout-ms': '50',
    });
    expect(status).toBe(504);
    expect(json).toMatchObject({
      code: 'deadline_exceeded',
      message: expect.stringContaining('deadline of 50 ms') as string,
    });
  });

  test('a bidi method over HTTP/1.1 needs HTTP/2', async () => {
    await start();
    const response = await fetch(`${hub.url}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto' },
      body: '',
    });
    expect(response.headers.get('grpc-status')).toBe('12');
    expect(response.headers.get('grpc-message')).toMatch(/needs HTTP\/2/);
  });

  test('a request that does not arrive whole in time is told so', async () => {
    await start(found, { callLimits: { requestArrivalMs: 50 } });
    const response = await fetch(`${hub.url}${base}/GetSystem`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) }),
      // What Node's fetch demands and its types leave out.
      ...({ duplex: 'half' } as object),
    });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({
      message: 'The request did not arrive whole within 50 ms.',
    });
  });
});

test('calls are counted by service, method and code, and none stays in flight', async () => {
  await start({ getSystem: refused('SYSTEM_NOT_FOUND'), listSystems: async () => ({}) });
  const client = grpcJs();
  await grpcJsUnary(client, getSystem, { systemId: 'a' }).catch(() => undefined);
  await grpcJsUnary(client, RegistryService.method.listSystems, {});
  await vi.waitFor(async () => {
    const { body } = await hub.metrics.exposition();
    expect(body).toContain(
      'switchyard_calls_total{service="switchyard.registry.v1.RegistryService",method="GetSystem",code="NOT_FOUND"} 1',
    );
    expect(body).toContain(
      'switchyard_calls_total{service="switchyard.registry.v1.RegistryService",method="ListSystems",code="OK"} 1',
    );
    expect(body).toContain('switchyard_calls_in_flight 0');
  });
});

test('metadata of a call reaches its handler', async () => {
  let seen: string | undefined;
  await start({
    getSystem: async (_request, context) => {
      seen = context.header('x-request-id');
      return {};
    },
  });
  const client = createClient(RegistryService, createGrpcTransport({ baseUrl: hub.url }));
  await client.getSystem({ systemId: 'a' }, { headers: { 'X-Request-Id': 'r1' } });
  expect(seen).toBe('r1');
});
