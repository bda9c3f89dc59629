import { afterEach, expect, test } from 'vitest';
import { startTestEdge, type TestEdge } from './test-edge.fixture.ts';

let hub: TestEdge;
let storeFault: string | undefined;
const checks = [
  {
    name: 'store',
    check: () => (storeFault === undefined ? Promise.resolve() : Promise.reject(new Error(storeFault))),
  },
];
afterEach(async () => {
  storeFault = undefined;
  await hub.stop();
});

const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${hub.url}${path}`, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

test('/livez says ok while the process runs, ready or not', async () => {
  hub = await startTestEdge();
  hub.edge.setReady(false);
  expect(await get('/livez')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
});

test('/readyz is 200 with each check, 503 before the hub is ready, and 503 with the cause when a check fails', async () => {
  hub = await startTestEdge({}, { checks });
  expect(await get('/readyz')).toMatchObject({
    status: 200,
    body: '{"ready":true,"checks":{"hub":"ok","store":"ok"}}\n',
  });
  storeFault = 'disk full';
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    body: '{"ready":false,"checks":{"hub":"ok","store":"disk full"}}\n',
  });
  storeFault = undefined;
  hub.edge.setReady(false);
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    body: '{"ready":false,"checks":{"hub":"starting or shutting down","store":"ok"}}\n',
  });
});

test('/metrics is in Prometheus form', async () => {
  hub = await startTestEdge();
  const { headers, body } = await get('/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toMatch(/^switchyard_connections\{protocol="h1"\} 1$/m);
});

test('/ names the services and what to try', async () => {
  hub = await startTestEdge({}, { version: '1.2.3' });
  const { status, body } = await get('/');
  expect(status).toBe(200);
  expect(body).toContain('Switchyard 1.2.3');
  expect(body).toContain('grpc.reflection.v1.ServerReflection');
  expect(body).toContain('switchyard.registry.v1.RegistryService');
});

test('another path is told what there is', async () => {
  hub = await startTestEdge();
  expect(await get('/nope')).toMatchObject({
    status: 404,
    body: expect.stringContaining('/livez, /readyz, /metrics') as string,
  });
});

test('an unknown method with JSON gets the error as JSON', async () => {
  hub = await startTestEdge();
  const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  const { status, body } = await get('/switchyard.registry.v1.RegistryService/GetSistem', init);
  expect(status).toBe(501);
  expect(JSON.parse(body)).toMatchObject({
    code: 'unimplemented',
    message: expect.stringContaining('grpcurl') as string,
  });
});

test('a method that a route does not take is 405 and says which it takes', async () => {
  hub = await startTestEdge();
  const { status, headers, body } = await get('/readyz', { method: 'DELETE' });
  expect({ status, allow: headers.get('allow'), body }).toEqual({
    status: 405,
    allow: 'GET, HEAD',
    body: '/readyz takes GET, not DELETE.\n',
  });
});
