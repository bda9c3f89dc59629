import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../base/clock.ts';
import type { AttemptReason, Transport, Verdict } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { grpcFrame, replyWith } from '../fixtures/grpc-server.fixture.ts';
import { errorCode, type Http2Peer, settingId, startHttp2Peer } from '../fixtures/http2-peer.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { sendTo } from '../fixtures/send.fixture.ts';
import type { TestServer } from '../fixtures/wire-server.fixture.ts';
import { createGrpcTransport } from './grpc-transport.ts';

const pong = replyWith(Buffer.from('{"pong":true}'));
const { noError, internalError, refusedStream, cancel, enhanceYourCalm } = errorCode;

/** What a peer does with a request, and what the attempt comes to. */
type Row = [what: string, act: (peer: Http2Peer, streamId: number) => void, Verdict, AttemptReason];

const bodies: readonly Row[] = [
  ['answers well', (peer, id) => peer.answer(id, pong), 'OK', 'ok'],
  ['packs its answer', (peer, id) => packed(peer, id, 'gzip', gzipSync(pong)), 'OK', 'ok'],
  [
    'packs 50 MB into its answer',
    (peer, id) => packed(peer, id, 'gzip', gzipSync(Buffer.alloc(50e6))),
    'MAY_HAVE_ACTED',
    'reply_too_large',
  ],
  ['packs in an unknown way', (peer, id) => packed(peer, id, 'snappy', pong), 'MAY_HAVE_ACTED', 'garbage'],
  [
    'ends without trailers',
    (peer, id) => begun(peer, id).data(id, grpcFrame(pong), true),
    'MAY_HAVE_ACTED',
    'garbage',
  ],
  [
    'says OK and nothing else',
    (peer, id) => peer.refuse(id, { 'grpc-status': '0' }),
    'MAY_HAVE_ACTED',
    'garbage',
  ],
  ['names no code', (peer, id) => peer.refuse(id, { 'grpc-status': 'fine' }), 'MAY_HAVE_ACTED', 'garbage'],
  [
    'answers no message of ours',
    (peer, id) => peer.answer(id, Buffer.alloc(9, 0xff)),
    'MAY_HAVE_ACTED',
    'garbage',
  ],
  [
    'answers twice',
    (peer, id) => begun(peer, id).data(id, Buffer.concat([grpcFrame(pong), grpcFrame(pong)])),
    'MAY_HAVE_ACTED',
    'garbage',
  ],
];

const endings: readonly Row[] = [
  ['refuses the stream', (peer, id) => peer.reset(id, refusedStream), 'NOT_REACHED', 'refused_stream'],
  [
    'refuses a stream that it answered',
    (peer, id) => begun(peer, id).reset(id, refusedStream),
    'MAY_HAVE_ACTED',
    'reset',
  ],
  ['resets with an error', (peer, id) => peer.reset(id, internalError), 'MAY_HAVE_ACTED', 'reset'],
  ['resets without an error or an answer', (peer, id) => peer.reset(id, noError), 'MAY_HAVE_ACTED', 'reset'],
  ['cancels', (peer, id) => peer.reset(id, cancel), 'MAY_HAVE_ACTED', 'reset'],
  ['goes away before the call', (peer) => peer.goaway(0, noError), 'NOT_REACHED', 'goaway'],
  [
    'goes away before the call, with an error',
    (peer) => peer.goaway(0, enhanceYourCalm),
    'NOT_REACHED',
    'goaway',
  ],
  ['goes away after the call, without an answer', (peer, id) => leave(peer, id), 'MAY_HAVE_ACTED', 'reset'],
  [
    'goes away after the call, with an error',
    (peer, id) => peer.goaway(id, internalError),
    'MAY_HAVE_ACTED',
    'reset',
  ],
  [
    'goes away and still answers',
    (peer, id) => {
      peer.goaway(id, noError);
      peer.answer(id, pong);
    },
    'OK',
    'ok',
  ],
  [
    'answers and resets the rest of the request',
    (peer, id) => {
      peer.answer(id, pong);
      peer.reset(id, noError);
    },
    'OK',
    'ok',
  ],
];

describe('gRPC on the wire: a peer that', () => {
  let transport: Transport;
  let peer: TestServer | undefined;
  beforeEach(() => {
    transport = createGrpcTransport({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets(),
      identities: fixedIdentities(),
      descriptorSets: { get: () => undefined },
    });
  });
  afterEach(async () => {
    await transport.close();
    await expect.poll(() => peer?.open).toBe(0);
    await peer?.close();
  });
  const uri = (): string => `grpc://127.0.0.1:${peer?.port ?? 0}`;

  test.each([...bodies, ...endings])('%s', async (_, act, verdict, reason) => {
    let requests = 0;
    peer = await startHttp2Peer({
      onRequest(of, { streamId }) {
        requests += 1;
        act(of, streamId);
      },
    });
    expect(await sendTo(transport, uri())).toMatchObject({ verdict, reason });
    expect(requests).toBe(1);
  });

  test('refuses before it took the whole request is heard at once', async () => {
    peer = await startHttp2Peer({
      // No window beyond the first 64 KiB: the request never gets through.
      onConnect: (of) => of.settings(),
      onData: (of, { streamId }) => of.refuse(streamId, { 'grpc-status': '9', 'grpc-message': 'too%20much' }),
    });
    const result = await sendTo(transport, uri(), { message: { data: Buffer.alloc(1_000_000) } });
    expect(result).toMatchObject({ verdict: 'REJECTED', reason: 'rejected', status: 'FAILED_PRECONDITION' });
    expect(result.detail).toContain('too much');
  });

  test('was silent for a whole call gets the next one on a new connection', async () => {
    peer = await startHttp2Peer({
      onRequest(of, { streamId, connection }) {
        if (connection > 1) of.answer(streamId, pong);
      },
    });
    // The first call may still hear the acknowledgement of the settings; the second hears nothing at all.
    const verdicts: Verdict[] = [];
    for (const withinMs of [200, 200, 5000])
      verdicts.push((await sendTo(transport, uri(), { withinMs })).verdict);
    expect(verdicts[0]).toBe('MAY_HAVE_ACTED');
    expect(verdicts[2]).toBe('OK');
    expect(peer.accepted).toBeLessThanOrEqual(3);
  });

  test('allows five streams never sees more, and all calls get through', async () => {
    let inFlight = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    peer = await startHttp2Peer({
      onConnect: (of) => of.greet({ [settingId.maxConcurrentStreams]: 5 }),
      onRequest(of, { streamId }) {
        inFlight += 1;
        most = Math.max(most, inFlight);
        waiting.push(() => {
          inFlight -= 1;
          of.answer(streamId, pong);
        });
        if (waiting.length >= 5) for (const answer of waiting.splice(0)) answer();
      },
    });
    const results = await Promise.all(Array.from({ length: 50 }, () => sendTo(transport, uri())));
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['OK']));
    expect(most).toBe(5);
    expect(peer.accepted).toBe(1);
  });

  test('allows no stream at all is never sent a call', async () => {
    let requests = 0;
    peer = await startHttp2Peer({
      onConnect: (of) => of.greet({ [settingId.maxConcurrentStreams]: 0 }),
      onRequest: () => (requests += 1),
    });
    const result = await sendTo(transport, uri(), { withinMs: 150 });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'concurrency_limited' });
    expect(requests).toBe(0);
  });
});

/** The beginning of an answer. */
function begun(peer: Http2Peer, streamId: number): Http2Peer {
  peer.begin(streamId);
  return peer;
}

/** An answer whose message is packed, in frames of at most 16 KiB. */
function packed(peer: Http2Peer, streamId: number, encoding: string, message: Uint8Array): void {
  peer.begin(streamId, { 'grpc-encoding': encoding });
  const body = grpcFrame(message, { flags: 1 });
  for (let at = 0; at < body.length; at += 16_384) peer.data(streamId, body.subarray(at, at + 16_384));
  peer.headers(streamId, { 'grpc-status': '0' }, true);
}

function leave(peer: Http2Peer, streamId: number): void {
  peer.goaway(streamId, noError);
  peer.socket.end();
}
