import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import {
  type GrpcCall,
  grpcFrame,
  receiveResponse,
  replyWith,
  startGrpcTarget,
} from '../fixtures/grpc-server.fixture.ts';
import { grpcTargets } from '../fixtures/grpc-targets.fixture.ts';
import { startHttpTarget } from '../fixtures/http-server.fixture.ts';
import {
  atDeadline,
  type FaultOutcomes,
  mayHaveActed,
  notExecuted,
  notReached,
  ok,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, sampleMessage, type SendInput, sendTo, watchEgress } from '../fixtures/send.fixture.ts';
import { testCertificate, testKey } from '../fixtures/tls.fixture.ts';
import { listen, startWireServer } from '../fixtures/wire-server.fixture.ts';
import { waitingPerHostMax } from '../limits.ts';
import { describeTransport, outcomeOf, type TransportSubject } from '../transport.conformance.ts';
import { createGrpcTransport } from './grpc-transport.ts';
import { grpcCodeNames } from './status.ts';

/** gRPC waits for the other side's SETTINGS before it sends, so what goes wrong before them is NOT_REACHED. */
const outcomes: FaultOutcomes = {
  'accepts and says nothing': atDeadline(notReached('connect_timeout')),
  'resets at the first byte': notReached('connect_failed'),
  'ends the connection before it reads': notReached('connect_failed'),
  'reads and never answers': atDeadline(mayHaveActed('timeout')),
  'resets after it read': mayHaveActed('reset'),
  'ends its half after it read': mayHaveActed('reset'),
  'resets in the middle of the answer': mayHaveActed('reset'),
  'ends in the middle of the answer': mayHaveActed('reset'),
  'answers one byte a second': atDeadline(mayHaveActed('timeout')),
  'answers without end': mayHaveActed('garbage'),
  'answers and resets behind it': ok('OK'),
  'answers twice': mayHaveActed('garbage'),
  'announces a longer answer than it sends': mayHaveActed('garbage'),
  'announces a shorter answer than it sends': mayHaveActed('garbage'),
  'announces an answer over the limit': mayHaveActed('reply_too_large'),
  'answers with garbage': mayHaveActed('garbage'),
  'answers with huge headers': mayHaveActed('reset'),
  'is unavailable': mayHaveActed('unavailable', 'UNAVAILABLE'),
  fails: mayHaveActed('target_error', 'INTERNAL'),
  'says that it did nothing, in a header': notExecuted('UNAVAILABLE'),
  'says that it did nothing, in a trailer': notExecuted('INTERNAL'),
  'asks to wait': { ...mayHaveActed('unavailable', 'UNAVAILABLE'), retryAfterMs: 7000 },
  refuses: rejected('FAILED_PRECONDITION'),
};

const create: TransportSubject['create'] = (deps) =>
  createGrpcTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
    secrets: fixedSecrets(),
    identities: fixedIdentities(),
    descriptorSets: { get: () => undefined },
  });

const pong = grpcFrame(replyWith(Buffer.from('{"pong":true}')));
/** An HTTP/2 SETTINGS frame without settings. */
const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

describe('gRPC transport', () => {
  describeTransport({ targets: grpcTargets, outcomes, create, connectionsInRow: 1, connectionsMax: 1 });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const send = ({ port }: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, `grpc://127.0.0.1:${port}`, input);
  const answerTo = async (answer: (call: GrpcCall) => void): Promise<AttemptResult> => {
    await using server = await startGrpcTarget(answer);
    return await send(server);
  };
  const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();

  describe('a status', () => {
    const refusals = new Set([3, 5, 6, 7, 9, 11, 12, 16]);
    const reasons: Record<number, string> = { 4: 'timeout', 14: 'unavailable' };
    test.each(
      grpcCodeNames.slice(1).map((name, index) => {
        const code = index + 1;
        return refusals.has(code)
          ? ([code, name, 'REJECTED', 'rejected'] as const)
          : ([code, name, 'MAY_HAVE_ACTED', reasons[code] ?? 'target_error'] as const);
      }),
    )('%i is %s: %s, %s', async (code, status, verdict, reason) => {
      const result = await answerTo((call) => call.refuse(code, { 'grpc-message': 'because' }));
      expect(outcomeOf(result)).toEqual({ verdict, reason, status });
      expect(result.detail).toContain(`${status}: because`);
      expect(textOf(result)).toBe('because');
    });

    test('in trailers after headers counts as one in the headers does', async () => {
      const result = await answerTo((call) =>
        call.answer(new Uint8Array(), { trailers: { 'grpc-status': '5', 'x-why': 'gone' } }),
      );
      expect(result).toMatchObject({
        verdict: 'REJECTED',
        status: 'NOT_FOUND',
        reply: { headers: { 'x-why': 'gone' } },
      });
    });

    test('counts although the stream is reset behind it', async () => {
      const result = await answerTo(({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '8' });
        setImmediate(() => stream.close(8));
      });
      expect(result).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'target_error' });
    });

    test('has a percent-encoded text', async () => {
      const result = await answerTo((call) =>
        call.refuse(9, { 'grpc-message': 'zu viel: 5%20%E2%82%AC %zz' }),
      );
      expect(textOf(result)).toBe('zu viel: 5 € %zz');
    });

    test('OK with the outcome not-executed is NOT_EXECUTED', async () => {
      const result = await answerTo((call) =>
        call.answer(pong, { trailers: { 'switchyard-outcome': 'not-executed' } }),
      );
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_EXECUTED', reason: 'not_executed', status: 'OK' });
    });

    test.each(['-1', 'soon'])('with the pushback %j asks not to be repeated', async (pushback) => {
      const result = await answerTo((call) => call.refuse(14, { 'grpc-retry-pushback-ms': pushback }));
      expect(result).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'unavailable', mayRetry: false });
      expect(result).not.toHaveProperty('retryAfterMs');
    });

    test('with a pushback asks for a wait', async () => {
      const result = await answerTo((call) => call.refuse(14, { 'grpc-retry-pushback-ms': '1500' }));
      expect(result.retryAfterMs).toBe(1500);
      expect(result).not.toHaveProperty('mayRetry');
    });

    test.each(['17', '99', 'abc', '', '-1', '0x0'])('%j is garbage', async (status) => {
      const result = await answerTo((call) => call.answer(pong, { trailers: { 'grpc-status': status } }));
      expect(result).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'garbage' });
    });

    test('that is missing is garbage', async () => {
      const result = await answerTo(({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.end(pong);
      });
      expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'garbage', status: '' });
      expect(result.detail).toContain('it ended without a status');
    });
  });

  test.each([
    [400, 'INTERNAL', 'MAY_HAVE_ACTED', 'target_error'],
    [401, 'UNAUTHENTICATED', 'REJECTED', 'rejected'],
    [403, 'PERMISSION_DENIED', 'REJECTED', 'rejected'],
    [404, 'UNIMPLEMENTED', 'REJECTED', 'rejected'],
    [429, 'UNAVAILABLE', 'NOT_EXECUTED', 'rate_limited'],
    [500, 'UNKNOWN', 'MAY_HAVE_ACTED', 'target_error'],
    [502, 'UNAVAILABLE', 'MAY_HAVE_ACTED', 'unavailable'],
    [503, 'UNAVAILABLE', 'MAY_HAVE_ACTED', 'unavailable'],
    [504, 'UNAVAILABLE', 'MAY_HAVE_ACTED', 'unavailable'],
  ])('the page of a proxy with HTTP %i is %s: %s, %s', async (status, code, verdict, reason) => {
    const result = await answerTo(({ stream }) => {
      stream.respond({ ':status': status, 'content-type': 'text/html' });
      stream.end('<html>a long page</html>');
    });
    expect(outcomeOf(result)).toEqual({ verdict, reason, status: code });
    expect(result.detail).toContain(`HTTP ${status} instead of a gRPC answer`);
  });

  describe('a message', () => {
    test.each([
      ['is missing', new Uint8Array()],
      ['is no ReceiveResponse', grpcFrame(Buffer.from([0xff, 0xff, 0xff]))],
      ['comes twice', Buffer.concat([pong, pong])],
      ['has unknown flags', grpcFrame(new Uint8Array(), { flags: 7 })],
      ['has half a prefix', Buffer.from([0, 0])],
      ['is compressed without a word about how', grpcFrame(gzipSync('x'), { flags: 1 })],
    ])('that %s is garbage', async (_, body) => {
      const result = await answerTo((call) => call.answer(body));
      expect(result).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'garbage' });
      expect(result.detail).toContain('the answer is not gRPC');
    });

    test('may be compressed with gzip', async () => {
      const body = grpcFrame(gzipSync(replyWith(Buffer.from('7'))), { flags: 1 });
      const result = await answerTo((call) => call.answer(body, { headers: { 'grpc-encoding': 'gzip' } }));
      expect([result.verdict, textOf(result)]).toEqual(['OK', '7']);
    });

    test('that unpacks to more than the limit is reply_too_large', async () => {
      const body = grpcFrame(gzipSync(Buffer.alloc(50_000_000)), { flags: 1 });
      const result = await answerTo((call) => call.answer(body, { headers: { 'grpc-encoding': 'gzip' } }));
      expect(result).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'reply_too_large' });
    });

    test('in one-byte pieces is whole all the same', async () => {
      const result = await answerTo(({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        for (const byte of pong) stream.write(Buffer.from([byte]));
        stream.end();
      });
      expect([result.verdict, textOf(result)]).toEqual(['OK', '{"pong":true}']);
    });

    test('without a reply is an empty reply', async () => {
      const result = await answerTo((call) => call.answer(grpcFrame(receiveResponse({}))));
      expect(result).toMatchObject({ verdict: 'OK', reply: { status: 'OK', contentType: '', headers: {} } });
      expect(textOf(result)).toBe('');
    });

    test('with a JSON value is a reply of its text', async () => {
      const value = { kind: { case: 'stringValue', value: 'x' } } as const;
      const result = await answerTo((call) =>
        call.answer(grpcFrame(receiveResponse({ reply: { payload: { case: 'json', value } } }))),
      );
      expect([result.reply?.contentType, textOf(result)]).toEqual(['application/json', '"x"']);
    });

    test('has headers of its own and of the answer, within the limits', async () => {
      const own = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`h${index}`, 'v']));
      const result = await answerTo((call) =>
        call.answer(grpcFrame(receiveResponse({ reply: { headers: { 'x-own': '1', ...own } } })), {
          headers: { 'x-metadata': '2' },
          trailers: { 'x-trailer': '3' },
        }),
      );
      const { headers = {} } = result.reply ?? {};
      expect(headers).toMatchObject({ 'x-own': '1', 'x-metadata': '2', 'x-trailer': '3' });
      expect(Object.keys(headers)).toHaveLength(64);
      expect(headers).not.toHaveProperty('grpc-status');
    });
  });

  describe('the call', () => {
    test('holds the message, the deadline and the time that is left', async () => {
      await using server = await startGrpcTarget((call) => call.answer(pong));
      const deadlineMs = systemClock.now() + 60_000;
      await send(server, {
        attempt: 3,
        deadlineMs,
        withinMs: 5000,
        message: { headers: { 'X-Tenant': 'blue', 'x-raw-bin': 'AAA' } },
      });
      const [call] = server.seen;
      const { message, attempt, deadline } = call!.receive();
      expect(attempt).toBe(3);
      expect(Number(deadline!.seconds) * 1000 + deadline!.nanos / 1e6).toBe(deadlineMs);
      expect(message).toMatchObject({
        id: 'msg-1',
        source: 'orders',
        target: { target: { case: 'systemId', value: 'ledger' } },
        type: 'data_request',
        correlationId: 'corr-1',
        contentType: 'application/json',
        headers: { 'X-Tenant': 'blue', 'x-raw-bin': 'AAA' },
        sender: 'anonymous',
      });
      expect(message!.payload.case === 'data' && Buffer.from(message!.payload.value).toString()).toBe(
        '{"ping":1}',
      );
      expect(call!.headers).toMatchObject({
        ':path': '/switchyard.messaging.v1.ReceiverService/Receive',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      expect(call!.headers).not.toHaveProperty('x-raw-bin');
      expect(call!.headers['grpc-previous-rpc-attempts']).toBe('2');
      const timeout = /^([0-9]+)m$/.exec(String(call!.headers['grpc-timeout']));
      expect(Number(timeout?.[1])).toBeGreaterThan(4000);
      expect(Number(timeout?.[1])).toBeLessThanOrEqual(5000);
    });

    test('says nothing of attempts before the first, whatever the message claims', async () => {
      await using server = await startGrpcTarget((call) => call.answer(pong));
      await send(server, { attempt: 1, message: { headers: { 'grpc-previous-rpc-attempts': '7' } } });
      expect(server.seen[0]!.headers).not.toHaveProperty('grpc-previous-rpc-attempts');
    });

    test('to a server of HTTP/1.1 is not sent', async () => {
      await using server = await startHttpTarget((response) => response.end());
      const result = await send(server);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'garbage', status: '' });
      expect(server.seen).toHaveLength(0);
    });
  });

  describe('the stream', () => {
    test('that is refused is NOT_REACHED', async () => {
      const result = await answerTo(({ stream }) => stream.close(7));
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'refused_stream', status: '' });
    });

    test('that is refused after the answer began may have acted', async () => {
      const result = await answerTo(({ stream }) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(pong, () => stream.close(7));
      });
      expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'reset', status: '' });
    });

    test.each([
      [1, 'PROTOCOL_ERROR'],
      [2, 'INTERNAL_ERROR'],
      [11, 'ENHANCE_YOUR_CALM'],
    ])('that is reset with code %i may have acted, and the code is named', async (code, name) => {
      const result = await answerTo(({ stream }) => stream.close(code));
      expect(outcomeOf(result)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'reset', status: '' });
      expect(result.detail).toContain(name);
    });

    test.each([0, 2])(
      'above the last of a GOAWAY (code %i) is NOT_REACHED, one below it may have acted',
      async (code) => {
        const calls: GrpcCall[] = [];
        await using server = await startGrpcTarget((call) => {
          calls.push(call);
          if (calls.length < 2) return;
          const [first, second] = calls.map(({ stream }) => stream.id ?? 0).sort((a, b) => a - b);
          expect(second).toBeGreaterThan(first ?? Infinity);
          call.session.goaway(code, first);
          setImmediate(() => setImmediate(() => call.socket.destroy()));
        });
        const ends = await Promise.all([send(server), send(server)]);
        expect(ends.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([
          'MAY_HAVE_ACTED reset',
          'NOT_REACHED goaway',
        ]);
      },
    );

    test('that a GOAWAY lets finish does finish, and the next call connects anew', async () => {
      await using server = await startGrpcTarget((call, number) => {
        if (number === 1) call.session.goaway(0, call.stream.id);
        setImmediate(() => call.answer(pong));
      });
      expect((await send(server)).verdict).toBe('OK');
      expect((await send(server)).verdict).toBe('OK');
      expect(server.accepted).toBe(2);
      await vi.waitFor(() => expect(server.open).toBe(1));
    });

    test('waits while as many run as the target allows; none is refused', async () => {
      let running = 0;
      let most = 0;
      await using server = await startGrpcTarget(
        (call) => {
          running += 1;
          most = Math.max(most, running);
          setImmediate(() => {
            running -= 1;
            call.answer(pong);
          });
        },
        { settings: { maxConcurrentStreams: 2 } },
      );
      const ends = await Promise.all(Array.from({ length: 50 }, () => send(server)));
      expect(ends.map(({ verdict }) => verdict)).toEqual(Array(50).fill('OK'));
      expect(most).toBe(2);
      expect(server.accepted).toBe(1);
    });

    test('that does not become free before the deadline is not opened', async () => {
      await using server = await startGrpcTarget(() => undefined, { settings: { maxConcurrentStreams: 1 } });
      const held = send(server);
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      const late = await send(server, { withinMs: 50 });
      expect(outcomeOf(late)).toEqual({ verdict: 'NOT_REACHED', reason: 'concurrency_limited', status: '' });
      const caller = new AbortController();
      const cancelled = send(server, { signal: caller.signal });
      caller.abort();
      expect(outcomeOf(await cancelled)).toEqual({ verdict: 'NOT_REACHED', reason: 'cancelled', status: '' });
      await transport.close();
      expect((await held).verdict).toBe('MAY_HAVE_ACTED');
      expect(server.seen).toHaveLength(1);
    });

    test('is waited for by at most the allowed calls; one more is refused at once', async () => {
      await using server = await startGrpcTarget(() => undefined, { settings: { maxConcurrentStreams: 1 } });
      const held = [send(server)];
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      for (let call = 0; call < waitingPerHostMax; call += 1) held.push(send(server));
      // The ones before it take their places a few turns later.
      await vi.waitFor(async () => {
        const { detail, reason } = await send(server, { withinMs: 20 });
        expect([reason, detail]).toEqual([
          'concurrency_limited',
          expect.stringContaining('1000 calls already wait'),
        ]);
      });
      await transport.close();
      await Promise.all(held);
    });

    test('is opened when the target allows more', async () => {
      await using server = await startGrpcTarget((call) => call.answer(pong), {
        settings: { maxConcurrentStreams: 0 },
        onSession: (session) => {
          session.once('remoteSettings', () =>
            setImmediate(() => session.settings({ maxConcurrentStreams: 10 })),
          );
        },
      });
      expect((await send(server)).verdict).toBe('OK');
    });
  });

  describe('the session', () => {
    test('that ends before a call can begin is opened a few times, not for ever', async () => {
      await using server = await startWireServer((socket) => {
        // SETTINGS that allow no stream, so that calls wait; then GOAWAY: last stream 0, no error.
        const noStreams = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
        const goaway = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        socket.write(Buffer.concat([noStreams, goaway]));
      });
      const result = await send(server);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'goaway', status: '' });
      expect(server.accepted).toBe(3);
    });

    test('of a peer that falls silent ends a call long before its deadline', async () => {
      const clock = createFakeClock(systemClock.now());
      const patient = create({ clock, egress: createEgress({ clock }) });
      let bytes = 0;
      await using server = await startWireServer((socket) => {
        socket.write(settingsFrame);
        socket.on('data', (piece) => (bytes += piece.length));
      });
      const deadlineMs = clock.now() + 600_000;
      const sent = patient.send(endpointOf('GRPC', `grpc://127.0.0.1:${server.port}`), sampleMessage(), {
        attempt: 1,
        attemptDeadlineMs: deadlineMs,
        deadlineMs,
        signal: new AbortController().signal,
      });
      await vi.waitFor(() => expect(bytes).toBeGreaterThan(200));
      await clock.advance(29_000);
      await clock.advance(11_000);
      expect(outcomeOf(await sent)).toEqual({ verdict: 'MAY_HAVE_ACTED', reason: 'reset', status: '' });
      await patient.close();
    });

    test('of a peer that is only slow is kept, with no more pings than servers allow', async () => {
      const clock = createFakeClock(systemClock.now());
      const egress = watchEgress(clock);
      const patient = create({ clock, egress });
      let pings = 0;
      await using server = await startGrpcTarget(() => undefined, {
        onSession: (session) => session.on('ping', () => (pings += 1)),
      });
      const deadlineMs = clock.now() + 600_000;
      const sent = patient.send(endpointOf('GRPC', `grpc://127.0.0.1:${server.port}`), sampleMessage(), {
        attempt: 1,
        attemptDeadlineMs: deadlineMs,
        deadlineMs,
        signal: new AbortController().signal,
      });
      await vi.waitFor(() => expect(server.seen).toHaveLength(1));
      // SETTINGS and the acknowledgement of ours: all that comes by itself.
      await vi.waitFor(() => expect(egress.sockets[0]!.bytesRead).toBeGreaterThanOrEqual(18));
      await clock.advance(10_000);
      const readBytes = egress.sockets[0]!.bytesRead;
      await clock.advance(20_000);
      await vi.waitFor(() => expect(egress.sockets[0]!.bytesRead).toBeGreaterThan(readBytes));
      // grpc-go ends a connection at the third ping within 5 min.
      for (let minute = 0; minute < 5; minute += 1) await clock.advance(60_000);
      server.seen[0]!.answer(pong);
      expect((await sent).verdict).toBe('OK');
      expect(pings).toBe(1);
      await patient.close();
    });

    test('is closed after it rested for 30 s, even when the peer keeps its half open', async () => {
      const clock = createFakeClock(systemClock.now());
      const egress = watchEgress(clock);
      const resting = create({ clock, egress });
      let bytes = 0;
      await using server = await startWireServer((socket) => {
        socket.write(settingsFrame);
        socket.on('data', (piece) => (bytes += piece.length));
      });
      const caller = new AbortController();
      const deadlineMs = clock.now() + 600_000;
      const sent = resting.send(endpointOf('GRPC', `grpc://127.0.0.1:${server.port}`), sampleMessage(), {
        attempt: 1,
        attemptDeadlineMs: deadlineMs,
        deadlineMs,
        signal: caller.signal,
      });
      await vi.waitFor(() => expect(bytes).toBeGreaterThan(200));
      caller.abort();
      expect((await sent).reason).toBe('cancelled');
      await clock.advance(25_000);
      expect(egress.sockets[0]!.destroyed).toBe(false);
      await clock.advance(30_000);
      expect(egress.sockets[0]!.destroyed).toBe(true);
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(0));
      await resting.close();
    });

    test('that the peer ended while it rested is not used, not even in the turn in which it ends', async () => {
      const clock = createFakeClock(systemClock.now());
      const resting = create({ clock, egress: createEgress({ clock }) });
      await using server = await startGrpcTarget((call) => call.answer(pong));
      const sendOne = (): Promise<AttemptResult> =>
        resting.send(endpointOf('GRPC', `grpc://127.0.0.1:${server.port}`), sampleMessage(), {
          attempt: 1,
          attemptDeadlineMs: clock.now() + 10_000,
          deadlineMs: clock.now() + 10_000,
          signal: new AbortController().signal,
        });
      expect((await sendOne()).verdict).toBe('OK');
      await clock.advance(5000);
      // The reset is on its way, and nobody has read it yet.
      server.seen[0]!.socket.resetAndDestroy();
      expect((await sendOne()).verdict).toBe('OK');
      await resting.close();
    });
  });

  describe('TLS', () => {
    const trusting = (): Transport =>
      create({
        clock: systemClock,
        egress: createEgress({ clock: systemClock, extraCa: [testCertificate] }),
      });
    const start = () => {
      const server = createSecureServer({ cert: testCertificate, key: testKey });
      server.on('stream', (stream) => {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
          { endStream: true },
        );
      });
      return listen(server);
    };

    test('reaches a server that offers HTTP/2', async () => {
      await using server = await start();
      const over = trusting();
      const result = await sendTo(over, `grpcs://localhost:${server.port}`);
      expect(result).toMatchObject({ verdict: 'REJECTED', status: 'NOT_FOUND' });
      await over.close();
    });

    test('with a server that offers HTTP/1.1 alone is tls_failed', async () => {
      await using server = await listen(createHttpsServer({ cert: testCertificate, key: testKey }));
      const over = trusting();
      const result = await sendTo(over, `grpcs://localhost:${server.port}`);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'tls_failed', status: '' });
      await over.close();
    });

    test('with a certificate that nobody vouches for is tls_failed', async () => {
      await using server = await start();
      const result = await sendTo(transport, `grpcs://localhost:${server.port}`);
      expect(outcomeOf(result)).toEqual({ verdict: 'NOT_REACHED', reason: 'tls_failed', status: '' });
    });
  });

  test("checks an interface's URI and settings, every violation at once", () => {
    expect(transport.checkEndpoint({ uri: 'localhost:9000', settings: {}, routes: [] })).toEqual([]);
    const violations = transport.checkEndpoint({
      uri: 'grpc://localhost',
      settings: { extra: 1 },
      routes: [],
    });
    expect(violations.map(({ path }) => path)).toEqual(['uri', 'settings.extra']);
  });
});
