import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { type Clock, systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { Secrets } from '../../base/secrets.ts';
import type {
  AttemptResult,
  EndpointDeclaration,
  HealthCheckKind,
  ProbeResult,
  Transport,
} from '../../base/transport.ts';
import { createEgress, type Egress } from '../egress.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, type SendInput, sendTo, silentEgress } from '../fixtures/send.fixture.ts';
import { testCertificate } from '../fixtures/tls.fixture.ts';
import { unusedPort } from '../fixtures/wire-server.fixture.ts';
import { keepAliveMs, waitingPerHostMax, websocketCallsMax, websocketStrayAnswersMax } from '../limits.ts';
import {
  atDeadline,
  mayHaveActed,
  notApplicable,
  notExecuted,
  notReached,
  ok,
  outcomeOf,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import {
  startHttpAnswer,
  startWebSocketTarget,
  type WebSocketCall,
  websocketTargets,
} from '../fixtures/websocket-targets.fixture.ts';
import { describeTransport } from '../transport.conformance.ts';
import { WebSocketConnections } from './connections.ts';
import { createEndpointWays } from './way.ts';
import { createWebSocketTransport } from './websocket-transport.ts';

/** Secrets that may not read one variable. */
const guardedSecrets: Secrets = {
  ...fixedSecrets(),
  objection: (ref) => (ref === 'env:HOME' ? `${ref} is not allowed here` : undefined),
};

const create = (
  deps: { readonly clock: Clock; readonly egress: Egress },
  secrets: Secrets = guardedSecrets,
): Transport =>
  createWebSocketTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: 'asked the prober' }),
    secrets,
    identities: fixedIdentities(),
  });

describe('WebSocket transport', () => {
  describeTransport({
    targets: websocketTargets,
    create,
    outcomes: {
      // Before the upgrade is done nothing is sent.
      'accepts and says nothing': atDeadline(notReached('connect_timeout')),
      'resets at the first byte': notReached('connect_failed'),
      'ends the connection before it reads': notReached('connect_failed'),
      'reads and never answers': atDeadline(mayHaveActed('timeout')),
      'resets after it read': mayHaveActed('reset'),
      'ends its half after it read': mayHaveActed('reset'),
      'resets in the middle of the answer': mayHaveActed('reset'),
      'ends in the middle of the answer': mayHaveActed('reset'),
      'answers one byte a second': atDeadline(mayHaveActed('timeout')),
      'answers without end': mayHaveActed('reply_too_large'),
      'answers and resets behind it': ok('OK'),
      'answers twice': ok('OK'),
      'announces a longer answer than it sends': mayHaveActed('reset'),
      'announces a shorter answer than it sends': mayHaveActed('garbage'),
      'announces an answer over the limit': mayHaveActed('reply_too_large'),
      'answers with garbage': mayHaveActed('garbage'),
      // What exceeds the limits of headers is left out, as with every protocol.
      'answers with huge headers': ok('OK'),
      'is unavailable': { ...notReached('connect_failed'), status: '503' },
      fails: mayHaveActed('target_error', '500'),
      'says that it did nothing, in a header': notExecuted('BUSY'),
      'says that it did nothing, in a trailer': notApplicable('an answer is one message'),
      'asks to wait': { ...notExecuted(), retryAfterMs: 7000 },
      refuses: rejected('422'),
    },
    connectionsInRow: 1,
    connectionsMax: 1,
    notApplicable: { headers: 'the headers of a message travel within its envelope' },
  });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const uri = ({ port }: { readonly port: number }): string => `ws://127.0.0.1:${port}`;
  const send = (server: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, uri(server), input);
  const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();
  const answersOne = (call: WebSocketCall): void => call.answer({ payload: 1 });

  describe('a request', () => {
    test("is the hub's envelope with an id, the hops and the trace", async () => {
      await using server = await startWebSocketTarget(answersOne);
      await send(server, { attempt: 2, message: { headers: { 'X-Tenant': 'blue' } } });
      const [call] = server.seen;
      expect(call?.frame).toEqual({
        id: '1',
        hops: 2,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        message_id: 'msg-1',
        source_system: 'orders',
        target_system: 'ledger',
        message_type: 'data_request',
        kind: 'REQUEST',
        priority: 'HIGH',
        timestamp: '2026-01-02T03:04:05.678Z',
        correlation_id: 'corr-1',
        headers: { 'X-Tenant': 'blue' },
        attempt: 2,
        deadline: expect.stringMatching(/Z$/) as string,
        content_type: 'application/json',
        payload: { ping: 1 },
      });
      expect(call?.upgrade['sec-websocket-extensions']).toBeUndefined();
    });

    test('of bytes that are not JSON carries them as base64', async () => {
      await using server = await startWebSocketTarget(answersOne);
      await send(server, { message: { contentType: 'image/png', data: Buffer.from([0xff, 0]) } });
      expect(server.seen[0]?.frame).toMatchObject({ payload_base64: '/wA=', content_type: 'image/png' });
    });

    test('has an id of its own, even when the same attempt is sent again', async () => {
      await using server = await startWebSocketTarget(answersOne);
      for (let round = 0; round < 3; round += 1) await send(server);
      expect(server.seen.map(({ frame }) => frame['id'])).toEqual(['1', '2', '3']);
    });
  });

  describe('an answer', () => {
    test.each([
      [
        'a JSON payload, exactly as it stands',
        '"payload":{"n":12345678901234567890.10,"a":1}',
        'application/json',
        '{"n":12345678901234567890.10,"a":1}',
      ],
      ['null', '"payload":null', 'application/json', 'null'],
      ['no payload', '"status":"OK"', '', ''],
      ['text', '"content_type":"text/plain","payload":"grüße"', 'text/plain', 'grüße'],
      ['bytes', '"payload_base64":"aGk=","content_type":"image/png"', 'image/png', 'hi'],
      ['bytes without a type', '"payload_base64":"aGk="', 'application/octet-stream', 'hi'],
      [
        'an own JSON type',
        '"payload":[1],"content_type":"application/problem+json"',
        'application/problem+json',
        '[1]',
      ],
    ])('may hold %s', async (_, fields, contentType, text) => {
      await using server = await startWebSocketTarget(({ ws, frame }) =>
        ws.send(`{"id":"${String(frame['id'])}",${fields}}`),
      );
      const result = await send(server);
      expect(result).toMatchObject({ verdict: 'OK', reply: { contentType, status: 'OK' } });
      expect(textOf(result)).toBe(text);
    });

    test('has a status and headers of its own', async () => {
      await using server = await startWebSocketTarget((call) =>
        call.answer({ payload: 1, status: 201, headers: { 'x-a': '1' } }),
      );
      expect(await send(server)).toMatchObject({
        status: '201',
        reply: { status: '201', headers: { 'x-a': '1' } },
      });
    });

    test.each([
      ['payload and payload_base64', { payload: 1, payload_base64: 'aGk=' }, 'exclude each other'],
      ['base64 that is none', { payload_base64: '%%%' }, 'payload_base64'],
      ['an object as text', { payload: {}, content_type: 'text/plain' }, 'must be a string'],
      ['an error without a text', { error: {} }, 'error.message'],
      ['headers that are no texts', { headers: { a: 1 } }, 'headers.a'],
    ])('with %s is garbage, and harms no other call', async (_, fields, text) => {
      await using server = await startWebSocketTarget((call, number) => {
        if (number === 1) call.answer(fields);
        else server.seen.slice(1).forEach((other) => answersOne(other));
      });
      const bad = await send(server);
      expect(bad).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'garbage' });
      expect(bad.detail).toContain(text);
      expect((await send(server)).verdict).toBe('OK');
      expect(server.accepted).toBe(1);
    });

    test('that refuses comes with the payload that explains it', async () => {
      await using server = await startWebSocketTarget((call) =>
        call.answer({ status: 422, error: { message: 'no such account' }, payload: { code: 7 } }),
      );
      const result = await send(server);
      expect(result).toMatchObject({ verdict: 'REJECTED', status: '422', reply: { status: '422' } });
      expect(textOf(result)).toBe('{"code":7}');
      expect(result.detail).toBe(`${uri(server)}: 422: no such account`);
    });

    test('reaches its own request, in whatever order answers come', async () => {
      await using server = await startWebSocketTarget((_, number) => {
        if (number < 50) return;
        for (const call of [...server.seen].reverse()) call.answer({ payload: call.frame['payload'] });
      });
      const sent = Array.from({ length: 50 }, (_, index) =>
        send(server, { message: { data: Buffer.from(String(index)) } }),
      );
      expect((await Promise.all(sent)).map(textOf)).toEqual(sent.map((_, index) => String(index)));
      expect(server.accepted).toBe(1);
    });

    test('that comes late or twice is ignored, and so is a message without an id', async () => {
      await using server = await startWebSocketTarget((call, number) => {
        if (number === 1) return;
        server.seen[0]?.answer({ payload: 'late' });
        call.ws.send('{"hello":"there"}');
        call.answer({ payload: 'first' });
        call.answer({ payload: 'second' });
      });
      expect((await send(server, { withinMs: 100 })).reason).toBe('timeout');
      expect(textOf(await send(server))).toBe('"first"');
      expect(textOf(await send(server))).toBe('"first"');
      expect(server.accepted).toBe(1);
    });

    test('that nobody waits for, too often in a row, ends the connection as garbage', async () => {
      await using server = await startWebSocketTarget(({ ws }) => {
        for (let count = 0; count <= websocketStrayAnswersMax; count += 1) ws.send('{"id":"nobody"}');
      });
      const result = await send(server);
      expect(outcomeOf(result)).toEqual(mayHaveActed('garbage'));
      expect(result.detail).toContain('messages in a row that nobody waits for');
    });
  });

  test.each([
    ['a binary message', (call: WebSocketCall) => call.ws.send(Buffer.from('{}'), { binary: true })],
    ['text that is not JSON', (call: WebSocketCall) => call.ws.send('{')],
    ['JSON that is no object', (call: WebSocketCall) => call.ws.send('[1]')],
    ['bytes that are no frame', (call: WebSocketCall) => call.socket.write('HTTP/1.1 200 OK\r\n\r\n')],
  ])('%s ends everybody in flight as garbage; the next call connects anew', async (_, misbehave) => {
    await using server = await startWebSocketTarget((call, number) => {
      if (number === 3) misbehave(call);
      if (number > 3) answersOne(call);
    });
    const results = await Promise.all([1, 2, 3].map(() => send(server)));
    expect(results.map(outcomeOf)).toEqual(Array(3).fill(mayHaveActed('garbage')));
    expect((await send(server)).verdict).toBe('OK');
    expect(server.accepted).toBe(2);
  });

  describe('one way', () => {
    test('a message is delivered when it is handed over; its frame has no id', async () => {
      await using server = await startWebSocketTarget(() => undefined);
      const result = await send(server, { settings: { mode: 'one_way' } });
      expect(outcomeOf(result)).toEqual(ok('HANDED_OVER'));
      expect(result.reply).toMatchObject({ status: 'HANDED_OVER', contentType: '' });
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      expect(server.seen[0]?.frame).not.toHaveProperty('id');
    });

    test('is chosen by a route, and so is the type that the target sees', async () => {
      await using server = await startWebSocketTarget(answersOne);
      const routes = [
        {
          messageType: 'data_request',
          operation: { mode: 'one_way', type: 'push' },
          repeatSafety: undefined,
        },
        { messageType: '*', operation: {}, repeatSafety: undefined },
      ];
      expect((await send(server, { routes })).status).toBe('HANDED_OVER');
      expect((await send(server, { routes, message: { type: 'other' } })).status).toBe('OK');
      expect(server.seen.map(({ frame }) => frame['message_type'])).toEqual(['push', 'other']);
    });

    test('nothing is sent when no route fits the type', async () => {
      await using server = await startWebSocketTarget(answersOne);
      const result = await send(server, {
        routes: [{ messageType: 'other', operation: {}, repeatSafety: undefined }],
      });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(server.accepted).toBe(0);
    });
  });

  describe('the upgrade', () => {
    test('carries the headers of the settings, secrets read when they are used', async () => {
      const values = { 'env:TOKEN': 'first' };
      const secrets = fixedSecrets(values);
      const own = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) }, secrets);
      await using server = await startWebSocketTarget(answersOne);
      const settings = {
        headers: { Authorization: { secret_ref: 'env:TOKEN', prefix: 'Bearer ' }, 'x-plain': 'p' },
      };
      await sendTo(own, uri(server), { settings });
      await sendTo(own, uri(server), { settings });
      values['env:TOKEN'] = 'second';
      await sendTo(own, uri(server), { settings });
      await own.close();
      expect(server.seen.map(({ upgrade }) => [upgrade.authorization, upgrade['x-plain']])).toEqual([
        ['Bearer first', 'p'],
        ['Bearer first', 'p'],
        ['Bearer second', 'p'],
      ]);
      expect(server.accepted).toBe(2);
    });

    test('that needs a secret which is not there is not tried', async () => {
      await using server = await startWebSocketTarget(answersOne);
      const result = await send(server, { settings: { headers: { a: { secret_ref: 'env:GONE' } } } });
      expect(outcomeOf(result)).toEqual(notReached('misconfigured'));
      expect(result.detail).toContain('env:GONE');
      expect(server.accepted).toBe(0);
    });

    test('asks for the subprotocol, and a target that does not choose it is not sent to', async () => {
      const settings = { subprotocol: 'switchyard.v1' };
      await using server = await startWebSocketTarget(answersOne, { subprotocols: ['switchyard.v1'] });
      expect((await send(server, { settings })).verdict).toBe('OK');
      await using other = await startWebSocketTarget(answersOne);
      const refused = await send(other, { settings });
      expect(refused.verdict).toBe('NOT_REACHED');
      expect(refused.detail).toContain('subprotocol');
      expect(other.seen).toHaveLength(0);
    });

    test('that is refused names the status, and when to come back', async () => {
      const answer = 'HTTP/1.1 429 Too Many\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n';
      await using server = await startHttpAnswer(answer);
      const result = await send(server);
      expect(outcomeOf(result)).toEqual({
        ...notReached('connect_failed'),
        status: '429',
        retryAfterMs: 3000,
      });
      expect(result.detail).toContain('refused with HTTP 429');
    });

    test.each([
      ['huge headers', `HTTP/1.1 101 Switching Protocols\r\nx: ${'h'.repeat(100_000)}\r\n\r\n`],
      ['something else than HTTP', 'this is not HTTP at all\r\n\r\n'],
      [
        'a wrong key',
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n',
      ],
    ])('answered with %s is garbage, and nothing was sent', async (_, answer) => {
      await using server = await startHttpAnswer(answer);
      expect(outcomeOf(await send(server))).toEqual(notReached('garbage'));
    });

    test('goes through TLS with the identity of the settings', async () => {
      await using server = await startWebSocketTarget(answersOne, { tls: true });
      const wss = `wss://localhost:${server.port}/feed`;
      const trusted = await sendTo(transport, wss, { settings: { tls: { ca: testCertificate } } });
      expect(trusted.verdict).toBe('OK');
      expect(server.seen[0]?.upgrade.host).toBe(`localhost:${server.port}`);
      const untrusted = await sendTo(transport, wss);
      expect(outcomeOf(untrusted)).toEqual(notReached('tls_failed'));
    });
  });

  describe('the connection', () => {
    test('takes so many calls at once; the others wait, and end at their deadline unsent', async () => {
      await using server = await startWebSocketTarget(() => undefined);
      const busy = Array.from({ length: websocketCallsMax }, () => send(server));
      await vi.waitFor(() => expect(server.seen).toHaveLength(websocketCallsMax));
      const late = send(server, { withinMs: 50 });
      const next = send(server);
      expect(outcomeOf(await late)).toEqual(notReached('concurrency_limited'));
      for (const call of [...server.seen]) answersOne(call);
      await vi.waitFor(() => expect(server.seen).toHaveLength(websocketCallsMax + 1));
      server.seen.slice(-1).forEach(answersOne);
      expect((await Promise.all([...busy, next])).map(({ verdict }) => verdict)).not.toContain('NOT_REACHED');
    });

    test('lets at most so many calls wait', async () => {
      const silent = create({ clock: systemClock, egress: silentEgress });
      const waiting = Array.from({ length: waitingPerHostMax }, () => sendTo(silent, 'ws://127.0.0.1:9'));
      const refused = await sendTo(silent, 'ws://127.0.0.1:9');
      expect(outcomeOf(refused)).toEqual(notReached('concurrency_limited'));
      await silent.close();
      await Promise.all(waiting);
    });

    test('is one for each interface: the least recently used makes room', async () => {
      const connections = new WebSocketConnections(createEgress({ clock: systemClock }), systemClock, 2);
      await using server = await startWebSocketTarget(() => undefined);
      const ways = createEndpointWays({ secrets: fixedSecrets(), identities: fixedIdentities() });
      const wait = { deadlineMs: systemClock.now() + 10_000, signal: new AbortController().signal };
      for (const path of ['a', 'b', 'c', 'a', 'b', 'c']) {
        const way = await ways.to(endpointOf('WEBSOCKET', `${uri(server)}/${path}`));
        await connections.use(way, { ...wait, needsRoom: false }, (connection) => connection.ping(wait));
      }
      expect(server.accepted).toBe(6);
      await vi.waitFor(() => expect(server.open).toBe(2));
      await connections.close();
    });

    test('that is idle is closed', async () => {
      const clock = createFakeClock(systemClock.now());
      const own = create({ clock, egress: createEgress({ clock }) });
      await using server = await startWebSocketTarget(answersOne);
      await sendTo(own, uri(server));
      await clock.advance(keepAliveMs - 10_000);
      expect(server.open).toBe(1);
      await clock.advance(10_000);
      await vi.waitFor(() => expect(server.open).toBe(0));
      await own.close();
    });

    test('that answers no ping counts as dead, and its calls as perhaps done', async () => {
      const clock = createFakeClock(systemClock.now());
      const own = create({ clock, egress: createEgress({ clock }) });
      await using server = await startWebSocketTarget(({ socket }) => socket.pause());
      const sent = sendTo(own, uri(server), { settings: { ping_interval: '5s' }, withinMs: 600_000 });
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      await clock.advance(5000);
      await clock.advance(10_000);
      const result = await sent;
      expect(outcomeOf(result)).toEqual(mayHaveActed('timeout'));
      expect(result.detail).toContain('did not answer a ping within 10 s');
      await own.close();
    });

    test('that answers pings is kept, however long a call takes', async () => {
      const clock = createFakeClock(systemClock.now());
      const own = create({ clock, egress: createEgress({ clock }) });
      await using server = await startWebSocketTarget(() => undefined);
      let pings = 0;
      const sent = sendTo(own, uri(server), { settings: { ping_interval: '5s' }, withinMs: 600_000 });
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      server.seen[0]?.ws.on('ping', () => (pings += 1));
      for (let round = 1; round <= 5; round += 1) {
        await clock.advance(5000);
        await vi.waitFor(() => expect(pings).toBe(round));
        await echoed(server.seen[0]!.ws);
      }
      answersOne(server.seen[0]!);
      expect((await sent).verdict).toBe('OK');
      await own.close();
    });

    test('on which a call ran into its deadline is asked at once whether it lives', async () => {
      let pings = 0;
      await using server = await startWebSocketTarget(({ ws }) => ws.on('ping', () => (pings += 1)));
      expect((await send(server, { withinMs: 50 })).reason).toBe('timeout');
      await vi.waitFor(() => expect(pings).toBe(1));
    });
  });

  describe('a probe', () => {
    const probe = (target: string, kind: HealthCheckKind = 'AUTO', withinMs = 5000): Promise<ProbeResult> =>
      transport.probe(endpointOf('WEBSOCKET', target, { healthCheck: { kind } }), {
        deadlineMs: systemClock.now() + withinMs,
        signal: new AbortController().signal,
      });

    test('finds a target that answers a ping alive, on the connection that calls use', async () => {
      await using server = await startWebSocketTarget(answersOne);
      expect(await probe(uri(server))).toMatchObject({ alive: true, detail: 'answered a ping' });
      await send(server);
      expect(await probe(uri(server))).toMatchObject({ alive: true });
      expect(server.accepted).toBe(1);
    });

    test('finds a target that answers no ping not alive', async () => {
      await using server = await startWebSocketTarget(answersOne, {
        onOpen: (_, { socket }) => socket.pause(),
      });
      const { alive, detail } = await probe(uri(server), 'AUTO', 100);
      expect(alive).toBe(false);
      expect(detail).toContain('no pong in time');
    });

    test('finds a target that refuses the upgrade, or does not listen, not alive', async () => {
      await using server = await startHttpAnswer('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      expect(await probe(uri(server))).toMatchObject({
        alive: false,
        detail: `${uri(server)}: the upgrade to WebSocket was refused with HTTP 404`,
      });
      expect((await probe(`ws://127.0.0.1:${await unusedPort()}`)).detail).toContain('nobody listens there');
    });

    test('of another kind is left to the prober', async () => {
      expect((await probe('ws://127.0.0.1:9', 'TCP')).detail).toBe('asked the prober');
    });
  });

  describe('a registration', () => {
    const violations = (declared: Partial<EndpointDeclaration>): readonly string[] =>
      transport
        .checkEndpoint({ uri: 'wss://feeds.example/v1', settings: {}, routes: [], ...declared })
        .map(({ path, message }) => `${path}: ${message}`);

    test('with good settings and routes is taken', () => {
      expect(
        violations({
          settings: {
            headers: { authorization: { secret_ref: 'env:TOKEN' } },
            subprotocol: 'v1',
            tls: { server_name: 'x' },
            ping_interval: '30s',
            mode: 'one_way',
          },
          routes: [{ messageType: '*', operation: { mode: 'request', type: 'x' }, repeatSafety: undefined }],
        }),
      ).toEqual([]);
    });

    test.each<[string, Partial<EndpointDeclaration>, RegExp]>([
      ['another scheme', { uri: 'http://a' }, /^uri: .*ws:\/\//],
      [
        'an unknown setting',
        { settings: { pingInterval: 1 } },
        /^settings\.pingInterval: is no field; allowed here are .*ping_interval/,
      ],
      [
        'a header of the upgrade',
        { settings: { headers: { Upgrade: 'x' } } },
        /^settings\.headers\.Upgrade: .*leave it out/,
      ],
      ['a header name that is none', { settings: { headers: { 'a b': 'x' } } }, /no header name/],
      ['a value with a line break', { settings: { headers: { a: 'x\ny' } } }, /^settings\.headers\.a: /],
      [
        'a ping interval out of bounds',
        { settings: { ping_interval: '100ms' } },
        /^settings\.ping_interval: .*"100ms".*1s to 5m/,
      ],
      [
        'a secret that may not be read',
        { settings: { tls: { ca: { secret_ref: 'env:CA' } }, headers: { a: { secret_ref: 'env:HOME' } } } },
        /^settings\.headers\.a: env:HOME is not allowed here$/,
      ],
      ['TLS without TLS', { uri: 'ws://a', settings: { tls: {} } }, /^settings\.tls: .*wss/],
      ['a key by value', { settings: { tls: { cert: 'c', key: 'k' } } }, /^settings\.tls\.key/],
      [
        'an unknown mode',
        { routes: [{ messageType: '*', operation: { mode: 'twice' }, repeatSafety: undefined }] },
        /^routes\[0\]\.operation\.mode: must be request or one_way/,
      ],
    ])('with %s is refused', (_, declared, text) => {
      expect(violations(declared).join('\n')).toMatch(text);
    });
  });
});

/** Waits until the other side has read and answered all that this server sent before. */
async function echoed(ws: WebSocket): Promise<void> {
  const pong = once(ws, 'pong');
  ws.ping();
  await pong;
}
