import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ErrorInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { createFakeClock } from '../base/fake-clock.ts';
import { HubError } from '../base/error.ts';
import { silentLogger } from '../telemetry/log.ts';
import { unchecked } from '../security/principal.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createAccessControl } from './access-control.ts';
import type { CallContext } from './call.ts';
import { createPipeline, type IncomingCall } from './pipeline.ts';
import {
  fakeRegistry,
  grpcJsClient,
  grpcJsUnary,
  startTestEdge,
  type TestEdge,
} from './test-edge.fixture.ts';

const { getSystem, watchSystems } = RegistryService.method;

describe('drain', () => {
  let hub: TestEdge;
  afterEach(() => hub.stop());

  const openStream = {
    watchSystems: async function* (_request: unknown, { signal }: CallContext) {
      yield { event: { case: 'reset' as const, value: {} } };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };

  test.each([
    ['gRPC', (baseUrl: string) => createGrpcTransport({ baseUrl })],
    ['gRPC-Web over HTTP/1.1', (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect over HTTP/1.1', (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
  ])('ends an open watch over %s with HUB_DRAINING', async (_name, createTransport) => {
    hub = await startTestEdge(openStream);
    const client = createClient(RegistryService, createTransport(hub.url));
    let drained: Promise<{ forced: number }> | undefined;
    const error = await (async () => {
      for await (const _event of client.watchSystems({})) drained ??= hub.edge.drain(10_000);
    })().catch((each: unknown) => each);
    expect(ConnectError.from(error).code).toBe(Code.Unavailable);
    expect(ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason).toBe('HUB_DRAINING');
    expect(await drained).toEqual({ forced: 0 });
  });

  test('lets a unary call finish and refuses a new one on the same connection with UNAVAILABLE', async () => {
    let answer: (() => void) | undefined;
    hub = await startTestEdge({
      getSystem: ({ systemId }) =>
        new Promise((resolve) => (answer = () => resolve({ system: { id: systemId } }))),
    });
    const client = grpcJsClient(hub.port);
    const first = grpcJsUnary(client, getSystem, { systemId: 'a' });
    await vi.waitFor(() => expect(answer).toBeDefined());
    const drained = hub.edge.drain(10_000);
    await expect(grpcJsUnary(client, getSystem, { systemId: 'b' })).rejects.toMatchObject({ code: 14 });
    answer?.();
    expect((await first).system?.id).toBe('a');
    expect(await drained).toEqual({ forced: 0 });
    client.close();
  });

  test('cuts a call that outlasts the grace', async () => {
    let signal: AbortSignal | undefined;
    hub = await startTestEdge({
      getSystem: (_request, context) => {
        ({ signal } = context);
        return new Promise(() => undefined);
      },
    });
    const client = grpcJsClient(hub.port);
    const call = grpcJsUnary(client, getSystem, { systemId: 'a' }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(signal).toBeDefined());
    expect(await hub.edge.drain(20)).toEqual({ forced: 1 });
    await call;
    await vi.waitFor(() => expect(signal?.aborted).toBe(true));
    client.close();
  });
});

describe('pipeline', () => {
  function open(handlers: Parameters<typeof fakeRegistry>[0], incoming: Partial<IncomingCall> = {}) {
    const clock = createFakeClock();
    const pipeline = createPipeline({
      services: [fakeRegistry(handlers)],
      clock,
      logger: silentLogger,
      metrics: createMetrics({ runtime: false }),
      access: createAccessControl({ refused: () => undefined }),
      limits: { streamsMax: 1 },
    });
    const caller = new AbortController();
    const begin = (init: Partial<IncomingCall> = {}) =>
      pipeline.open({
        method: getSystem,
        caller: { principal: unchecked, refusal: undefined, credential: '', address: '127.0.0.1' },
        timeoutMs: undefined,
        callerSignal: caller.signal,
        header: () => undefined,
        terminate: () => undefined,
        ...incoming,
        ...init,
      });
    return { clock, pipeline, caller, begin };
  }
  const request = { $typeName: 'switchyard.registry.v1.GetSystemRequest', systemId: 'a' } as const;

  test('gives the handler the deadline and ends it when time is up, by the clock', async () => {
    let context: CallContext | undefined;
    const { clock, begin } = open({
      getSystem: (_request, given) => {
        context = given;
        return new Promise(() => undefined);
      },
    });
    const call = begin({ timeoutMs: 1000 });
    const answered = call.unary(request).catch((error: unknown) => error);
    expect(context?.deadlineMs).toBe(clock.now() + 1000);
    await clock.advance(999);
    expect(context?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(await answered).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(context?.signal.reason).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  });

  test('keeps the slot of a handler that goes on after its caller left', async () => {
    let end: (() => void) | undefined;
    const { pipeline, caller, begin } = open({
      getSystem: () => new Promise((resolve) => (end = () => resolve({}))),
    });
    const call = begin();
    const answered = call.unary(request).catch((error: unknown) => error);
    caller.abort();
    expect(await answered).toMatchObject({ reason: 'CANCELLED' });
    call.close();
    expect(pipeline.unaryInFlight).toBe(1);
    end?.();
    await vi.waitFor(() => expect(pipeline.unaryInFlight).toBe(0));
  });

  test('a request that arrives too late aborts the call before its handler', async () => {
    const { clock, begin } = open({});
    const call = begin();
    await clock.advance(30_000);
    expect(call.signal.reason).toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('30000 ms') as string,
    });
    expect(call.begun).toBe(false);
  });

  test('leaves no timer behind', async () => {
    const { clock, begin } = open({ getSystem: async () => ({}) });
    const call = begin({ timeoutMs: 1000 });
    await call.unary(request);
    call.close();
    call.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('streams are bounded apart, and a drain ends those that are open and refuses all that is new', async () => {
    const { pipeline, begin } = open({
      watchSystems: async function* () {
        yield {};
        await new Promise(() => undefined);
      },
    });
    const watch = begin({ method: watchSystems });
    const items = watch.stream({ $typeName: 'switchyard.registry.v1.WatchSystemsRequest' } as never);
    await items.next();
    expect(() => begin({ method: watchSystems })).toThrow(/1 are open already.*server\.max_watches/);
    const next = items.next().catch((error: unknown) => error);
    pipeline.drain();
    expect(await next).toMatchObject({ reason: 'HUB_DRAINING' });
    expect(() => begin()).toThrow(HubError);
    watch.close();
  });
});
