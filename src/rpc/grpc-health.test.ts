import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Health, HealthCheckResponse_ServingStatus as Status } from '#gen/standard/health/v1/health_pb.js';
import { systemClock } from '../base/clock.ts';
import { Feed } from '../base/feed.ts';
import type { SystemsServing } from './grpc-health.ts';
import { startTestEdge, type TestEdge } from './test-edge.fixture.ts';

let hub: TestEdge;
let feed: Feed<{ id: string; serving: boolean }>;

beforeEach(async () => {
  feed = new Feed({ clock: systemClock });
  const systems: SystemsServing = {
    serving: (id) => feed.get(id)?.serving,
    all: () => [...feed.values()].map(({ id, serving }) => [id, serving] as const),
    watch: (id, signal) => feed.watch({ filter: { key: id, matches: (item) => item.id === id }, signal }),
  };
  hub = await startTestEdge({}, { systems });
});
afterEach(() => hub.stop());

const client = () => createClient(Health, createGrpcTransport({ baseUrl: hub.url }));
const set = (id: string, serving: boolean) => feed.set(id, { id, serving });

describe('Check', () => {
  test('"" and the hub\'s services are as ready as the hub', async () => {
    expect((await client().check({ service: '' })).status).toBe(Status.SERVING);
    hub.edge.setReady(false);
    expect((await client().check({})).status).toBe(Status.NOT_SERVING);
    const own = { service: 'switchyard.registry.v1.RegistryService' };
    expect((await client().check(own)).status).toBe(Status.NOT_SERVING);
  });

  test('a system id is the system, an unknown one NOT_FOUND', async () => {
    set('a', true);
    set('b', false);
    expect((await client().check({ service: 'a' })).status).toBe(Status.SERVING);
    expect((await client().check({ service: 'b' })).status).toBe(Status.NOT_SERVING);
    const error = await client()
      .check({ service: 'c' })
      .catch((each: unknown) => each);
    expect(ConnectError.from(error).code).toBe(Code.NotFound);
  });
});

describe('List', () => {
  test('holds the hub and every system', async () => {
    set('a', true);
    set('b', false);
    const { statuses } = await client().list({});
    expect(statuses).toMatchObject({
      '': { status: Status.SERVING },
      'switchyard.registry.v1.RegistryService': { status: Status.SERVING },
      a: { status: Status.SERVING },
      b: { status: Status.NOT_SERVING },
    });
  });

  test('refuses to list more than a client could take', async () => {
    for (let i = 0; i < 10_000; i += 1) set(`s${i}`, true);
    const error = await client()
      .list({})
      .catch((each: unknown) => each);
    expect(ConnectError.from(error).code).toBe(Code.ResourceExhausted);
  });
});

describe('Watch', () => {
  test('tells an unknown system, its coming, its changes and its going, each once', async () => {
    const watching = client().watch({ service: 'a' })[Symbol.asyncIterator]();
    const next = async (): Promise<Status | undefined> =>
      ((await watching.next()) as IteratorResult<{ status: Status }, undefined>).value?.status;
    expect(await next()).toBe(Status.SERVICE_UNKNOWN);
    set('a', true);
    expect(await next()).toBe(Status.SERVING);
    set('other', false);
    set('a', true);
    set('a', false);
    expect(await next()).toBe(Status.NOT_SERVING);
    feed.delete('a');
    expect(await next()).toBe(Status.SERVICE_UNKNOWN);
    await watching.return?.();
  });

  test('follows the hub, and ends UNAVAILABLE when it drains', async () => {
    const seen: Status[] = [];
    let ended: unknown;
    const done = (async () => {
      for await (const { status } of client().watch({})) {
        seen.push(status);
        if (seen.length === 1) hub.edge.setReady(false);
        if (seen.length === 2) void hub.edge.drain(5000);
      }
    })().catch((error: unknown) => (ended = error));
    await done;
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect(ConnectError.from(ended).code).toBe(Code.Unavailable);
  });
});
