import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import type { ProbeResult } from '../base/transport.ts';
import {
  createDirectory,
  endpointFixture,
  monitoredFixture,
  ok,
  refused,
  setUpMonitor,
  slow,
} from './health.fixture.ts';
import { HealthMonitor, type StatusChange } from './monitor.ts';
import type { Prober } from './ports.ts';

const never = new AbortController().signal;

describe('a monitored system', () => {
  test('is UNKNOWN, then as its first probe finds it', async () => {
    const { clock, monitor } = setUpMonitor();
    expect(monitor.get('echo')).toMatchObject({ status: 'UNKNOWN', cause: 'not probed yet' });
    expect(monitor.get('echo')?.lastCheckTimeMs).toBeUndefined();
    await clock.advance(1000);
    expect(monitor.get('echo')).toMatchObject({ status: 'HEALTHY', latencyMs: 12, cause: 'HTTP 200' });
    expect(monitor.get('echo')?.lastCheckTimeMs).toBeLessThanOrEqual(clock.now());
  });

  test('that dies is UNHEALTHY for routing within one interval and three quick probes, and back as quickly', async () => {
    const { clock, monitor, prober } = setUpMonitor();
    await clock.advance(1000);
    prober.find(refused);
    await clock.advance(33_100 + 2 * 5600);
    expect(monitor.routingStatusOf('echo', 'rest_api')).toBe('UNHEALTHY');
    expect(monitor.get('echo')?.cause).toMatch(
      /^[34] probes failed, last: connection refused \(127.0.0.1:8001\)$/,
    );
    prober.find(ok);
    await clock.advance(11_000 + 5600);
    expect(monitor.routingStatusOf('echo', 'rest_api')).toBe('HEALTHY');
  });

  test('is not probed when its health check is off, and CheckHealth leaves it as it is', async () => {
    const endpoint = endpointFixture('echo', { healthCheck: { kind: 'NONE' } });
    const { clock, monitor, prober } = setUpMonitor([monitoredFixture('echo', { endpoints: [endpoint] })]);
    await clock.advance(100_000);
    const [health] = await monitor.check(['echo'], never);
    expect([health?.status, prober.probed.length]).toEqual(['UNKNOWN', 0]);
  });

  test('is probed at its own interval', async () => {
    const endpoint = endpointFixture('echo', { healthCheck: { intervalMs: 1000 } });
    const { clock, prober } = setUpMonitor([monitoredFixture('echo', { endpoints: [endpoint] })]);
    await clock.advance(20_000);
    expect(prober.probed.length).toBeGreaterThanOrEqual(17);
  });

  test('that nobody registered is UNKNOWN, and has no health', () => {
    const { monitor } = setUpMonitor();
    expect([monitor.statusOf('x'), monitor.routingStatusOf('echo', 'x')]).toEqual(['UNKNOWN', 'UNKNOWN']);
    expect(monitor.get('x')).toBeUndefined();
  });
});

describe('a change of the registry', () => {
  test('brings a new system in and takes a removed one out, probes and all', async () => {
    const { clock, directory, monitor, prober } = setUpMonitor([]);
    directory.put(monitoredFixture('echo'));
    await clock.advance(1000);
    expect([monitor.statusOf('echo'), monitor.feed.get('echo')?.status]).toEqual(['HEALTHY', 'HEALTHY']);
    directory.remove('echo');
    const probes = prober.probed.length;
    await clock.advance(100_000);
    expect([monitor.get('echo'), monitor.feed.size, prober.probed.length]).toEqual([undefined, 0, probes]);
    expect(monitor.ids()).toEqual([]);
  });

  test('of a URI starts the interface afresh, and what the old place answers no longer counts', async () => {
    const { clock, directory, monitor, prober } = setUpMonitor();
    await clock.advance(1000);
    const moved = endpointFixture('echo', { uri: 'http://127.0.0.1:8002' });
    prober.find(slow, moved.uri);
    directory.put(monitoredFixture('echo', { endpoints: [moved] }));
    expect(monitor.statusOf('echo')).toBe('UNKNOWN');
    await clock.advance(1000);
    expect(monitor.statusOf('echo')).toBe('DEGRADED');
    expect(prober.probed.at(-1)).toBe(moved.uri);
  });

  test('to a new incarnation drops FAILED and probes soon', async () => {
    const { clock, directory, monitor, prober } = setUpMonitor();
    await clock.advance(2000);
    monitor.report({ systemId: 'echo', status: 'FAILED', cause: 'disk gone' });
    expect(monitor.routingStatusOf('echo', 'rest_api')).toBe('FAILED');
    const probes = prober.probed.length;
    directory.put(monitoredFixture('echo', { registrationId: 'r2' }));
    expect(monitor.statusOf('echo')).toBe('HEALTHY');
    await clock.advance(1000);
    expect(prober.probed.length).toBe(probes + 1);
  });

  test('that says the lease is lost disconnects the system whatever its probes say', async () => {
    const { clock, directory, monitor } = setUpMonitor();
    await clock.advance(1000);
    directory.put(monitoredFixture('echo', { leaseExpired: true }));
    await clock.advance(60_000);
    expect(monitor.statusOf('echo')).toBe('DISCONNECTED');
    expect(monitor.routingStatusOf('echo', 'rest_api')).toBe('DISCONNECTED');
  });
});

describe('deliveries', () => {
  test('colour what people see, never the routing, and the colour goes with the minute', async () => {
    const { clock, monitor, deliver } = setUpMonitor();
    await clock.advance(1000);
    deliver(false, 5);
    expect(monitor.get('echo')).toMatchObject({ status: 'DEGRADED', errorRate: 1 });
    expect(monitor.routingStatusOf('echo', 'rest_api')).toBe('HEALTHY');
    await clock.advance(62_000);
    expect(monitor.get('echo')).toMatchObject({ status: 'HEALTHY', errorRate: 0 });
  });

  test('that say nothing about the target are not counted, nor are those of nobody', () => {
    const { monitor, deliver } = setUpMonitor();
    for (let at = 0; at < 10; at += 1) {
      monitor.observe({ systemId: 'echo', interface: 'rest_api', ok: false, latencyMs: 1, counts: false });
    }
    deliver(false, 10, 1, 'nobody');
    expect(monitor.get('echo')).toMatchObject({ status: 'UNKNOWN', errorRate: 0 });
  });

  test('leave no timer behind once the minute is over', async () => {
    const { clock, monitor, deliver } = setUpMonitor();
    await clock.advance(1000);
    const timers = clock.pendingTimers;
    deliver(true, 3);
    await clock.advance(120_000);
    // The probe timer, and at most the publishing of what the last probe measured.
    expect(clock.pendingTimers).toBeLessThanOrEqual(Math.max(timers, 2));
    monitor.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('reports', () => {
  test('end after five minutes, or when they say', async () => {
    const { clock, monitor } = setUpMonitor();
    await clock.advance(1000);
    monitor.report({ systemId: 'echo', status: 'DEGRADED', cause: 'cache is cold' });
    expect(monitor.get('echo')).toMatchObject({
      status: 'DEGRADED',
      cause: 'it reports DEGRADED: cache is cold',
    });
    await clock.advance(299_000);
    expect(monitor.statusOf('echo')).toBe('DEGRADED');
    await clock.advance(2000);
    expect(monitor.statusOf('echo')).toBe('HEALTHY');
    monitor.report({ systemId: 'echo', status: 'UNHEALTHY', cause: '', validForMs: 1000 });
    await clock.advance(2000);
    expect(monitor.statusOf('echo')).toBe('HEALTHY');
  });

  test('of FAILED hold without end, until the next one', async () => {
    const { clock, monitor } = setUpMonitor();
    monitor.report({ systemId: 'echo', status: 'FAILED', cause: '', validForMs: 1000 });
    await clock.advance(86_400_000);
    expect(monitor.statusOf('echo')).toBe('FAILED');
    expect(monitor.report({ systemId: 'echo', status: 'HEALTHY', cause: '' }).status).toBe('HEALTHY');
  });

  test('of an earlier incarnation or an unknown system are refused', () => {
    const { monitor } = setUpMonitor();
    const report = { systemId: 'echo', status: 'FAILED', cause: '' } as const;
    expect(() => monitor.report({ ...report, registrationId: 'r0' })).toThrow(
      expect.objectContaining({ reason: 'LEASE_LOST' }) as Error,
    );
    expect(() => monitor.report({ ...report, systemId: 'x' })).toThrow(
      expect.objectContaining({ reason: 'SYSTEM_NOT_FOUND' }) as Error,
    );
    expect(monitor.statusOf('echo')).toBe('UNKNOWN');
    expect(monitor.report({ ...report, registrationId: 'r1' }).status).toBe('FAILED');
  });
});

describe('a check', () => {
  test('counts as a probe, of every interface, and answers in the order asked', async () => {
    const grpc = endpointFixture('b', { interface: 'grpc', uri: 'grpc://127.0.0.1:9001' });
    const { monitor, prober } = setUpMonitor([
      monitoredFixture('a'),
      monitoredFixture('b', { endpoints: [endpointFixture('b'), grpc] }),
    ]);
    const found = await monitor.check(['b', 'a'], never);
    expect(found.map(({ systemId, status }) => [systemId, status])).toEqual([
      ['b', 'HEALTHY'],
      ['a', 'HEALTHY'],
    ]);
    expect(prober.probed).toHaveLength(3);
  });

  test('of an unknown system fails before any probe', async () => {
    const { monitor, prober } = setUpMonitor();
    await expect(monitor.check(['echo', 'x'], never)).rejects.toMatchObject({ reason: 'SYSTEM_NOT_FOUND' });
    expect(prober.probed).toEqual([]);
  });

  test('ends with its caller; the probe that it began still counts', async () => {
    let answer = (_result: ProbeResult): void => undefined;
    const prober: Prober = () => new Promise((resolve) => (answer = resolve));
    const { clock, monitor } = setUpMonitor(undefined, { prober });
    const caller = new AbortController();
    const check = monitor.check(['echo'], caller.signal);
    const ended = expect(check).rejects.toThrow('gone');
    await clock.advance(0);
    caller.abort(new Error('gone'));
    await ended;
    answer(ok);
    await clock.advance(0);
    expect(monitor.statusOf('echo')).toBe('HEALTHY');
  });
});

describe('what is published', () => {
  test('is a status at once, and measurements alone within ten seconds', async () => {
    const { clock, monitor, prober, deliver } = setUpMonitor();
    await clock.advance(1000);
    await clock.advance(20_000);
    const before = monitor.feed.get('echo');
    deliver(true, 3, 500);
    expect(monitor.feed.get('echo')).toBe(before);
    await clock.advance(10_000);
    expect(monitor.feed.get('echo')?.latencyMs).not.toBe(before?.latencyMs);
    prober.find(slow);
    await monitor.check(['echo'], never);
    expect(monitor.feed.get('echo')?.status).toBe('DEGRADED');
  });

  test('tells listeners of each change of status, with the health that it led to', async () => {
    const { monitor, prober } = setUpMonitor();
    const changes: StatusChange[] = [];
    const stop = monitor.onStatusChange((change) => changes.push(change));
    await monitor.check(['echo'], never);
    await monitor.check(['echo'], never);
    prober.find(slow);
    await monitor.check(['echo'], never);
    stop();
    monitor.report({ systemId: 'echo', status: 'FAILED', cause: '' });
    expect(changes.map(({ from, to, health }) => [from, to, health.status])).toEqual([
      ['UNKNOWN', 'HEALTHY', 'HEALTHY'],
      ['HEALTHY', 'DEGRADED', 'DEGRADED'],
    ]);
  });

  test('sums up by status, worst first, and names those that are not well', async () => {
    const systems = ['d', 'c', 'b', 'a'].map((id) => monitoredFixture(id));
    const { monitor } = setUpMonitor(systems);
    await monitor.check(['a', 'b'], never);
    monitor.report({ systemId: 'b', status: 'DEGRADED', cause: '' });
    monitor.report({ systemId: 'c', status: 'FAILED', cause: '' });
    const summary = monitor.summary();
    expect(summary.systems).toBe(4);
    expect(summary.byStatus).toEqual([
      { status: 'FAILED', systems: 1 },
      { status: 'DEGRADED', systems: 1 },
      { status: 'UNKNOWN', systems: 1 },
      { status: 'HEALTHY', systems: 1 },
    ]);
    expect(summary.notWell.map(({ systemId }) => systemId)).toEqual(['c', 'b']);
    expect([...monitor.list()].map(({ systemId }) => systemId)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('ends with the monitor, which leaves no timer and no listener', async () => {
    const { clock, directory, monitor, deliver } = setUpMonitor();
    deliver(true);
    monitor.report({ systemId: 'echo', status: 'DEGRADED', cause: '' });
    monitor.close();
    deliver(true);
    await clock.advance(0);
    expect([clock.pendingTimers, directory.listeners.size]).toEqual([0, 0]);
    expect(monitor.statusOf('echo')).toBe('DEGRADED');
  });
});

describe('with a real server', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  test('health follows what it answers', async () => {
    const answers = { status: 200 };
    const server = createServer((_request, response) => {
      response.writeHead(answers.status, { connection: 'close' }).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpoint = endpointFixture('echo', { uri: `http://127.0.0.1:${port}` });
    const monitor = new HealthMonitor({
      clock: systemClock,
      random: systemRandom,
      directory: createDirectory(monitoredFixture('echo', { endpoints: [endpoint] })),
      prober: probeByHttp,
    });
    const check = async (): Promise<string> => {
      await monitor.check(['echo'], never);
      return monitor.statusOf('echo');
    };
    try {
      expect(await check()).toBe('HEALTHY');
      answers.status = 503;
      expect([await check(), await check(), await check()]).toEqual(['HEALTHY', 'HEALTHY', 'UNHEALTHY']);
      expect(monitor.get('echo')?.cause).toBe(`3 probes failed, last: HTTP 503 (127.0.0.1:${port})`);
      answers.status = 200;
      expect([await check(), await check()]).toEqual(['UNHEALTHY', 'HEALTHY']);
    } finally {
      monitor.close();
    }
  });
});

const probeByHttp: Prober = (endpoint, { signal }) =>
  new Promise((resolve) => {
    const startMs = systemClock.monotonic();
    const end = (alive: boolean, detail: string): void =>
      resolve({ alive, detail, latencyMs: systemClock.monotonic() - startMs });
    request(`${endpoint.uri}/health`, { signal }, (response) => {
      response.resume();
      end(response.statusCode === 200, `HTTP ${response.statusCode ?? 0}`);
    })
      .on('error', (error) => end(false, error.message))
      .end();
  });
