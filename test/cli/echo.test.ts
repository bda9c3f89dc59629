import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { expect, test, vi } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '#gen/standard/health/v1/health_pb.js';
import { ReceiverService } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { startFakeHub } from './fake-hub.ts';
import { runCli, startCli } from './run-cli.ts';
import type { RunningCli } from './run-cli.ts';

const patience = { timeout: 15_000, interval: 20 };
const freePorts = ['--listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0'];

interface Ready {
  readonly http: string;
  readonly grpc: string;
}

async function ready(echo: RunningCli): Promise<Ready> {
  await vi.waitFor(() => expect(echo.stdout()).toContain('\n'), patience);
  return JSON.parse(echo.stdout().split('\n')[0] ?? '') as Ready;
}

function post(http: string, envelope: object): Promise<Response> {
  return fetch(`${http}/api/v1/messages`, { method: 'POST', body: JSON.stringify(envelope) });
}

test('answers the payload over REST and gRPC, and is healthy on both', async () => {
  const echo = startCli(['echo', '--json', ...freePorts]);
  const { http, grpc } = await ready(echo);

  expect(await (await fetch(`${http}/health`)).json()).toEqual({ status: 'healthy', system: 'echo' });
  const json = await post(http, {
    message_id: 'm1',
    message_type: 't',
    payload: { a: [1] },
    content_type: 'application/json',
  });
  expect(await json.json()).toEqual({ a: [1] });
  const binary = await post(http, { payload_base64: 'AP8=', content_type: 'image/png', message_type: 't' });
  expect(binary.headers.get('content-type')).toBe('image/png');
  expect([...new Uint8Array(await binary.arrayBuffer())]).toEqual([0, 255]);
  expect((await fetch(`${http}/api/v1/messages`, { method: 'POST', body: 'garbage' })).status).toBe(400);
  expect((await fetch(`${http}/elsewhere`)).status).toBe(404);

  const baseUrl = grpc.replace('grpc:', 'http:');
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  const received = await createClient(ReceiverService, transport).receive({
    message: {
      id: 'm2',
      type: 't',
      contentType: 'text/x',
      payload: { case: 'data', value: new Uint8Array([7]) },
    },
    attempt: 2,
  });
  expect(received.reply).toMatchObject({
    contentType: 'text/x',
    payload: { case: 'data', value: new Uint8Array([7]) },
  });
  const health = createClient(Health, transport);
  expect((await health.check({ service: '' })).status).toBe(ServingStatus.SERVING);
  await expect(health.check({ service: 'other' })).rejects.toMatchObject({ code: Code.NotFound });
  sessionManager.abort();

  echo.stop();
  const { exitCode, stdout } = await echo.ended;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/"event":"message","over":"grpc","id":"m2","type":"t","source":"","attempt":2/);
});

test('fails messages as it is told, and stays healthy', async () => {
  const echo = startCli(['echo', '--json', '--status', '429', ...freePorts]);
  const { http, grpc } = await ready(echo);
  expect((await post(http, { message_type: 't' })).status).toBe(429);
  expect((await fetch(`${http}/health`)).status).toBe(200);
  const baseUrl = grpc.replace('grpc:', 'http:');
  const sessionManager = new Http2SessionManager(baseUrl);
  const client = createClient(ReceiverService, createGrpcTransport({ baseUrl, sessionManager }));
  await expect(client.receive({ message: { id: 'm' } })).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
  sessionManager.abort();
  echo.stop();
  await echo.ended;
});

test('--register registers with a lease where it really listens, renews it, and deregisters at the end', async () => {
  await using hub = await startFakeHub();
  const echo = startCli([
    'echo',
    '--register',
    '--lease',
    '150ms',
    '--id',
    'e1',
    '--type',
    'e',
    '--hub',
    hub.url,
    ...freePorts,
  ]);
  await vi.waitFor(() => expect(hub.renewals.length).toBeGreaterThan(1), patience);
  const [, http, grpc] = /^echo e1 listening on (\S+) and (\S+)$/m.exec(echo.stdout()) ?? [];
  expect(hub.registrations).toMatchObject([
    {
      leaseTtl: { nanos: 150_000_000 },
      system: { id: 'e1', type: 'e', interfaces: [{ uri: http }, { uri: grpc }] },
    },
  ]);
  expect(new Set(hub.renewals)).toEqual(new Set(['registration-1']));
  expect(echo.stdout()).toContain('send system:e1');
  echo.stop();
  expect((await echo.ended).exitCode).toBe(0);
  expect(hub.systems.has('e1')).toBe(false);
});

test('a registration that was lost is made again, unless another process has taken the id over', async () => {
  await using hub = await startFakeHub();
  const echo = startCli(['echo', '--register', '--lease', '150ms', '--hub', hub.url, ...freePorts]);
  await vi.waitFor(() => expect(hub.renewals.length).toBeGreaterThan(0), patience);
  hub.systems.delete('echo');
  await vi.waitFor(() => expect(hub.renewals).toContain('registration-2'), patience);
  expect(echo.stderr()).toContain('the lease of echo was lost; registered again');

  const other = ['systems', 'register', '--id', 'echo', '--type', 'echo', '--version', '2', '--hub', hub.url];
  await runCli(other);
  await vi.waitFor(() => expect(echo.stderr()).toContain('another process has registered echo'), patience);
  expect(hub.registrations).toHaveLength(3);
  echo.stop();
  await echo.ended;
});

test('--keep-registered leaves the registration when it stops', async () => {
  await using hub = await startFakeHub();
  const echo = startCli(['echo', '--register', '--keep-registered', '--hub', hub.url, ...freePorts]);
  await vi.waitFor(() => expect(echo.stdout()).toContain('Try next'), patience);
  echo.stop('SIGTERM');
  expect((await echo.ended).exitCode).toBe(0);
  expect(hub.systems.has('echo')).toBe(true);
});

test('a port that is taken ends the start with its name', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const result = await runCli(['echo', '--listen', address, '--grpc-listen', '127.0.0.1:0']);
  expect(result).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: `error: cannot listen on ${address}: the port is in use\n`,
  });
  other.close();
});
