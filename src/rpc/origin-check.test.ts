import { connect } from 'node:http2';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestEdge, type TestEdge } from './test-edge.fixture.ts';

let hub: TestEdge;
const path = '/switchyard.registry.v1.RegistryService/ListSystems';

beforeEach(async () => {
  hub = await startTestEdge(
    { listSystems: async () => ({}) },
    { allowedHosts: ['hub.example.com'], allowedOrigins: ['https://app.example.com'] },
  );
});
afterEach(() => hub.stop());

/** A request over HTTP/1.1 with any Host. */
function http1(options: { method?: string; path?: string; headers: Record<string, string> }) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: hub.port, method: 'POST', path, ...options },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(options.method === undefined ? '{}' : undefined);
    },
  );
}

const json = { 'content-type': 'application/json' };

describe('Host', () => {
  const hosts: [string, number][] = [
    ['localhost', 200],
    ['localhost:7700', 200],
    ['app.localhost:7700', 200],
    ['127.0.0.1:7700', 200],
    ['192.168.1.7', 200],
    ['[::1]:7700', 200],
    ['HUB.example.com.:7700', 200],
    ['evil.example.com', 403],
    ['hub.example.com.evil.org', 403],
    ['127.0.0.1.evil.org', 403],
    ['localhost@evil.org', 403],
    [':7700', 403],
    ['localhost:99999', 403],
    ['a b', 403],
  ];
  test.each(hosts)('"%s" gets %i', async (host, status) => {
    expect((await http1({ headers: { ...json, host } })).status).toBe(status);
  });

  test('a foreign one gets a readable refusal that names the rule, as JSON', async () => {
    const { body } = await http1({ headers: { ...json, host: 'evil.example.com' } });
    expect(JSON.parse(body)).toMatchObject({
      code: 'permission_denied',
      message:
        'The host "evil.example.com" is not one of this hub\'s; use its address, or add the name to server.allowed_hosts.',
    });
  });

  test('a foreign one is kept from plain routes too', async () => {
    expect(
      (await http1({ method: 'GET', path: '/metrics', headers: { host: 'evil.example.com' } })).status,
    ).toBe(403);
  });

  test('a foreign :authority over gRPC gets PERMISSION_DENIED as a gRPC status', async () => {
    const session = connect(hub.url);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'evil.example.com',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(Buffer.alloc(5));
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    session.destroy();
    expect(headers).toMatchObject({ ':status': 200, 'grpc-status': '7', 'content-type': 'application/grpc' });
    expect(headers['grpc-message']).toMatch(/"evil.example.com" is not one of this hub's/);
  });

  test('the host that the hub listens on is allowed', async () => {
    const other = await startTestEdge({ listSystems: async () => ({}) });
    expect((await fetch(`http://127.0.0.1:${other.port}/livez`)).status).toBe(200);
    await other.stop();
  });
});

describe('Origin', () => {
  test('the same origin is allowed and needs no CORS headers', async () => {
    const { status, headers } = await http1({
      headers: { ...json, host: 'localhost:1', origin: 'http://localhost:1' },
    });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each(['https://evil.example.com', 'http://localhost:2', 'null'])('%s is refused', async (origin) => {
    const { status, body } = await http1({ headers: { ...json, host: 'localhost:1', origin } });
    expect(status).toBe(403);
    expect(body).toContain('server.allowed_origins');
  });

  test('an allowed one may call and read trailers of gRPC-Web', async () => {
    const { status, headers } = await http1({
      headers: { ...json, host: 'localhost', origin: 'https://app.example.com' },
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-expose-headers': expect.stringMatching(
        /grpc-status, grpc-message, grpc-status-details-bin/i,
      ) as string,
      vary: 'Origin',
    });
  });

  test('a preflight of an allowed one lists what Connect and gRPC-Web need', async () => {
    const { status, headers } = await http1({
      method: 'OPTIONS',
      headers: {
        host: 'localhost',
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
      },
    });
    expect(status).toBe(204);
    expect(headers['access-control-allow-methods']).toBe('POST, GET');
    expect(String(headers['access-control-allow-headers']).toLowerCase()).toMatch(
      /content-type.*connect-protocol-version.*connect-timeout-ms.*x-grpc-web.*grpc-timeout/,
    );
  });

  test('a preflight of a foreign one is refused', async () => {
    const { status, headers } = await http1({
      method: 'OPTIONS',
      headers: {
        host: 'localhost',
        origin: 'https://evil.example.com',
        'access-control-request-method': 'POST',
      },
    });
    expect(status).toBe(403);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});
