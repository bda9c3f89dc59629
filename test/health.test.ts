import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '#gen/standard/health/v1/health_pb.js';
import { BreakerSchema, BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthCheck_Kind, SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { startHttpTarget } from './http-target.ts';
import { createHubClients, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

type Clients = ReturnType<typeof createHubClients>;

/** Probes come when a test asks for them, beside the first of each system. */
const settings = 'health: { interval: 1h, timeout: 1s }\n';

let folder: string;
let hub: HubProcess;
let clients: Clients;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-health-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Where nobody needs to listen: an interface that is not probed. */
const silent = {
  name: 'main',
  uri: 'http://127.0.0.1:9',
  healthCheck: { kind: HealthCheck_Kind.NONE },
};

interface Registration {
  readonly id: string;
  readonly type?: string;
  /** Its address; without one it is not probed. */
  readonly uri?: string;
  readonly leaseSeconds?: number;
}

async function register({ id, type = 'thing', uri, leaseSeconds }: Registration) {
  const { registrationId, system } = await clients.registry.registerSystem({
    system: {
      id,
      type,
      name: id,
      version: '1',
      interfaces: [uri === undefined ? silent : { name: 'main', uri }],
    },
    ...(leaseSeconds === undefined ? {} : { leaseTtl: { seconds: BigInt(leaseSeconds) } }),
  });
  return { systemId: id, registrationId, expireMs: system?.lease && timestampMs(system.lease.expireTime!) };
}

function send(target: { case: 'systemId' | 'type'; value: string }) {
  return clients.messaging.sendMessage(
    { message: { type: 'hello', target: { target } } },
    { timeoutMs: 10_000 },
  );
}

async function healthOf(systemId: string) {
  return (await clients.health.getHealth({ systemId })).health!;
}

/** Kills the hub as a crash would, starts it again, and connects anew. */
async function crash(): Promise<void> {
  await hub.kill();
  await hub.restart();
  clients = createHubClients(hub.url);
}

/** What a watch of a type sends, in one line each, up to the first bookmark, and its token. */
async function watchOnce(type: string, resumeToken = ''): Promise<{ seen: string[]; token: string }> {
  const seen: string[] = [];
  // A connection of its own, as after a reconnect.
  const { health } = createHubClients(hub.url);
  for await (const { event } of health.watchHealth({ filter: { types: [type] }, resumeToken })) {
    if (event.case === 'bookmark') return { seen, token: event.value.resumeToken };
    if (event.case === 'removed') seen.push(`removed ${event.value.ids.join(',')}`);
    else if (event.case === 'snapshot' || event.case === 'update') {
      const items = event.value.items.map(({ systemId, status }) => `${systemId}=${HealthStatus[status]}`);
      seen.push(`${event.case} ${items.sort().join(',')}`);
    } else seen.push(event.case ?? 'nothing');
  }
  throw new Error('the watch ended without a bookmark');
}

describe('a lease', () => {
  test('that nobody renews runs out on time, and its system gets no more messages; a renewed one stays', async () => {
    await using lapsingTarget = await startHttpTarget();
    await using renewedTarget = await startHttpTarget();
    const watching = new AbortController();
    const lost = (async () => {
      const filter = { types: ['leased'], statuses: [HealthStatus.DISCONNECTED] };
      for await (const { event } of clients.health.watchHealth({ filter }, { signal: watching.signal })) {
        if (event.case === 'update') return event.value.items;
      }
      return [];
    })();
    const renewed = await register({
      id: 'renewed',
      type: 'leased',
      uri: renewedTarget.uri,
      leaseSeconds: 1,
    });
    let renewals = 0;
    const renewing = setInterval(() => {
      void clients.registry
        .renewLeases({ renewals: [renewed] })
        .then((answer) => (renewals += answer.renewed.length))
        // A renewal that failed is missed below.
        .catch(() => undefined);
    }, 250);
    try {
      const lapsing = await register({
        id: 'lapsing',
        type: 'leased',
        uri: lapsingTarget.uri,
        leaseSeconds: 1,
      });
      const [found, ...others] = await lost;
      expect(others).toEqual([]);
      expect(found).toMatchObject({ systemId: 'lapsing', status: HealthStatus.DISCONNECTED });
      expect(found!.cause).toContain('lease ran out');
      const lateMs = timestampMs(found!.statusTime!) - lapsing.expireMs!;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(1000);

      const before = lapsingTarget.received.length;
      const refusal = await refusalOf(send({ case: 'systemId', value: 'lapsing' }));
      expect(refusal).toMatchObject({ code: 'UNAVAILABLE', reason: 'NO_HEALTHY_SYSTEM' });
      for (let at = 0; at < 10; at += 1) {
        const { delivery } = await send({ case: 'type', value: 'leased' });
        expect(delivery).toMatchObject({ systemId: 'renewed', attempts: [{ systemId: 'renewed' }] });
      }
      expect(lapsingTarget.received).toHaveLength(before);

      const { lost: refused } = await clients.registry.renewLeases({ renewals: [lapsing] });
      expect(refused).toMatchObject([{ systemId: 'lapsing' }]);
      await expect.poll(() => renewals, { timeout: 10_000 }).toBeGreaterThan(8);
      expect((await healthOf('renewed')).status).not.toBe(HealthStatus.DISCONNECTED);

      await register({ id: 'lapsing', type: 'leased', uri: lapsingTarget.uri });
      await send({ case: 'systemId', value: 'lapsing' });
      expect(lapsingTarget.received).toHaveLength(before + 1);
    } finally {
      clearInterval(renewing);
      watching.abort();
    }
  });

  test('has its full ttl after a crash, also one that had run out, and its old registration_id still renews it', async () => {
    const ttlMs = 3000;
    const kept = await register({ id: 'kept', leaseSeconds: 3 });
    const gone = await register({ id: 'gone', leaseSeconds: 1 });
    await expect
      .poll(async () => (await healthOf('gone')).status, { timeout: 10_000 })
      .toBe(HealthStatus.DISCONNECTED);
    await hub.kill();
    const deadMs = Date.now();
    await hub.restart();
    clients = createHubClients(hub.url);
    const leaseOf = async (systemId: string) =>
      (await clients.registry.getSystem({ systemId })).system!.lease!;
    expect(timestampMs((await leaseOf('kept')).expireTime!)).toBeGreaterThanOrEqual(deadMs + ttlMs);
    expect(timestampMs((await leaseOf('gone')).expireTime!)).toBeGreaterThanOrEqual(deadMs + 1000);
    const { renewed, lost } = await clients.registry.renewLeases({ renewals: [kept, gone] });
    expect(renewed.map(({ systemId }) => systemId)).toContain('kept');
    expect([...renewed, ...lost].map(({ systemId }) => systemId).sort()).toEqual(['gone', 'kept']);
    const { expireTime } = await leaseOf('kept');
    await expect
      .poll(async () => (await healthOf('kept')).status, { timeout: 10_000 })
      .toBe(HealthStatus.DISCONNECTED);
    const lateMs = timestampMs((await healthOf('kept')).statusTime!) - timestampMs(expireTime!);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1000);
  });
});

describe('WatchHealth', () => {
  test('resumes over a new connection with what changed since and nothing else', async () => {
    for (const id of ['w.a', 'w.b', 'w.c', 'w.d']) await register({ id, type: 'watched' });
    const first = await watchOnce('watched');
    expect(first.seen).toEqual(['snapshot w.a=UNKNOWN,w.b=UNKNOWN,w.c=UNKNOWN,w.d=UNKNOWN']);
    await clients.health.reportHealth({ systemId: 'w.b', status: HealthStatus.DEGRADED });
    await clients.registry.deregisterSystem({ systemId: 'w.c' });
    await register({ id: 'w.e', type: 'watched' });
    const second = await watchOnce('watched', first.token);
    expect(second.seen).toEqual(['update w.b=DEGRADED,w.e=UNKNOWN', 'removed w.c']);
    expect((await watchOnce('watched', second.token)).seen).toEqual([]);
    await crash();
    expect((await watchOnce('watched', second.token)).seen).toEqual([
      'reset',
      'snapshot w.a=UNKNOWN,w.b=UNKNOWN,w.d=UNKNOWN,w.e=UNKNOWN',
    ]);
  });
});

describe('grpc.health.v1', () => {
  test('tells of a system under its id: unknown, not serving, serving, gone', async () => {
    await using target = await startHttpTarget();
    const health = createClient(Health, createGrpcTransport({ baseUrl: hub.url }));
    const watch = health.watch({ service: 'standard' })[Symbol.asyncIterator]();
    const next = async (): Promise<Serving> => {
      const read: IteratorResult<{ status: Serving }, unknown> = await watch.next();
      if (read.done === true) throw new Error('the watch has ended');
      return read.value.status;
    };
    expect(await next()).toBe(Serving.SERVICE_UNKNOWN);
    expect((await refusalOf(health.check({ service: 'standard' }))).code).toBe('NOT_FOUND');
    await register({ id: 'standard', uri: target.uri });
    expect(await next()).toBe(Serving.NOT_SERVING);
    // Its first probe comes within a second.
    expect(await next()).toBe(Serving.SERVING);
    expect((await health.check({ service: 'standard' })).status).toBe(Serving.SERVING);
    await clients.health.reportHealth({ systemId: 'standard', status: HealthStatus.FAILED });
    expect(await next()).toBe(Serving.NOT_SERVING);
    await clients.registry.deregisterSystem({ systemId: 'standard' });
    expect(await next()).toBe(Serving.SERVICE_UNKNOWN);
  });
});

describe('CheckHealth', () => {
  test('probes now, and counts: three failures take a system out, two successes bring it back', async () => {
    const page = { status: 200, asked: 0 };
    const server = createServer((_request, response) => {
      page.asked += 1;
      response.statusCode = page.status;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      await register({ id: 'checked', uri: `http://127.0.0.1:${port}` });
      const check = async (): Promise<string> => {
        const { health } = await clients.health.checkHealth({ systemId: 'checked' });
        return HealthStatus[health[0]!.status];
      };
      // The probe that comes by itself is over before the ones that are asked for.
      await expect
        .poll(async () => HealthStatus[(await healthOf('checked')).status], { timeout: 10_000 })
        .toBe('HEALTHY');
      expect(page.asked).toBe(1);
      expect(await check()).toBe('HEALTHY');
      expect(page.asked).toBe(2);
      page.status = 503;
      expect([await check(), await check(), await check()]).toEqual(['HEALTHY', 'HEALTHY', 'UNHEALTHY']);
      page.status = 200;
      expect([await check(), await check()]).toEqual(['UNHEALTHY', 'HEALTHY']);
      expect(page.asked).toBe(7);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('a crash', () => {
  test('loses nothing of the registry', async () => {
    await clients.registry.registerSystem({
      system: {
        id: 'whole',
        type: 'thing',
        name: 'Whole ✓',
        version: '2.1',
        capabilities: ['one', 'two'],
        dependencies: [{ target: { target: { case: 'type', value: 'ledger' } }, optional: true }],
        interfaces: [silent, { name: 'second', uri: 'grpc://127.0.0.1:9', healthCheck: silent.healthCheck }],
        configuration: { flag: true },
        labels: { team: 'red' },
        weight: 7,
        zone: 'eu',
      },
    });
    const plain = await register({ id: 'plain' });
    await register({ id: 'removed' });
    await clients.registry.deregisterSystem({ systemId: 'removed' });
    const read = async () =>
      (await clients.registry.listSystems({ pageSize: 1000 })).systems
        // Leases begin anew.
        .filter(({ lease }) => lease === undefined)
        .map((system) => toJson(SystemSchema, system));
    const before = await read();
    expect(before.length).toBeGreaterThanOrEqual(2);
    await crash();
    expect(await read()).toEqual(before);
    const { renewed } = await clients.registry.renewLeases({ renewals: [plain] });
    expect(renewed).toMatchObject([{ systemId: 'plain' }]);
    const reported = {
      systemId: 'plain',
      status: HealthStatus.DEGRADED,
      registrationId: plain.registrationId,
    };
    expect((await clients.health.reportHealth(reported)).health?.status).toBe(HealthStatus.DEGRADED);
  });

  test('leaves forced breakers open, and one that was reset closed', async () => {
    await using target = await startHttpTarget();
    for (const id of ['forced', 'timed', 'reset']) await register({ id, type: 'broken', uri: target.uri });
    await clients.resilience.tripBreaker({ systemId: 'forced', cause: 'moving house' });
    await clients.resilience.tripBreaker({ systemId: 'timed', duration: { seconds: 3600n } });
    await clients.resilience.tripBreaker({ systemId: 'reset' });
    await clients.resilience.resetBreaker({ systemId: 'reset' });
    const read = async (systemId: string) => {
      const { breakers } = await clients.resilience.listBreakers({ systemId });
      return breakers.map((breaker) => toJson(BreakerSchema, breaker));
    };
    const before = [await read('forced'), await read('timed')];
    expect(before).toMatchObject([
      [{ state: 'BREAKER_STATE_FORCED_OPEN', cause: 'tripped by anonymous: moving house' }],
      [{ state: 'BREAKER_STATE_FORCED_OPEN' }],
    ]);
    await crash();
    expect([await read('forced'), await read('timed')]).toEqual(before);
    const refusal = await refusalOf(send({ case: 'systemId', value: 'forced' }));
    expect(refusal).toMatchObject({ reason: 'BREAKER_OPEN' });
    const { breakers } = await clients.resilience.listBreakers({ systemId: 'reset' });
    expect(breakers).toMatchObject([{ state: BreakerState.CLOSED }]);
    await send({ case: 'systemId', value: 'reset' });
    expect(target.received).toHaveLength(1);
    await clients.resilience.resetBreaker({ systemId: 'forced' });
    await send({ case: 'systemId', value: 'forced' });
    expect(target.received).toHaveLength(2);
  });
});
