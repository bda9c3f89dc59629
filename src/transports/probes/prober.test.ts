import { create, toBinary } from '@bufbuild/protobuf';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
} from '#gen/standard/health/v1/health_pb.js';
import { systemClock } from '../../base/clock.ts';
import type { HealthCheck, ProbeResult } from '../../base/transport.ts';
import { type GrpcCall, grpcFrame, startGrpcTarget } from '../fixtures/grpc-server.fixture.ts';
import { drip } from '../fixtures/http-targets.fixture.ts';
import { startHttpTarget, startRawHttpTarget } from '../fixtures/http-server.fixture.ts';
import {
  endpointOf,
  silentEgress,
  type WatchedClock,
  type WatchedEgress,
  watchClock,
  watchEgress,
} from '../fixtures/send.fixture.ts';
import { startWireServer, type TestServer, unusedPort } from '../fixtures/wire-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { createProbes, type Probes } from './prober.ts';

const noSecrets = { secrets: fixedSecrets(), identities: fixedIdentities() };

type Protocol = 'HTTP' | 'GRPC';
const schemes: Readonly<Record<Protocol, string>> = { HTTP: 'http', GRPC: 'grpc' };

describe('a probe', () => {
  let clock: WatchedClock;
  let egress: WatchedEgress;
  let probes: Probes;
  beforeEach(() => {
    clock = watchClock();
    egress = watchEgress(clock);
    probes = createProbes({ clock, egress, ...noSecrets });
  });
  afterEach(async () => {
    await probes.close();
    expect(egress.sockets.filter((socket) => !socket.destroyed)).toHaveLength(0);
    await vi.waitFor(() => expect(clock.runningTimers).toBe(0));
  });

  const probe = (
    protocol: Protocol,
    { port }: { readonly port: number },
    {
      withinMs = 10_000,
      signal = new AbortController().signal,
      over = probes,
      ...healthCheck
    }: Partial<HealthCheck> & { withinMs?: number; signal?: AbortSignal; over?: Probes } = {},
  ): Promise<ProbeResult> =>
    over.probe(endpointOf(protocol, `${schemes[protocol]}://127.0.0.1:${port}`, { healthCheck }), {
      deadlineMs: clock.now() + withinMs,
      signal,
    });
  const serving = (status: ServingStatus) => (call: GrpcCall) =>
    call.answer(
      grpcFrame(toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }))),
    );

  describe('over HTTP', () => {
    test.each([
      [200, true],
      [204, true],
      [299, true],
      [301, false],
      [401, false],
      [404, true],
      [429, false],
      [500, false],
      [503, false],
    ])('of a target that answers %i: alive is %s', async (status, alive) => {
      await using server = await startHttpTarget((response) => response.writeHead(status).end());
      const result = await probe('HTTP', server);
      expect(result).toMatchObject({ alive, detail: expect.stringContaining(`HTTP ${status}`) as string });
      expect(result.latencyMs).toBeGreaterThan(0);
      expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/health' });
    });

    test('asks the path that the health check names', async () => {
      await using server = await startHttpTarget((response) => response.end());
      await probe('HTTP', server, { path: '/ready?deep=1' });
      expect(server.seen[0]?.path).toBe('/ready?deep=1');
    });

    test.each([
      ['{"status":"degraded"}', true],
      ['{"status":"DEGRADED","checks":{}}', true],
      ['{"status":"ok"}', undefined],
      ['{"status":7}', undefined],
      ['degraded', undefined],
      ['', undefined],
    ])('of a page that says %j: degraded is %s', async (page, degraded) => {
      await using server = await startHttpTarget((response) => response.end(page));
      const result = await probe('HTTP', server);
      expect(result.alive).toBe(true);
      expect(result.degraded).toBe(degraded);
    });

    test('of a failing target is not degraded, whatever its page says', async () => {
      await using server = await startHttpTarget((response) =>
        response.writeHead(503).end('{"status":"degraded"}'),
      );
      const result = await probe('HTTP', server);
      expect(result.alive).toBe(false);
      expect(result).not.toHaveProperty('degraded');
    });

    test('of a page without end counts by its status', async () => {
      await using server = await startHttpTarget((response) => response.end(Buffer.alloc(1_000_000)));
      expect((await probe('HTTP', server)).alive).toBe(true);
    });

    test('of a page that trickles is dead at the deadline', async () => {
      await using server = await startRawHttpTarget((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n');
        drip(socket, systemClock);
      });
      const result = await probe('HTTP', server, { withinMs: 100 });
      expect(result.alive).toBe(false);
      expect(result.detail).toContain('before the deadline');
    });

    test('of garbage is dead', async () => {
      await using server = await startRawHttpTarget((socket) => socket.write('no HTTP\r\n\r\n'));
      const result = await probe('HTTP', server);
      expect(result.alive).toBe(false);
      expect(result.detail).toContain(`http://127.0.0.1:${server.port}: the answer is not HTTP`);
    });
  });

  describe('over gRPC', () => {
    test.each([
      [ServingStatus.SERVING, true, 'SERVING'],
      [ServingStatus.NOT_SERVING, false, 'NOT_SERVING'],
      [ServingStatus.UNKNOWN, false, 'UNKNOWN'],
      [ServingStatus.SERVICE_UNKNOWN, false, 'SERVICE_UNKNOWN'],
    ])('of status %i: alive is %s, %s', async (status, alive, detail) => {
      await using server = await startGrpcTarget(serving(status));
      expect(await probe('GRPC', server)).toMatchObject({ alive, detail });
    });

    test('asks the health service about the service that the health check names', async () => {
      await using server = await startGrpcTarget(serving(ServingStatus.SERVING));
      await probe('GRPC', server, { service: 'ledger.v1' });
      const [call] = server.seen;
      expect(call?.headers[':path']).toBe('/grpc.health.v1.Health/Check');
      const asked = toBinary(
        HealthCheckRequestSchema,
        create(HealthCheckRequestSchema, { service: 'ledger.v1' }),
      );
      expect(call?.message.equals(asked)).toBe(true);
    });

    test('that is UNIMPLEMENTED finds a target that is alive', async () => {
      await using server = await startGrpcTarget((call) => call.refuse(12));
      expect(await probe('GRPC', server)).toMatchObject({ alive: true });
    });

    test.each([5, 13, 14])(
      'that is refused with status %i finds a target that is not well',
      async (status) => {
        await using server = await startGrpcTarget((call) => call.refuse(status, { 'grpc-message': 'why' }));
        const result = await probe('GRPC', server);
        expect(result.alive).toBe(false);
        expect(result.detail).toContain('why');
      },
    );

    test('of something that is no health answer is dead', async () => {
      await using server = await startGrpcTarget((call) => call.answer(grpcFrame(Buffer.from([0xff]))));
      expect((await probe('GRPC', server)).alive).toBe(false);
    });
  });

  describe('over TCP', () => {
    test.each(['HTTP', 'GRPC'] as const)(
      'opens the port of a %s interface, and lets go',
      async (protocol) => {
        await using server = await startWireServer((socket) => socket.resume().on('end', () => socket.end()));
        expect(await probe(protocol, server, { kind: 'TCP' })).toMatchObject({ alive: true });
        await vi.waitFor(() => expect(server.accepted).toBe(1));
        await vi.waitFor(() => expect(server.open).toBe(0));
      },
    );

    test.each(['HTTP', 'GRPC'] as const)('of a %s interface names who does not listen', async (protocol) => {
      const port = await unusedPort();
      const result = await probe(protocol, { port }, { kind: 'TCP' });
      expect(result).toMatchObject({
        alive: false,
        detail: `${schemes[protocol]}://127.0.0.1:${port}: connection refused: nobody listens there`,
      });
    });
  });

  test('that is switched off asks nobody', async () => {
    await using server = await startWireServer((socket) => socket.end());
    expect((await probe('HTTP', server, { kind: 'NONE' })).alive).toBe(true);
    expect(server.accepted).toBe(0);
  });

  describe.each(['HTTP', 'GRPC'] as const)('of a %s interface', (protocol) => {
    const silent = (): Promise<TestServer> =>
      protocol === 'HTTP' ? startHttpTarget(() => undefined) : startGrpcTarget(() => undefined);

    test('ends at its deadline', async () => {
      await using server = await silent();
      const startMs = clock.monotonic();
      const result = await probe(protocol, server, { withinMs: 100 });
      expect(result.alive).toBe(false);
      expect(result.detail).toContain(`127.0.0.1:${server.port}`);
      expect(clock.monotonic() - startMs).toBeLessThan(5000);
      expect(result.latencyMs).toBeGreaterThanOrEqual(95);
    });

    test('ends when its signal aborts, and leaves no listener on it', async () => {
      await using server = await silent();
      const caller = new AbortController();
      const asked = probe(protocol, server, { signal: caller.signal });
      await vi.waitFor(() => expect(server.accepted).toBe(1));
      expect(getEventListeners(caller.signal, 'abort').length).toBeGreaterThan(0);
      caller.abort();
      expect((await asked).alive).toBe(false);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    });

    test.each(['AUTO', 'TCP'] as const)('(%s) ends at its deadline while connecting', async (kind) => {
      // The egress keeps to the time it is given: only it knows how far a connection has come.
      const stuck = createProbes({ clock, egress: kind === 'TCP' ? timedOut : silentEgress, ...noSecrets });
      expect((await probe(protocol, { port: 9 }, { kind, withinMs: 50, over: stuck })).alive).toBe(false);
      await stuck.close();
    });

    test('of a URI that is not usable is dead', async () => {
      const result = await probes.probe(endpointOf(protocol, 'mailto:x'), {
        deadlineMs: clock.now() + 1000,
        signal: new AbortController().signal,
      });
      expect(result).toMatchObject({ alive: false, detail: expect.stringContaining('not usable') as string });
    });

    test('shares one connection with the next', async () => {
      await using server =
        protocol === 'HTTP'
          ? await startHttpTarget((response) => response.end())
          : await startGrpcTarget(serving(ServingStatus.SERVING));
      await probe(protocol, server);
      await new Promise((resolve) => setImmediate(resolve));
      await probe(protocol, server);
      expect(server.accepted).toBe(1);
    });
  });

  test.each(['HTTP', 'GRPC', 'TCP'] as const)(
    'by %s after close is dead and connects to nobody',
    async (kind) => {
      await using server = await startWireServer((socket) => socket.end());
      await probes.close();
      const result = await probe('HTTP', server, { kind });
      expect(result).toMatchObject({ alive: false, detail: 'the hub is shutting down' });
      expect(server.accepted).toBe(0);
    },
  );

  test('by TCP ends when the probes close', async () => {
    const over = createProbes({ clock, egress: silentEgress, ...noSecrets });
    const asked = probe('HTTP', { port: 9 }, { kind: 'TCP', over });
    await over.close();
    expect((await asked).alive).toBe(false);
  });
});

/** An egress whose connections run out of time, as the real one's do. */
const timedOut = {
  ...silentEgress,
  connect: (_target: unknown, { timeoutMs }: { readonly timeoutMs: number }): Promise<never> =>
    systemClock.sleep(timeoutMs).then(() => {
      throw new Error('no connection');
    }),
};
