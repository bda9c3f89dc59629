import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { AttemptResult, ProbeResult, Transport } from '../../base/transport.ts';
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
import { endpointOf, type SendInput, sendTo, watchEgress } from '../fixtures/send.fixture.ts';
import { startUdpTarget, type UdpCall, udpTargets } from '../fixtures/udp-targets.fixture.ts';
import { keepAliveMs, udpDatagramBytesDefault, udpDatagramBytesMax, udpSocketsDefault } from '../limits.ts';
import { describeTransport, type TransportSubject } from '../transport.conformance.ts';
import { createUdpTransport } from './udp-transport.ts';

const create: TransportSubject['create'] = (deps) =>
  createUdpTransport({
    ...deps,
    prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: 'by another' }),
  });

const noConnection = notApplicable('UDP has no connection');
const wholeDatagrams = notApplicable('a datagram comes whole or not at all');

const outcomes: FaultOutcomes = {
  'accepts and says nothing': atDeadline(mayHaveActed('timeout')),
  'resets at the first byte': noConnection,
  'ends the connection before it reads': noConnection,
  'reads and never answers': atDeadline(mayHaveActed('timeout')),
  'resets after it read': noConnection,
  'ends its half after it read': noConnection,
  'resets in the middle of the answer': wholeDatagrams,
  'ends in the middle of the answer': wholeDatagrams,
  'answers one byte a second': mayHaveActed('garbage'),
  'answers without end': atDeadline(mayHaveActed('timeout')),
  'answers and resets behind it': ok('OK'),
  'answers twice': ok('OK'),
  'announces a longer answer than it sends': wholeDatagrams,
  'announces a shorter answer than it sends': wholeDatagrams,
  'announces an answer over the limit': notApplicable('a datagram is never larger than the limit'),
  'answers with garbage': mayHaveActed('garbage'),
  'answers with huge headers': ok('OK'),
  'is unavailable': mayHaveActed('target_error', '503'),
  fails: mayHaveActed('target_error'),
  'says that it did nothing, in a header': notExecuted(),
  'says that it did nothing, in a trailer': notApplicable('an answer is one datagram'),
  'asks to wait': { ...mayHaveActed('target_error'), retryAfterMs: 7000 },
  refuses: rejected(),
};

describe('UDP transport', () => {
  describeTransport({
    targets: udpTargets,
    outcomes,
    create,
    connectionsInRow: 1,
    connectionsMax: udpSocketsDefault,
    notApplicable: {
      headers: 'the headers of a message travel within its envelope',
      'large replies': 'a datagram holds at most 65,507 bytes',
      'ended connections': 'UDP has no connection',
    },
  });

  let transport: Transport;
  beforeEach(() => {
    transport = create({ clock: systemClock, egress: createEgress({ clock: systemClock }) });
  });
  afterEach(() => transport.close());

  const send = ({ port }: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, `udp://127.0.0.1:${port}`, input);
  const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();
  const closedPort = async (): Promise<number> => {
    const server = await startUdpTarget(() => undefined);
    await server.close();
    return server.port;
  };

  describe('an envelope', () => {
    test('holds an id and the message; the datagram with its id is the reply', async () => {
      const seen: Record<string, unknown>[] = [];
      await using server = await startUdpTarget(({ body, answer, envelope }) => {
        seen.push(JSON.parse(body.toString()) as Record<string, unknown>);
        answer('{"id":"another","payload":"forged"}');
        answer('{"no":"id"}');
        envelope({ payload: { pong: 1 }, status: 'DONE' });
      });
      const result = await send(server);
      expect(result).toMatchObject({ verdict: 'OK', status: 'DONE' });
      expect(textOf(result)).toBe('{"pong":1}');
      expect(seen[0]).toMatchObject({ id: '1', message_id: 'msg-1', hops: 2, payload: { ping: 1 } });
    });

    test('that is late or doubled is never taken for the answer to the next call', async () => {
      const calls: UdpCall[] = [];
      await using server = await startUdpTarget((call, number) => {
        calls.push(call);
        if (number === 1) return;
        calls[0]!.envelope({ payload: 'late' });
        for (const earlier of calls.slice(1)) earlier.envelope({ payload: calls.indexOf(earlier) });
      });
      expect((await send(server, { withinMs: 100 })).reason).toBe('timeout');
      for (const number of ['1', '2', '3']) expect(textOf(await send(server))).toBe(number);
      // The socket of the request without an answer was given up.
      expect(server.accepted).toBe(2);
    });

    test('that is not UTF-8 is garbage: no byte of a reply is guessed', async () => {
      await using server = await startUdpTarget(({ body, answer }) => {
        const { id } = JSON.parse(body.toString()) as { id: string };
        answer(Buffer.from(`{"id":"${id}","payload":"caf\xe9"}`, 'latin1'));
      });
      expect(outcomeOf(await send(server))).toEqual(mayHaveActed('garbage'));
    });

    test('that never comes while others do is a timeout that says so', async () => {
      await using server = await startUdpTarget(({ answer }) => answer('{"id":"another","payload":1}'));
      const result = await send(server, { withinMs: 200 });
      expect(outcomeOf(result)).toEqual(mayHaveActed('timeout'));
      expect(result.detail).toContain('1 datagrams came that answer something else');
    });

    test('from another address is not heard', async () => {
      const stranger = createSocket('udp4');
      await using server = await startUdpTarget(({ body, from, envelope }) => {
        const { id } = JSON.parse(body.toString()) as { id: string };
        stranger.send(JSON.stringify({ id, payload: 'forged' }), from.port, from.address, () =>
          envelope({ payload: 'real' }),
        );
      });
      expect(textOf(await send(server))).toBe('"real"');
      stranger.close();
    });
  });

  describe('a raw request', () => {
    const settings = { payload: 'raw', id_bytes: 2 };
    test('begins with its id, and so does its answer', async () => {
      const seen: Buffer[] = [];
      await using server = await startUdpTarget(({ body, answer }) => {
        seen.push(body);
        answer(Buffer.from([9, 9, 1, 2]));
        answer(Buffer.from([9]));
        answer(Buffer.concat([body.subarray(0, 2), Buffer.from('pong')]));
      });
      const message = { data: Buffer.from('ping') };
      const result = await send(server, { settings, message });
      expect(textOf(result)).toBe('pong');
      expect(result.reply?.contentType).toBe('application/octet-stream');
      expect((await send(server, { settings, message })).verdict).toBe('OK');
      expect(seen).toEqual([Buffer.from('\0\x01ping'), Buffer.from('\0\x02ping')]);
    });
  });

  describe('one way', () => {
    const oneWay = { mode: 'one_way' };

    test('is HANDED_OVER when the kernel took it, raw without anything around it', async () => {
      const seen: string[] = [];
      await using server = await startUdpTarget(({ body }) => seen.push(body.toString()));
      for (const text of ['a', 'b', 'c'])
        expect(
          await send(server, {
            settings: { ...oneWay, payload: 'raw' },
            message: { data: Buffer.from(text) },
          }),
        ).toMatchObject({ verdict: 'OK', status: 'HANDED_OVER', reply: { data: new Uint8Array() } });
      await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'c']));
      expect(server.accepted).toBe(1);
    });

    test('has no id', async () => {
      const seen: string[] = [];
      await using server = await startUdpTarget(({ body }) => seen.push(body.toString()));
      await send(server, { settings: oneWay });
      await vi.waitFor(() => expect(seen).toHaveLength(1));
      expect(JSON.parse(seen[0]!)).not.toHaveProperty('id');
    });

    test('goes on after a target that was not there', async () => {
      const port = await closedPort();
      const verdicts = [];
      for (let call = 0; call < 5; call += 1)
        verdicts.push((await send({ port }, { settings: oneWay })).verdict);
      expect(new Set(verdicts)).toEqual(new Set(['OK']));
    });

    test('reaches a broadcast address when the settings allow it', async () => {
      const seen: string[] = [];
      await using server = await startUdpTarget(({ body }) => seen.push(body.toString()), {
        host: '0.0.0.0',
      });
      const uri = `udp://127.255.255.255:${server.port}`;
      const settings = { ...oneWay, payload: 'raw' };
      const refused = await sendTo(transport, uri, { settings });
      expect(outcomeOf(refused)).toEqual(notReached('connect_failed'));
      expect(refused.detail).toContain('EACCES');
      expect(await sendTo(transport, uri, { settings: { ...settings, broadcast: true } })).toMatchObject({
        verdict: 'OK',
      });
      await vi.waitFor(() => expect(seen).toEqual(['{"ping":1}']));
    });
  });

  test('a refusal of one port counts for its own request alone', async () => {
    const port = await closedPort();
    const results = await Promise.all(Array.from({ length: 20 }, () => send({ port })));
    expect(results.map(outcomeOf)).toEqual(Array(20).fill(notReached('connect_refused')));
    expect(results[0]!.detail).toBe(`udp://127.0.0.1:${port}: port unreachable: nobody listens there`);
  });

  test('a target that goes away while a request is with it may have acted', async () => {
    const calls: UdpCall[] = [];
    const server = await startUdpTarget((call) => calls.push(call));
    const sent = send(server, { withinMs: 500 });
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    await server.close();
    expect((await send(server)).reason).toBe('connect_refused');
    expect(outcomeOf(await sent)).toEqual(mayHaveActed('timeout'));
  });

  describe('a datagram', () => {
    const settings = { payload: 'raw', mode: 'one_way' };
    test('over the bound is mapping_failed, and names both', async () => {
      const message = { data: Buffer.alloc(udpDatagramBytesDefault + 1) };
      const result = await send({ port: 9 }, { settings, message });
      expect(outcomeOf(result)).toEqual(notReached('mapping_failed'));
      expect(result.detail).toContain('1201 bytes, at most 1200 are sent (setting datagram_max)');
    });

    test('of the largest size arrives where the way allows it', async () => {
      let bytes = 0;
      await using server = await startUdpTarget(({ body }) => (bytes = body.length));
      const message = { data: Buffer.alloc(udpDatagramBytesMax) };
      const large = { ...settings, datagram_max: udpDatagramBytesMax };
      expect((await send(server, { settings: large, message })).verdict).toBe('OK');
      await vi.waitFor(() => expect(bytes).toBe(udpDatagramBytesMax));
    });

    test('goes to IPv6 too', async () => {
      await using server = await startUdpTarget(({ envelope }) => envelope({ payload: 6 }), { host: '::1' });
      expect(textOf(await sendTo(transport, `udp://[::1]:${server.port}`))).toBe('6');
    });
  });

  test('sockets are as many as the setting says; a call that waits to its deadline is never sent', async () => {
    const held: UdpCall[] = [];
    await using server = await startUdpTarget((call) => held.push(call));
    const settings = { sockets: 2 };
    const sent = [send(server, { settings }), send(server, { settings })];
    await vi.waitFor(() => expect(held).toHaveLength(2));
    expect(outcomeOf(await send(server, { settings, withinMs: 100 }))).toEqual(
      notReached('concurrency_limited'),
    );
    for (const call of held) call.envelope({ payload: 1 });
    await Promise.all(sent);
    expect(held).toHaveLength(2);
  });

  test('a socket without a call for 30 s is closed', async () => {
    const clock = createFakeClock(systemClock.now());
    const egress = watchEgress(clock);
    const patient = create({ clock, egress });
    await using server = await startUdpTarget(({ envelope }) => envelope({ payload: 1 }));
    expect((await sendTo(patient, `udp://127.0.0.1:${server.port}`)).verdict).toBe('OK');
    await clock.advance(keepAliveMs - 1);
    expect(egress.open).toBe(1);
    await clock.advance(1);
    await vi.waitFor(() => expect(egress.open).toBe(0));
    await patient.close();
  });

  test('a route chooses mode, payload and the type that the target sees', async () => {
    const routes = [
      { messageType: 'log', operation: { mode: 'one_way', payload: 'raw' }, repeatSafety: undefined },
      { messageType: 'ask', operation: { type: 'their.name' }, repeatSafety: undefined },
    ];
    const seen: string[] = [];
    await using server = await startUdpTarget(({ body, envelope }) => {
      seen.push(body.toString());
      if (seen.length === 2) envelope({ payload: 1 });
    });
    expect((await send(server, { routes, message: { type: 'log' } })).status).toBe('HANDED_OVER');
    await vi.waitFor(() => expect(seen).toEqual(['{"ping":1}']));
    expect((await send(server, { routes, message: { type: 'ask' } })).verdict).toBe('OK');
    expect(JSON.parse(seen[1]!)).toMatchObject({ message_type: 'their.name' });
    expect((await send(server, { routes, message: { type: 'other' } })).reason).toBe('mapping_failed');
  });

  describe('a probe', () => {
    const probe = (
      port: number,
      {
        settings = {},
        kind = 'AUTO',
        withinMs = 5000,
      }: { settings?: object; kind?: 'AUTO' | 'HTTP'; withinMs?: number } = {},
    ): Promise<ProbeResult> =>
      transport.probe(
        endpointOf('UDP', `udp://127.0.0.1:${port}`, { settings: { ...settings }, healthCheck: { kind } }),
        { deadlineMs: systemClock.now() + withinMs, signal: new AbortController().signal },
      );

    test.each([{ text: 'ping?' }, { base64: Buffer.from('ping?').toString('base64') }])(
      'with %j takes any answer for life',
      async (datagram) => {
        await using server = await startUdpTarget(({ body, answer }) => {
          if (body.toString() === 'ping?') answer('!');
        });
        expect(await probe(server.port, { settings: { probe: datagram } })).toMatchObject({
          alive: true,
          detail: 'answered the probe with 1 bytes',
        });
      },
    );

    test('takes an unreachable port and silence for the opposite', async () => {
      const settings = { probe: { text: 'ping?' } };
      const port = await closedPort();
      expect(await probe(port, { settings })).toMatchObject({
        alive: false,
        detail: `udp://127.0.0.1:${port}: port unreachable: nobody listens there`,
      });
      await using server = await startUdpTarget(() => undefined);
      const silent = await probe(server.port, { settings, withinMs: 100 });
      expect(silent).toMatchObject({ alive: false });
      expect(silent.detail).toContain('no answer to the probe in time');
    });

    test('without a datagram sends nothing and says that it knows nothing', async () => {
      await using server = await startUdpTarget(() => undefined);
      const result = await probe(server.port);
      expect(result.alive).toBe(true);
      expect(result.detail).toContain('not asked');
      expect(server.asked).toBe(0);
    });

    test('of another kind is left to others', async () => {
      expect(await probe(9, { kind: 'HTTP' })).toMatchObject({ detail: 'by another' });
    });
  });

  describe('a declaration', () => {
    const check = (
      settings: Record<string, unknown>,
      operation?: Record<string, unknown>,
      uri = 'udp://a:1',
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
      [{ mode: 'one_way', broadcast: true }, undefined],
      [{ payload: 'raw', id_bytes: 8 }, undefined],
      [{ payload: 'raw' }, { mode: 'one_way' }],
      [{ probe: { text: 'x' }, datagram_max: 65507, sockets: 1000 }, undefined],
    ])('with %j and the operation %j is good', (settings, operation) => {
      expect(check(settings, operation)).toEqual([]);
    });

    test.each([
      [{ frame: 1 }, undefined, ['settings.frame']],
      [{ datagram_max: 65_508, id_bytes: 1 }, undefined, ['settings.id_bytes', 'settings.datagram_max']],
      [{ broadcast: true }, undefined, ['settings.broadcast']],
      [{ broadcast: true, mode: 'one_way' }, { mode: 'request' }, ['routes[0].operation.mode']],
      [{ payload: 'raw' }, undefined, ['settings.id_bytes']],
      [{ id_bytes: 4 }, undefined, ['settings.id_bytes']],
      [{ mode: 'one_way' }, { payload: 'raw', type: 'x' }, ['routes[0].operation.type']],
      [{ probe: 'ping' }, undefined, ['settings.probe']],
    ])('with %j and the operation %j is refused', (settings, operation, paths) => {
      expect(check(settings, operation)).toEqual(paths);
    });

    test.each(['tcp://a:1', 'udp://a', 'udp://a:1/path'])('to %s is refused', (uri) => {
      expect(check({}, undefined, uri)).toEqual(['uri']);
    });
  });
});
