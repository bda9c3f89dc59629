import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import {
  startHttpTarget,
  startRawHttpTarget,
  type HttpRequestSeen,
} from '../fixtures/http-server.fixture.ts';
import { httpTargets, resetLater } from '../fixtures/http-targets.fixture.ts';
import {
  atDeadline,
  type FaultOutcomes,
  mayHaveActed,
  notExecuted,
  ok,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { type SendInput, sendTo } from '../fixtures/send.fixture.ts';
import { testCertificate, testKey } from '../fixtures/tls.fixture.ts';
import { listen, startWireServer } from '../fixtures/wire-server.fixture.ts';
import { connectionsPerHostMax, waitingPerHostMax } from '../limits.ts';
import { describeTransport, outcomeOf, type TransportSubject } from '../transport.conformance.ts';
import { createHttpTransport } from './http-transport.ts';

/** HTTP writes its request as soon as it is connected, so that a target that never read it may have acted too. */
const outcomes: FaultOutcomes = {
  'accepts and says nothing': atDeadline(mayHaveActed('timeout')),
  'resets at the first byte': mayHaveActed('reset'),
  'ends the connection before it reads': mayHaveActed('reset'),
  'reads and never answers': atDeadline(mayHaveActed('timeout')),
  'resets after it read': mayHaveActed('reset'),
  'ends its half after it read': mayHaveActed('reset'),
  'resets in the middle of the answer': mayHaveActed('reset', '200'),
  'ends in the middle of the answer': mayHaveActed('reset', '200'),
  'answers one byte a second': atDeadline(mayHaveActed('timeout', '200')),
  'answers without end': mayHaveActed('reply_too_large', '200'),
  'answers and resets behind it': ok('200'),
  'answers twice': ok('200'),
  'announces a longer answer than it sends': mayHaveActed('reset', '200'),
  'announces a shorter answer than it sends': ok('200'),
  'announces an answer over the limit': mayHaveActed('reply_too_large', '200'),
  'answers with garbage': mayHaveActed('garbage'),
  'answers with huge headers': mayHaveActed('reply_too_large'),
  'is unavailable': mayHaveActed('unavailable', '503'),
  fails: mayHaveActed('target_error', '500'),
  'says that it did nothing, in a header': notExecuted('503'),
  'says that it did nothing, in a trailer': notExecuted('500'),
  'asks to wait': { ...mayHaveActed('unavailable', '503'), retryAfterMs: 7000 },
  refuses: rejected('422'),
};

const create: TransportSubject['create'] = (deps) =>
  createHttpTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
    secrets: fixedSecrets(),
    identities: fixedIdentities(),
  });

describe('HTTP transport', () => {
  describeTransport({
    targets: httpTargets,
    outcomes,
    create,
    // undici takes a connection back a turn after its answer; a call in that turn opens a second one.
    connectionsInRow: 2,
    connectionsMax: connectionsPerHostMax,
  });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const send = ({ port }: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, `http://127.0.0.1:${port}`, input);

  describe('a status', () => {
    const rejected = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 417, 422, 428, 431, 451];
    test.each([
      ...[200, 201, 202, 204, 206, 299].map((status) => [status, 'OK', 'ok'] as const),
      ...[301, 307, 308, ...rejected].map((status) => [status, 'REJECTED', 'rejected'] as const),
      ...[302, 303, 304, 500, 501, 502, 504, 599].map(
        (status) => [status, 'MAY_HAVE_ACTED', 'target_error'] as const,
      ),
      [408, 'MAY_HAVE_ACTED', 'timeout'],
      [425, 'NOT_EXECUTED', 'not_executed'],
      [429, 'NOT_EXECUTED', 'rate_limited'],
      [503, 'MAY_HAVE_ACTED', 'unavailable'],
      [999, 'MAY_HAVE_ACTED', 'garbage'],
    ] as const)('%i is %s, %s', async (status, verdict, reason) => {
      await using server = await startHttpTarget((response) => response.writeHead(status).end());
      const result = await send(server);
      expect(outcomeOf(result)).toEqual({ verdict, reason, status: String(status) });
      expect(result.reply?.status).toBe(String(status));
    });

    test('of the 3xx names the place it points to, and is not followed', async () => {
      await using elsewhere = await startHttpTarget((response) => response.end());
      const location = `http://127.0.0.1:${elsewhere.port}/moved`;
      await using server = await startHttpTarget((response) => response.writeHead(308, { location }).end());
      const { detail } = await send(server);
      expect(detail).toContain(`HTTP 308 to ${location}`);
      expect(elsewhere.accepted).toBe(0);
    });

    test('of the 1xx is not the answer', async () => {
      await using server = await startRawHttpTarget((socket) =>
        socket.write(
          'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
        ),
      );
      const { verdict, reply } = await send(server);
      expect(verdict).toBe('OK');
      expect(Buffer.from(reply?.data ?? []).toString()).toBe('ok');
    });

    test('200 with the outcome not-executed is NOT_EXECUTED', async () => {
      await using server = await startHttpTarget((response) =>
        response.writeHead(200, { 'switchyard-outcome': 'not-executed' }).end(),
      );
      expect((await send(server)).verdict).toBe('NOT_EXECUTED');
    });

    test('429 with a date asks to wait until then', async () => {
      const date = new Date(systemClock.now() + 60_000).toUTCString();
      await using server = await startHttpTarget((response) =>
        response.writeHead(429, { 'retry-after': date }).end(),
      );
      const { retryAfterMs = 0 } = await send(server);
      expect(retryAfterMs).toBeGreaterThan(50_000);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    });

    test('of a refusal comes with the body that explains it', async () => {
      await using server = await startHttpTarget((response) =>
        response.writeHead(422, { 'content-type': 'application/json', 'x-code': 'E7' }).end('{"error":"no"}'),
      );
      const { reply } = await send(server);
      expect(reply).toMatchObject({
        status: '422',
        contentType: 'application/json',
        headers: { 'x-code': 'E7' },
      });
      expect(Buffer.from(reply?.data ?? []).toString()).toBe('{"error":"no"}');
    });

    test('of a refusal counts although its body breaks off, and the body is cut to an excerpt', async () => {
      await using server = await startRawHttpTarget((socket) =>
        socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: 9000\r\n\r\n${'e'.repeat(5000)}`),
      );
      const result = await send(server);
      expect(outcomeOf(result)).toEqual({ verdict: 'REJECTED', reason: 'rejected', status: '404' });
      expect(result.reply?.data.byteLength).toBe(1024);
    });
  });

  describe('the connection', () => {
    test('may end a body of unknown length: that is its end', async () => {
      await using server = await startRawHttpTarget((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nwhole'));
      const { verdict, reply } = await send(server);
      expect(verdict).toBe('OK');
      expect(Buffer.from(reply?.data ?? []).toString()).toBe('whole');
    });

    test('may not be reset in a body of unknown length', async () => {
      await using server = await startRawHttpTarget((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf', () => resetLater(socket));
      });
      expect(await send(server)).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'reset', status: '200' });
    });

    test('that carries more than one answer is not used again', async () => {
      await using server = await startRawHttpTarget((socket, number) =>
        socket.write(
          number === 1
            ? 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged'
            : 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nreal',
        ),
      );
      await send(server);
      const { verdict, reply } = await send(server);
      expect([verdict, Buffer.from(reply?.data ?? []).toString()]).toEqual(['OK', 'real']);
      expect(server.accepted).toBe(2);
    });

    test('that never takes the request whole ends at the deadline', async () => {
      await using server = await startWireServer((socket) => socket.pause());
      const result = await send(server, {
        withinMs: 1500,
        message: { data: Buffer.alloc(8_000_000), contentType: 'application/octet-stream' },
      });
      expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'timeout', status: '' });
    });

    test('is shared by at most the allowed calls; one that waits to its deadline is never sent', async () => {
      const held: ServerResponse[] = [];
      await using server = await startHttpTarget((response, _, number) => {
        if (number <= connectionsPerHostMax) held.push(response);
        else response.end();
      });
      const sent = Array.from({ length: connectionsPerHostMax }, () => send(server));
      await vi.waitFor(() => expect(held).toHaveLength(connectionsPerHostMax));
      const late = await send(server, { withinMs: 100 });
      expect(outcomeOf(late)).toEqual({ verdict: 'NOT_REACHED', reason: 'concurrency_limited', status: '' });
      for (const response of held) response.end();
      await Promise.all(sent);
      expect((await send(server)).verdict).toBe('OK');
      expect(server.seen).toHaveLength(connectionsPerHostMax + 1);
    });

    test('is named as what was missing when all calls reach their deadline together', async () => {
      await using server = await startHttpTarget(() => undefined);
      const attemptDeadlineMs = systemClock.now() + 1500;
      const sent = Array.from({ length: connectionsPerHostMax }, () => send(server, { attemptDeadlineMs }));
      await vi.waitFor(() => expect(server.seen).toHaveLength(connectionsPerHostMax));
      expect((await send(server, { attemptDeadlineMs })).reason).toBe('concurrency_limited');
      await Promise.all(sent);
    });

    test('is waited for by at most the allowed calls; one more is refused at once', async () => {
      await using server = await startHttpTarget(() => undefined);
      const all = connectionsPerHostMax + waitingPerHostMax;
      const held = Array.from({ length: all }, () => send(server));
      const refused = await send(server);
      expect(outcomeOf(refused)).toEqual({
        verdict: 'NOT_REACHED',
        reason: 'concurrency_limited',
        status: '',
      });
      expect(refused.detail).toContain('1000 calls already wait');
      await transport.close();
      const ends = (await Promise.all(held)).map(({ reason }) => reason);
      expect(ends).not.toContain('concurrency_limited');
    });
  });

  describe('TLS', () => {
    const start = () =>
      listen(
        createTlsServer({ cert: testCertificate, key: testKey }, (request, response) => {
          request.resume().once('end', () => response.end('secret'));
        }),
      );
    const sendSecret = (over: Transport, port: number, host = 'localhost'): Promise<AttemptResult> =>
      sendTo(over, `https://${host}:${port}`);

    test.each(['localhost', '127.0.0.1'])('delivers to %s when its certificate is trusted', async (host) => {
      await using server = await start();
      const trusting = create({
        clock: systemClock,
        egress: createEgress({ clock: systemClock, extraCa: [testCertificate] }),
      });
      expect(await sendSecret(trusting, server.port, host)).toMatchObject({ verdict: 'OK' });
      await trusting.close();
    });

    test('with a certificate that nobody vouches for is tls_failed', async () => {
      await using server = await start();
      const result = await sendSecret(transport, server.port);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'tls_failed', status: '' });
      expect(result.detail).toContain(`https://localhost:${server.port}: TLS failed: `);
    });

    test('with a server that does not speak it is tls_failed', async () => {
      await using server = await startWireServer((socket) => socket.write('220 smtp ready\r\n'));
      expect(await sendSecret(transport, server.port)).toMatchObject({
        verdict: 'NOT_REACHED',
        reason: 'tls_failed',
      });
    });

    test('that never finishes its handshake is connect_timeout', async () => {
      await using server = await startWireServer((socket) => socket.resume());
      const result = await sendTo(transport, `https://localhost:${server.port}`, { withinMs: 150 });
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'connect_timeout', status: '' });
    });

    test('with a trust store that does not parse is tls_failed, not a crash', async () => {
      await using server = await start();
      const broken = create({
        clock: systemClock,
        egress: createEgress({
          clock: systemClock,
          extraCa: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
        }),
      });
      expect(await sendSecret(broken, server.port)).toMatchObject({
        verdict: 'NOT_REACHED',
        reason: 'tls_failed',
      });
      await broken.close();
    });
  });

  describe('the envelope', () => {
    const received = async (input: SendInput, path = ''): Promise<HttpRequestSeen> => {
      await using server = await startHttpTarget((response) => response.end());
      await sendTo(transport, `http://127.0.0.1:${server.port}${path}`, input);
      return server.seen[0]!;
    };
    const bodyOf = ({ body }: HttpRequestSeen): Record<string, unknown> =>
      JSON.parse(body.toString()) as Record<string, unknown>;

    test('holds the message', async () => {
      const deadlineMs = systemClock.now() + 5000;
      const seen = await received({ attempt: 3, deadlineMs, message: { headers: { 'X-Tenant': 'blue' } } });
      expect(seen).toMatchObject({
        method: 'POST',
        path: '/api/v1/messages',
        headers: {
          'content-type': 'application/json',
          'x-source-system': 'orders',
          'x-target-system': 'ledger',
          'x-message-type': 'data_request',
          'x-previous-attempts': '2',
        },
      });
      expect(bodyOf(seen)).toEqual({
        message_id: 'msg-1',
        source_system: 'orders',
        target_system: 'ledger',
        message_type: 'data_request',
        kind: 'REQUEST',
        priority: 'HIGH',
        timestamp: '2026-01-02T03:04:05.678Z',
        correlation_id: 'corr-1',
        headers: { 'X-Tenant': 'blue' },
        attempt: 3,
        deadline: new Date(deadlineMs).toISOString(),
        content_type: 'application/json',
        payload: { ping: 1 },
      });
    });

    test('says nothing of attempts before the first, whatever the message claims', async () => {
      const { headers } = await received({
        attempt: 1,
        message: { headers: { 'X-Previous-Attempts': '7' } },
      });
      expect(headers).not.toHaveProperty('x-previous-attempts');
    });

    test('splices JSON in byte by byte', async () => {
      const text = '{ "big": 12345678901234567890, "b": 1.0, "a": "\\u00e9é" }';
      const { body } = await received({ message: { data: Buffer.from(text) } });
      expect(body.toString()).toContain(`"payload":${text}}`);
    });

    test.each([
      ['bytes of another type', 'application/octet-stream', Buffer.from([0, 255, 1])],
      ['text that says it is JSON and is not', 'application/json', Buffer.from('{"a":1},"payload":{}')],
      ['JSON that is not UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22])],
      ['JSON of another type', 'text/plain', Buffer.from('{"a":1}')],
    ])('holds %s as base64', async (_, contentType, data) => {
      const body = bodyOf(await received({ message: { contentType, data } }));
      expect(body).toMatchObject({ payload_base64: data.toString('base64'), content_type: contentType });
      expect(body).not.toHaveProperty('payload');
    });

    test('holds no payload as null', async () => {
      expect(bodyOf(await received({ message: { data: new Uint8Array() } }))).toMatchObject({
        payload: null,
      });
    });

    test('goes to the message path under the base of the URI', async () => {
      const { path } = await received({ settings: { message_path: '/in?v=2' } }, '/base/');
      expect(path).toBe('/base/in?v=2');
    });
  });

  test("checks an interface's URI and settings, every violation at once", () => {
    expect(
      transport.checkEndpoint({ uri: 'http://a:1/x', settings: { message_path: '/in' }, routes: [] }),
    ).toEqual([]);
    const violations = transport.checkEndpoint({
      uri: 'ftp://a',
      settings: { message_path: 'in', extra: 1 },
      routes: [],
    });
    expect(violations.map(({ path }) => path)).toEqual(['uri', 'settings.message_path', 'settings.extra']);
  });
});
