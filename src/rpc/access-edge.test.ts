import { connect } from 'node:http2';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Health } from '#gen/standard/health/v1/health_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { createFakeClock } from '../base/fake-clock.ts';
import { HubError } from '../base/error.ts';
import { createAuthentication } from '../security/authentication.ts';
import { createKeyAuthenticator } from '../security/key-authenticator.ts';
import { openKeyStore } from '../security/key-store.ts';
import { createMemoryStore } from '../security/memory-store.fixture.ts';
import type { Principal } from '../security/principal.ts';
import type { Role } from '../security/role.ts';
import type { PipelineLimits } from './pipeline.ts';
import { grpcJsClient, startTestEdge, type TestEdge } from './test-edge.fixture.ts';

let hub: TestEdge;
afterEach(() => hub.stop());

const { watchSystems } = RegistryService.method;

async function start(
  handlers: Parameters<typeof startTestEdge>[0] = {},
  callLimits: Partial<PipelineLimits> = {},
) {
  const clock = createFakeClock();
  const keys = await openKeyStore({ store: createMemoryStore(), clock, onFault: () => undefined });
  const refused: string[] = [];
  hub = await startTestEdge(handlers, {
    callLimits,
    authentication: createAuthentication({
      authenticators: [createKeyAuthenticator(keys)],
      anonymous: undefined,
    }),
    audit: {
      refused: ({ what, reason, caller }) =>
        refused.push(`${caller.principal?.name ?? 'unknown'} from ${caller.address}: ${what} ${reason}`),
      connectionRefused: () => undefined,
      changed: () => undefined,
      close: () => undefined,
    },
  });
  keys.onEnded((key) => hub.edge.endStreamsOf(key));
  const keyOf = async (role: Role, systems: readonly string[] = [], ttlMs?: number) =>
    keys.create({ name: `${role}.${keys.list().length}`, role, systems, ttlMs }, 'test');
  return { clock, keys, keyOf, refused };
}

const check = `/${Health.typeName}/Check`;
const paths = {
  getSystem: '/switchyard.registry.v1.RegistryService/GetSystem',
  registerSystem: '/switchyard.registry.v1.RegistryService/RegisterSystem',
};

function post(path: string, headers: Record<string, string>, body = '{"systemId":"a"}') {
  return fetch(hub.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

describe('RPCs', () => {
  test('the handler gets the principal, over every protocol', async () => {
    const seen: Principal[] = [];
    const { keyOf } = await start({
      getSystem: async (_request, { principal }) => {
        seen.push(principal);
        return {};
      },
    });
    const { secret, key } = await keyOf('sender', ['orders_001']);
    const bearer = { authorization: `Bearer ${secret}` };
    expect((await post(paths.getSystem, bearer)).status).toBe(200);
    expect((await post(paths.getSystem, { 'x-api-key': secret })).status).toBe(200);
    const asGet = `${paths.getSystem}?connect=v1&encoding=json&message=${encodeURIComponent('{"systemId":"a"}')}`;
    expect((await fetch(hub.url + asGet, { headers: bearer })).status).toBe(200);
    const web = await fetch(hub.url + paths.getSystem, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto', ...bearer },
      body: Buffer.from([0, 0, 0, 0, 3, 10, 1, 97]),
    });
    expect(await web.text()).toContain('grpc-status: 0');
    const client = grpcJsClient(hub.port);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${secret}`);
    await new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        paths.getSystem,
        () => Buffer.from([10, 1, 97]),
        (bytes: Buffer) => bytes,
        {},
        metadata,
        (error) => (error === null ? resolve(undefined) : reject(error)),
      ),
    );
    client.close();
    expect(seen).toHaveLength(5);
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(seen[0]).toMatchObject({ name: key.name, role: 'sender', systems: ['orders_001'] });
  });

  test('without a key they are refused in the form of each protocol, and the refusal is noted', async () => {
    const { refused } = await start();
    const connect = await post(paths.getSystem, {});
    expect(connect.status).toBe(401);
    expect(connect.headers.get('www-authenticate')).toBe('Bearer realm="switchyard"');
    expect(await connect.json()).toMatchObject({ code: 'unauthenticated' });
    const web = await post(paths.getSystem, { 'content-type': 'application/grpc-web+proto' });
    expect(web.headers.get('grpc-status')).toBe('16');
    expect(refused).toEqual(
      Array(2).fill(
        'unknown from 127.0.0.1: switchyard.registry.v1.RegistryService/GetSystem UNAUTHENTICATED',
      ),
    );
  });

  test('are refused before their request is read', async () => {
    const { keyOf } = await start();
    const { secret } = await keyOf('readonly');
    const response = await post(paths.registerSystem, { authorization: `Bearer ${secret}` }, 'no JSON');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'permission_denied',
      message:
        'switchyard.registry.v1.RegistryService/RegisterSystem needs the role sender; "readonly.0" has readonly.',
    });
  });

  test('refused ones take no places', async () => {
    await start();
    const { unaryInFlight } = hub.edge.pipeline;
    await Promise.all(Array.from({ length: 20 }, () => post(paths.getSystem, {})));
    expect(hub.edge.pipeline.unaryInFlight).toBe(unaryInFlight);
  });

  test('take no password of HTTP Basic', async () => {
    const { keyOf } = await start({ getSystem: async () => ({}) });
    const { secret } = await keyOf('admin');
    const authorization = `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`;
    expect((await post(paths.getSystem, { authorization })).status).toBe(401);
  });

  test('of a foreign system are refused after their request is read', async () => {
    const registered: string[] = [];
    const { keyOf } = await start({
      registerSystem: async ({ system }) => {
        registered.push(system?.id ?? '');
        return {};
      },
    });
    const { secret } = await keyOf('sender', ['orders.*']);
    const register = (id: string) =>
      post(
        paths.registerSystem,
        { authorization: `Bearer ${secret}` },
        JSON.stringify({ system: { id, name: 'x', interfaces: [{ name: 'api' }] } }),
      );
    expect((await register('orders.a')).status).toBe(200);
    const denied = await register('payments.a');
    expect(denied.status).toBe(403);
    expect(await denied.text()).toContain('may not act as the system payments.a');
    expect(registered).toEqual(['orders.a']);
  });

  test('grpc.health.v1 tells anybody of the hub itself only', async () => {
    await start();
    expect(await (await post(check, {}, '{}')).json()).toEqual({ status: 'SERVING' });
    expect((await post(check, {}, '{"service":"orders_001"}')).status).toBe(401);
    expect((await post(check, { authorization: 'Bearer sw_wrong' }, '{}')).status).toBe(200);
  });

  test('callers without a key do not take the places of those with one', async () => {
    const { keyOf } = await start({ getSystem: async () => ({}) }, { unaryMax: 3, strangersMax: 2 });
    const { secret } = await keyOf('readonly');
    const session = connect(hub.url).on('error', () => undefined);
    const slow = () =>
      session
        .request({ ':method': 'POST', ':path': check, 'content-type': 'application/json' })
        .on('error', () => undefined);
    for (let streams = 0; streams < 5; streams += 1) slow().write('{');
    await vi.waitFor(() => expect(hub.edge.pipeline.unaryInFlight).toBe(2));
    expect((await post(check, {}, '{}')).status).toBe(429);
    expect((await post(paths.getSystem, { 'x-api-key': secret })).status).toBe(200);
    session.destroy();
    await vi.waitFor(() => expect(hub.edge.pipeline.unaryInFlight).toBe(0));
    expect((await post(check, {}, '{}')).status).toBe(200);
  });

  test.each(['revoked', 'expired'] as const)(
    'a stream ends when its key is %s; others go on',
    async (how) => {
      const waiting: string[] = [];
      const { keys, clock, keyOf } = await start({
        async *watchSystems(_request, { principal, signal }) {
          waiting.push(principal.name);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          if (signal.reason instanceof HubError) throw signal.reason;
          yield {};
        },
      });
      const [doomed, other] = [await keyOf('readonly', [], 60_000), await keyOf('readonly')];
      const client = grpcJsClient(hub.port);
      const open = (secret: string) => {
        const metadata = new Metadata();
        metadata.set('authorization', `Bearer ${secret}`);
        const stream = client.makeServerStreamRequest(
          `/${RegistryService.typeName}/${watchSystems.name}`,
          () => Buffer.alloc(0),
          (bytes: Buffer) => bytes,
          {},
          metadata,
        );
        const ended = new Promise<{ code: number; details: string }>((resolve) =>
          stream.on('error', resolve as never),
        );
        stream.resume();
        return { stream, ended };
      };
      const [first, second] = [open(doomed.secret), open(other.secret)];
      await vi.waitFor(() => expect(waiting).toHaveLength(2));
      if (how === 'revoked') await keys.revoke(doomed.secret.slice(0, 15));
      else await clock.advance(70_000);
      expect(await first.ended).toMatchObject({
        code: 16,
        details: expect.stringMatching(
          /^The API key sw_\w+ (was revoked|has expired) while the stream was open/,
        ) as string,
      });
      expect(hub.edge.pipeline.streamsOpen).toBe(1);
      expect((await post(paths.getSystem, { authorization: `Bearer ${doomed.secret}` })).status).toBe(401);
      second.stream.cancel();
      client.close();
    },
  );
});

describe('pages', () => {
  const get = (path: string, headers: Record<string, string> = {}) => fetch(hub.url + path, { headers });

  test.each(['/', '/metrics'])('%s asks a browser for a password, which is the key', async (path) => {
    const { keyOf, refused } = await start();
    const asked = await get(path);
    expect(asked.status).toBe(401);
    expect(asked.headers.get('www-authenticate')).toBe('Basic realm="switchyard", charset="UTF-8"');
    expect(await asked.text()).toMatch(/In a browser, give the key as the password/);
    expect(refused).toEqual([`unknown from 127.0.0.1: ${path} UNAUTHENTICATED`]);
    const { secret } = await keyOf('readonly');
    for (const authorization of [
      `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`,
      `Bearer ${secret}`,
    ])
      expect((await get(path, { authorization })).status).toBe(200);
  });

  test.each(['/livez', '/readyz'])('%s is open, also to a bad key', async (path) => {
    await start();
    expect((await get(path)).status).toBe(200);
    expect((await get(path, { authorization: 'Bearer sw_wrong' })).status).toBe(200);
  });

  test('a path where nothing is says so to anybody', async () => {
    await start();
    expect((await get('/nowhere')).status).toBe(404);
  });
});

test('without authentication nobody is asked', async () => {
  const seen: Principal[] = [];
  hub = await startTestEdge({
    getSystem: async (_request, { principal }) => {
      seen.push(principal);
      return {};
    },
  });
  expect((await post(paths.getSystem, { authorization: 'Bearer anything' })).status).toBe(200);
  expect((await fetch(`${hub.url}/metrics`)).status).toBe(200);
  expect(seen).toMatchObject([{ name: 'anonymous', role: 'admin' }]);
});
