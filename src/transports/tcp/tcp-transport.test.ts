import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import {
  atDeadline,
  type FaultOutcomes,
  mayHaveActed,
  notApplicable,
  notExecuted,
  notReached,
  ok,
  outcomeOf,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, type SendInput, sendTo } from '../fixtures/send.fixture.ts';
import { startTcpTarget, type TcpCall, tcpTargets } from '../fixtures/tcp-targets.fixture.ts';
import { testCertificate, testKey } from '../fixtures/tls.fixture.ts';
import { startWireServer, type TestServer, listen, unusedPort } from '../fixtures/wire-server.fixture.ts';
import { keepAliveMs, tcpConnectionsDefault, waitingPerHostMax } from '../limits.ts';
import { describeTransport, type TransportSubject } from '../transport.conformance.ts';
import { createTcpTransport } from './tcp-transport.ts';

const create: TransportSubject['create'] = (deps) =>
  createTcpTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: 'by another' }),
    secrets: fixedSecrets(),
    identities: fixedIdentities(),
  });

const rawSaysNothing = notApplicable('a raw frame is a reply, whatever it holds');
const linesAnnounceNothing = notApplicable('a line announces no length');

/** What goes wrong before or within a frame is the same however frames are told apart. */
const outcomes: FaultOutcomes = {
  'accepts and says nothing': atDeadline(mayHaveActed('timeout')),
  'resets at the first byte': mayHaveActed('reset'),
  'ends the connection before it reads': mayHaveActed('reset'),
  'reads and never answers': atDeadline(mayHaveActed('timeout')),
  'resets after it read': mayHaveActed('reset'),
  'ends its half after it read': mayHaveActed('reset'),
  'resets in the middle of the answer': mayHaveActed('reset'),
  'ends in the middle of the answer': mayHaveActed('reset'),
  'answers one byte a second': atDeadline(mayHaveActed('timeout')),
  'answers without end': mayHaveActed('garbage'),
  'answers and resets behind it': ok('OK'),
  'answers twice': ok('OK'),
  'announces a longer answer than it sends': mayHaveActed('reset'),
  'announces a shorter answer than it sends': mayHaveActed('garbage'),
  'announces an answer over the limit': mayHaveActed('reply_too_large'),
  'answers with garbage': mayHaveActed('garbage'),
  'answers with huge headers': ok('OK'),
  'is unavailable': mayHaveActed('target_error', '503'),
  fails: mayHaveActed('target_error'),
  'says that it did nothing, in a header': notExecuted(),
  'says that it did nothing, in a trailer': notApplicable('an answer is one frame'),
  'asks to wait': { ...mayHaveActed('target_error'), retryAfterMs: 7000 },
  refuses: rejected(),
};

/** Faults that only an envelope can tell of. */
const rawOutcomes: FaultOutcomes = {
  ...outcomes,
  'answers with garbage': rawSaysNothing,
  'answers with huge headers': rawSaysNothing,
  'is unavailable': rawSaysNothing,
  fails: rawSaysNothing,
  'says that it did nothing, in a header': rawSaysNothing,
  'asks to wait': rawSaysNothing,
  refuses: rawSaysNothing,
};

const exempt = { headers: 'the headers of a message travel within its envelope' };

describe('TCP transport', () => {
  describe('with envelopes, answers by id', () => {
    describeTransport({
      targets: tcpTargets({}),
      outcomes,
      create,
      connectionsInRow: 1,
      connectionsMax: 1,
      notApplicable: exempt,
    });
  });

  describe('with envelopes on lines, one call at a time', () => {
    const settings = { framing: 'line', correlation: 'order' };
    describeTransport({
      targets: tcpTargets(settings),
      settings,
      outcomes: {
        ...outcomes,
        'answers without end': mayHaveActed('reply_too_large'),
        'announces a longer answer than it sends': linesAnnounceNothing,
        'announces a shorter answer than it sends': linesAnnounceNothing,
        'announces an answer over the limit': linesAnnounceNothing,
      },
      create,
      connectionsInRow: 1,
      connectionsMax: tcpConnectionsDefault,
      callsAtOnce: tcpConnectionsDefault,
      notApplicable: exempt,
    });
  });

  describe('with raw payloads after their length', () => {
    const settings = { payload: 'raw' };
    describeTransport({
      targets: tcpTargets(settings),
      settings,
      outcomes: {
        ...rawOutcomes,
        // The announced bytes are an answer; what comes behind them costs the connection.
        'answers without end': ok('OK'),
        'announces a shorter answer than it sends': ok('OK'),
      },
      create,
      connectionsInRow: 1,
      connectionsMax: tcpConnectionsDefault,
      callsAtOnce: tcpConnectionsDefault,
      notApplicable: exempt,
    });
  });

  describe('with raw lines', () => {
    const settings = { framing: 'line', payload: 'raw' };
    describeTransport({
      targets: tcpTargets(settings),
      settings,
      outcomes: {
        ...rawOutcomes,
        'answers without end': mayHaveActed('reply_too_large'),
        'announces a longer answer than it sends': linesAnnounceNothing,
        'announces a shorter answer than it sends': linesAnnounceNothing,
        'announces an answer over the limit': linesAnnounceNothing,
      },
      create,
      connectionsInRow: 1,
      connectionsMax: tcpConnectionsDefault,
      callsAtOnce: tcpConnectionsDefault,
      notApplicable: exempt,
    });
  });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const send = ({ port }: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, `tcp://127.0.0.1:${port}`, input);
  const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();
  const raw = { payload: 'raw' };
  const rawLines = { framing: 'line', payload: 'raw' };
  const bytesSent = async (input: SendInput): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    await using server = await startWireServer((socket) => {
      socket.on('data', (piece) => pieces.push(piece));
      socket.on('end', () => socket.end());
    });
    await send(server, { ...input, settings: { ...input.settings, mode: 'one_way' } });
    await transport.close();
    await vi.waitFor(() => expect(server.open).toBe(0));
    return Buffer.concat(pieces);
  };

  describe('a frame', () => {
    const message = { data: Buffer.from('abc') };
    test.each([
      [{}, [0, 0, 0, 3]],
      [{ length_bytes: 1 }, [3]],
      [{ length_bytes: 2, length_order: 'little' }, [3, 0]],
      [{ length_bytes: 8 }, [0, 0, 0, 0, 0, 0, 0, 3]],
      [{ length_bytes: 2, length_includes_prefix: true }, [0, 5]],
    ])('with %j begins with its length', async (settings, prefix) => {
      expect([...(await bytesSent({ message, settings: { ...raw, ...settings } }))]).toEqual([
        ...prefix,
        ...message.data,
      ]);
    });

    test.each([
      ['\n', 'abc\n'],
      ['\r\n', 'abc\r\n'],
      ['||', 'abc||'],
    ])('on a line ends with %j', async (delimiter, bytes) => {
      expect((await bytesSent({ message, settings: { ...rawLines, delimiter } })).toString()).toBe(bytes);
    });

    test('of an envelope on a line keeps its JSON exactly, white space aside', async () => {
      const data = Buffer.from('{\n\t"big": 12345678901234567890,\r\n"text": "a\\nb"}');
      const line = (await bytesSent({ message: { data }, settings: { framing: 'line' } })).toString();
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(line).toContain('"payload":{  "big": 12345678901234567890,  "text": "a\\nb"}}');
    });

    test('of a payload that holds the delimiter is mapping_failed, and nothing is sent', async () => {
      await using server = await startWireServer((socket) => socket.resume());
      const result = await send(server, { message: { data: Buffer.from('a\nb') }, settings: rawLines });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(result.detail).toContain('holds the delimiter "\\n"');
      expect(server.accepted).toBe(0);
    });

    test('of a payload too long for its length is mapping_failed', async () => {
      await using server = await startWireServer((socket) => socket.resume());
      const settings = { ...raw, length_bytes: 1 };
      const result = await send(server, { message: { data: Buffer.alloc(256) }, settings });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(result.detail).toContain('256 bytes; a length of 1 bytes cannot say so');
    });
  });

  describe('an envelope', () => {
    test('holds an id, the message, its hops and trace', async () => {
      const seen: TcpCall['envelope'][] = [];
      await using server = await startTcpTarget({}, (call) => {
        seen.push(call.envelope);
        call.frame(call.envelopeWith({ payload: { pong: 1 }, status: 'DONE' }));
      });
      const result = await send(server);
      expect(result).toMatchObject({ verdict: 'OK', status: 'DONE' });
      expect(result.reply).toMatchObject({ status: 'DONE', contentType: 'application/json' });
      expect(textOf(result)).toBe('{"pong":1}');
      expect(seen[0]).toMatchObject({
        id: '1',
        message_id: 'msg-1',
        message_type: 'data_request',
        hops: 2,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        payload: { ping: 1 },
      });
    });

    test('is answered in any order, each call by its id', async () => {
      const waiting: TcpCall[] = [];
      await using server = await startTcpTarget({}, (call) => waiting.push(call));
      const sent = ['a', 'b', 'c'].map((id) => send(server, { message: { id } }));
      await vi.waitFor(() => expect(waiting).toHaveLength(3));
      for (const call of waiting.toReversed())
        call.frame(call.envelopeWith({ payload: call.envelope['message_id'] }));
      expect((await Promise.all(sent)).map(textOf)).toEqual(['"a"', '"b"', '"c"']);
      expect(server.accepted).toBe(1);
    });

    test('with an id that nobody waits for is passed over', async () => {
      await using server = await startTcpTarget({}, (call) => {
        call.frame(Buffer.from('{"id":"forged","payload":1}'));
        call.frame(call.envelopeWith({ payload: 2 }));
      });
      expect(textOf(await send(server))).toBe('2');
      expect(textOf(await send(server))).toBe('2');
      expect(server.accepted).toBe(1);
    });

    test('with the id of another call is garbage where calls go one at a time', async () => {
      await using server = await startTcpTarget({}, (call) =>
        call.frame(Buffer.from('{"id":"forged","payload":1}')),
      );
      const result = await send(server, { settings: { correlation: 'order' } });
      expect(outcomeOf(result)).toEqual(mayHaveActed('garbage'));
    });

    test('that is not UTF-8 is garbage: no byte of a reply is guessed', async () => {
      await using server = await startTcpTarget({}, (call) =>
        call.frame(Buffer.from(`{"id":"${String(call.envelope['id'])}","payload":"caf\xe9"}`, 'latin1')),
      );
      expect(outcomeOf(await send(server))).toEqual(mayHaveActed('garbage'));
    });

    test('that is no JSON ends every call on its connection', async () => {
      let asked = 0;
      await using server = await startTcpTarget({}, (call) => {
        asked += 1;
        if (asked === 3) call.frame(Buffer.from('{'));
      });
      const results = await Promise.all([send(server), send(server), send(server)]);
      expect(results.map(outcomeOf)).toEqual(Array(3).fill(mayHaveActed('garbage')));
    });
  });

  describe('a late answer', () => {
    test('is never taken for that of the next call, where calls go one at a time', async () => {
      const calls: TcpCall[] = [];
      await using server = await startTcpTarget(rawLines, (call) => {
        calls.push(call);
        if (calls.length === 1) call.socket.write('la');
        else {
          calls[0]!.socket.write('te\n');
          call.frame(Buffer.from('right'));
        }
      });
      const settings = { ...rawLines, connections: 1 };
      expect((await send(server, { settings, withinMs: 150 })).reason).toBe('timeout');
      expect(textOf(await send(server, { settings }))).toBe('right');
      expect(server.accepted).toBe(2);
    });

    test('is passed over on a connection with ids that goes on', async () => {
      const calls: TcpCall[] = [];
      await using server = await startTcpTarget({}, (call, number) => {
        calls.push(call);
        if (number === 2) call.frame(call.answer(Buffer.from('second')));
        if (number === 3) {
          calls[0]!.frame(calls[0]!.answer(Buffer.from('late')));
          call.frame(call.answer(Buffer.from('third')));
        }
      });
      const first = send(server, { withinMs: 300 });
      await vi.waitFor(() => expect(calls).toHaveLength(1));
      expect(textOf(await send(server))).toBe('second');
      expect((await first).reason).toBe('timeout');
      expect(textOf(await send(server))).toBe('third');
      expect(server.accepted).toBe(1);
    });

    test('of a connection that was silent all the while costs it: the next call takes another', async () => {
      await using server = await startTcpTarget({}, (call) => {
        if (call.connection === 2) call.frame(call.answer(Buffer.from('1')));
      });
      expect((await send(server, { withinMs: 150 })).reason).toBe('timeout');
      expect((await send(server)).verdict).toBe('OK');
    });
  });

  test.each([
    ['in one piece with the first', (call: TcpCall) => call.socket.write('one\ntwo\n')],
    ['begun behind the first', (call: TcpCall) => call.socket.write('one\ntw')],
    [
      'a moment after the first',
      (call: TcpCall) => call.frame(Buffer.from('one'), () => call.frame(Buffer.from('two'))),
    ],
  ])('a second answer, %s, is not the answer to the next call', async (_, answer) => {
    await using server = await startTcpTarget(rawLines, (call) => {
      if (call.connection === 1) answer(call);
      else call.frame(Buffer.from('right'));
    });
    const settings = { ...rawLines, connections: 1 };
    expect(textOf(await send(server, { settings }))).toBe('one');
    await vi.waitFor(() => expect(server.open).toBe(0));
    expect(textOf(await send(server, { settings }))).toBe('right');
  });

  test.each([
    ['was reset', ({ socket }: TcpCall) => socket.resetAndDestroy()],
    ['was ended', ({ socket }: TcpCall) => socket.end()],
    ['holds a second answer', ({ socket }: TcpCall) => socket.write('two\n')],
  ])('a connection that %s, unread as yet, is not used again', async (_, spoil) => {
    const calls: TcpCall[] = [];
    await using server = await startTcpTarget(rawLines, (call) => {
      calls.push(call);
      call.frame(Buffer.from('right'));
    });
    const settings = { ...rawLines, connections: 1 };
    expect(textOf(await send(server, { settings }))).toBe('right');
    spoil(calls[0]!);
    expect(textOf(await send(server, { settings }))).toBe('right');
    expect(server.accepted).toBe(2);
  });

  test('a line may end with a carriage return, and may be empty', async () => {
    await using server = await startTcpTarget(rawLines, ({ socket }, number) =>
      socket.write(number === 1 ? 'ok\r\n' : '\n'),
    );
    expect(textOf(await send(server, { settings: rawLines }))).toBe('ok');
    expect(outcomeOf(await send(server, { settings: rawLines }))).toEqual(ok('OK'));
  });

  test('a reply has the content type that the settings give it', async () => {
    await using server = await startTcpTarget(raw, (call) => call.frame(Buffer.from('{}')));
    expect((await send(server, { settings: raw })).reply?.contentType).toBe('application/octet-stream');
    const settings = { ...raw, reply_content_type: 'application/json' };
    expect((await send(server, { settings })).reply?.contentType).toBe('application/json');
  });

  test('a reply over reply_frame_max is reply_too_large', async () => {
    await using server = await startTcpTarget(raw, (call) => call.frame(Buffer.alloc(11)));
    const result = await send(server, { settings: { ...raw, reply_frame_max: 10 } });
    expect(outcomeOf(result)).toEqual(mayHaveActed('reply_too_large'));
    expect(result.detail).toContain('11 bytes, at most 10 are taken');
  });

  describe('one way', () => {
    const oneWay = { mode: 'one_way' };

    test('is HANDED_OVER once the bytes are written, and what the target says is not heard', async () => {
      const bodies: string[] = [];
      await using server = await startTcpTarget({ ...raw, ...oneWay }, (call) => {
        bodies.push(call.body.toString());
        call.socket.write('who asked?');
      });
      for (const text of ['1', '2', '3'])
        expect(
          await send(server, { settings: { ...raw, ...oneWay }, message: { data: Buffer.from(text) } }),
        ).toMatchObject({ verdict: 'OK', status: 'HANDED_OVER', reply: { status: 'HANDED_OVER' } });
      await vi.waitFor(() => expect(bodies).toEqual(['1', '2', '3']));
      expect(server.accepted).toBe(1);
    });

    test('has no id, so that nobody thinks of answering', async () => {
      const seen: TcpCall['envelope'][] = [];
      await using server = await startTcpTarget(oneWay, (call) => seen.push(call.envelope));
      await send(server, { settings: oneWay });
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      expect(seen[0]).not.toHaveProperty('id');
    });

    test('to a target that takes nothing ends at the deadline: it may have got a part', async () => {
      await using server = await startWireServer((socket) => socket.pause());
      const message = { data: Buffer.alloc(16_000_000) };
      const result = await send(server, { settings: { ...raw, ...oneWay }, message, withinMs: 300 });
      expect(outcomeOf(result)).toEqual(mayHaveActed('timeout'));
    });

    test('to a port on which nobody listens is connect_refused', async () => {
      const result = await send({ port: await unusedPort() }, { settings: oneWay });
      expect(outcomeOf(result)).toEqual(notReached('connect_refused'));
    });
  });

  describe('a route', () => {
    const routes = [
      { messageType: 'log.*', operation: { mode: 'one_way' }, repeatSafety: undefined },
      { messageType: 'ask', operation: { payload: 'raw' }, repeatSafety: undefined },
      { messageType: 'renamed', operation: { type: 'their.name' }, repeatSafety: undefined },
    ];
    test('chooses mode, payload and the type that the target sees', async () => {
      const bodies: string[] = [];
      await using server = await startTcpTarget(raw, (call) => {
        bodies.push(call.body.toString());
        const { id } = call.body.includes('"id"') ? (JSON.parse(call.body.toString()) as { id: string }) : {};
        call.frame(Buffer.from(id === undefined ? 'raw' : JSON.stringify({ id, payload: 'enveloped' })));
      });
      expect((await send(server, { routes, message: { type: 'log.line' } })).status).toBe('HANDED_OVER');
      expect(textOf(await send(server, { routes, message: { type: 'ask' } }))).toBe('raw');
      expect(textOf(await send(server, { routes, message: { type: 'renamed' } }))).toBe('"enveloped"');
      expect(bodies[1]).toBe('{"ping":1}');
      expect(JSON.parse(bodies[2]!)).toMatchObject({ message_type: 'their.name' });
      // Each manner has connections of its own.
      expect(server.accepted).toBe(3);
    });

    test('that is missing is mapping_failed', async () => {
      const result = await send({ port: 9 }, { routes, message: { type: 'other' } });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(result.detail).toContain('no route of the interface fits the message type other');
    });
  });

  describe('connections', () => {
    test('are as many as the setting says; a call that waits to its deadline is never sent', async () => {
      const held: TcpCall[] = [];
      const settings = { ...raw, connections: 2 };
      await using server = await startTcpTarget(settings, (call) => held.push(call));
      const sent = [send(server, { settings }), send(server, { settings })];
      await vi.waitFor(() => expect(held).toHaveLength(2));
      const late = await send(server, { settings, withinMs: 100 });
      expect(outcomeOf(late)).toEqual(notReached('concurrency_limited'));
      expect(late.detail).toContain('all are in use');
      for (const call of held) call.frame(Buffer.from('1'));
      await Promise.all(sent);
      expect(held).toHaveLength(2);
    });

    test('without a call for 30 s are closed', async () => {
      const clock = createFakeClock(systemClock.now());
      const patient = create({ clock, egress: createEgress({ clock }) });
      await using server = await startTcpTarget({}, (call) => call.frame(call.answer(Buffer.from('1'))));
      const uri = `tcp://127.0.0.1:${server.port}`;
      expect((await sendTo(patient, uri)).verdict).toBe('OK');
      await clock.advance(keepAliveMs - 1);
      expect((await sendTo(patient, uri, { attemptDeadlineMs: clock.now() + 10_000 })).verdict).toBe('OK');
      expect(server.accepted).toBe(1);
      await clock.advance(keepAliveMs);
      await vi.waitFor(() => expect(server.open).toBe(0));
      await patient.close();
    });

    test('are waited for by at most the allowed calls; one more is refused at once', async () => {
      const settings = { ...raw, connections: 1 };
      await using server = await startTcpTarget(settings, () => undefined);
      const held = Array.from({ length: 1 + waitingPerHostMax }, () => send(server, { settings }));
      const refused = await send(server, { settings });
      expect(outcomeOf(refused)).toEqual(notReached('concurrency_limited'));
      expect(refused.detail).toContain('1000 calls already wait');
      await transport.close();
      await Promise.all(held);
    });
  });

  describe('TLS', () => {
    const start = (): Promise<TestServer> =>
      listen(
        createTlsServer({ cert: testCertificate, key: testKey }, (socket) => {
          socket.on('error', () => undefined);
          socket.on('data', () => socket.write('secret\n'));
        }),
      );
    const sendSecret = (port: number, settings: SendInput['settings']): Promise<AttemptResult> =>
      sendTo(transport, `tls://localhost:${port}`, { settings: { ...rawLines, ...settings } });

    test('delivers to a target whose certificate the settings trust', async () => {
      await using server = await start();
      expect(textOf(await sendSecret(server.port, { tls: { ca: testCertificate } }))).toBe('secret');
    });

    test('with a certificate that nobody vouches for is tls_failed', async () => {
      await using server = await start();
      const result = await sendSecret(server.port, {});
      expect(outcomeOf(result)).toEqual(notReached('tls_failed'));
      expect(result.detail).toContain(`tls://localhost:${server.port}: TLS failed: `);
    });

    test('with a secret that is not there is misconfigured', async () => {
      const tls = { cert: testCertificate, key: { secret_ref: 'env:GONE' } };
      const result = await sendSecret(9, { tls });
      expect(outcomeOf(result)).toEqual(notReached('misconfigured'));
      expect(result.detail).toContain('env:GONE');
    });
  });

  describe('a probe', () => {
    const probe = (uri: string, options: { settings?: Record<string, unknown>; kind?: 'HTTP' } = {}) =>
      transport.probe(
        endpointOf('TCP', uri, {
          settings: options.settings ?? {},
          healthCheck: { kind: options.kind ?? 'AUTO' },
        }),
        { deadlineMs: systemClock.now() + 5000, signal: new AbortController().signal },
      );

    test('opens a connection and closes it', async () => {
      await using server = await startWireServer((socket) => socket.on('end', () => socket.end()).resume());
      expect(await probe(`tcp://127.0.0.1:${server.port}`)).toMatchObject({
        alive: true,
        detail: 'TCP connection opened',
      });
      await vi.waitFor(() => expect(server.open).toBe(0));
    });

    test('of tls:// agrees on TLS', async () => {
      await using server = await listen(createTlsServer({ cert: testCertificate, key: testKey }));
      const settings = { tls: { ca: testCertificate } };
      expect(await probe(`tls://localhost:${server.port}`, { settings })).toMatchObject({ alive: true });
      expect(await probe(`tls://localhost:${server.port}`)).toMatchObject({ alive: false });
    });

    test('says what is wrong', async () => {
      const port = await unusedPort();
      expect(await probe(`tcp://127.0.0.1:${port}`)).toMatchObject({
        alive: false,
        detail: `tcp://127.0.0.1:${port}: connection refused: nobody listens there`,
      });
      const settings = { tls: { ca: { secret_ref: 'env:GONE' } } };
      expect((await probe('tls://127.0.0.1:9', { settings })).detail).toContain('env:GONE');
    });

    test('of another kind is left to others', async () => {
      expect(await probe('tcp://127.0.0.1:9', { kind: 'HTTP' })).toMatchObject({ detail: 'by another' });
    });
  });

  describe('a declaration', () => {
    const check = (
      settings: Record<string, unknown>,
      operation?: Record<string, unknown>,
      uri = 'tcp://a:1',
    ) =>
      transport
        .checkEndpoint({
          uri,
          settings,
          routes: operation === undefined ? [] : [{ messageType: '*', operation, repeatSafety: undefined }],
        })
        .map(({ path }) => path);

    test.each([
      [{}, undefined],
      [{ framing: 'line', delimiter: '\0' }, { mode: 'one_way' }],
      [
        { payload: 'raw', length_bytes: 2, length_order: 'little', connections: 100 },
        { payload: 'envelope' },
      ],
      [{ framing: 'line', payload: 'raw', delimiter: '||' }, undefined],
    ])('with %j and the operation %j is good', (settings, operation) => {
      expect(check(settings, operation)).toEqual([]);
    });

    test.each([
      [{ frame: 1 }, undefined, ['settings.frame']],
      [{ length_bytes: 3, connections: 101 }, undefined, ['settings.length_bytes', 'settings.connections']],
      [{ framing: 'line', length_bytes: 2 }, undefined, ['settings.length_bytes']],
      [{ delimiter: '\n' }, undefined, ['settings.delimiter']],
      [{ framing: 'line', delimiter: ';' }, undefined, ['settings.delimiter']],
      [{ payload: 'raw', correlation: 'id' }, undefined, ['settings.correlation']],
      [{ correlation: 'id' }, { payload: 'raw' }, ['routes[0].operation.payload']],
      [{ payload: 'raw' }, { type: 'x' }, ['routes[0].operation.type']],
      [{}, { mode: 'both' }, ['routes[0].operation.mode']],
      [{ tls: {} }, undefined, ['settings.tls']],
      [{ reply_frame_max: 4_000_000 }, undefined, ['settings.reply_frame_max']],
    ])('with %j and the operation %j is refused', (settings, operation, paths) => {
      expect(check(settings, operation)).toEqual(paths);
    });

    test.each(['udp://a:1', 'tcp://a', 'tcp://a:1/path', 'tcp://user@a:1'])('to %s is refused', (uri) => {
      expect(check({}, undefined, uri)).toEqual(['uri']);
    });

    test('with a tls setting is good for tls://', () => {
      expect(check({ tls: { ca: testCertificate } }, undefined, 'tls://a:1')).toEqual([]);
    });
  });
});
