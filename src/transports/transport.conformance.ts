import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AttemptResult, Transport } from '../base/transport.ts';
import type { Clock } from '../base/clock.ts';
import type { Egress } from './egress.ts';
import { type Fault, faults, type ProtocolTargets, type TargetCall } from './fixtures/fault.fixture.ts';
import { type FaultOutcomes, mayHaveActed, notReached, outcomeOf } from './fixtures/outcome.fixture.ts';
import {
  sampleMessage,
  endpointOf,
  type SendInput,
  sendTo,
  silentEgress,
  type WatchedClock,
  type WatchedEgress,
  watchClock,
  watchEgress,
} from './fixtures/send.fixture.ts';
import { type TestServer, unusedPort } from './fixtures/wire-server.fixture.ts';
import { replyBytesMax } from './limits.ts';

export { outcomeOf } from './fixtures/outcome.fixture.ts';

/** Parts of the suite that a protocol may be unable to meet. */
export type Rule =
  /** The message's headers travel as headers of the protocol. */
  | 'headers'
  /** Replies of up to 3 MiB arrive. */
  | 'large replies'
  /** A target can end a connection. */
  | 'ended connections';

/** A transport of one protocol, and what it owes to the suite. */
export interface TransportSubject {
  readonly targets: ProtocolTargets;
  /** What each fault must come to. */
  readonly outcomes: FaultOutcomes;
  create(deps: { readonly clock: Clock; readonly egress: Egress }): Transport;
  /** Settings of the interface that is sent to; default none. */
  readonly settings?: Record<string, unknown>;
  /** Connections that calls one after another may take. */
  readonly connectionsInRow: number;
  /** Connections that 200 calls at once may take. */
  readonly connectionsMax: number;
  /** Calls that reach the target together, at most 20; default 20. */
  readonly callsAtOnce?: number;
  /** Rules that do not apply, each with its reason; they have no tests there. */
  readonly notApplicable?: Readonly<Partial<Record<Rule, string>>>;
}

/**
 * What every transport does, whatever its protocol. After each test the transport is closed, and no socket and no
 * timer may be left.
 */
export function describeTransport({
  targets,
  outcomes,
  create,
  settings = {},
  connectionsInRow,
  connectionsMax,
  callsAtOnce = 20,
  notApplicable: exempt = {},
}: TransportSubject): void {
  const { protocol, uri } = targets;
  /** A test of a rule; none where the rule does not apply, because a skipped test is one that should run. */
  const rule = (name: Rule, title: string, run: () => Promise<void>): void => {
    if (exempt[name] === undefined) test(title, run);
  };
  const startFaulty = async (fault: Fault): Promise<TestServer> => {
    const start = targets.faulty[fault];
    if (start === undefined) throw new Error(`${protocol} has no target that ${fault}`);
    return await start();
  };
  let clock: WatchedClock;
  let egress: WatchedEgress;
  let transport: Transport;

  beforeEach(() => {
    clock = watchClock();
    egress = watchEgress(clock);
    transport = create({ clock, egress });
  });
  afterEach(async () => {
    await transport.close();
    await vi.waitFor(() => expect(egress.open).toBe(0));
    // A session's ticker ends with its socket, a turn later.
    await vi.waitFor(() => expect(clock.runningTimers).toBe(0));
  });

  const send = (server: { readonly port: number }, input?: SendInput): Promise<AttemptResult> =>
    sendTo(transport, uri(server.port), { settings, ...input });

  describe('a target that', () => {
    for (const fault of faults) {
      const expected = outcomes[fault];
      if ('notApplicable' in expected) continue;
      const { withinMs = 10_000, ...outcome } = expected;

      test(`${fault} has one defined outcome`, async () => {
        await using server = await startFaulty(fault);
        const result = await send(server, { withinMs });
        expect({ ...outcomeOf(result), text: result.detail }).toEqual({
          ...outcome,
          text: expect.stringMatching(new RegExp(`^${uri(server.port)}: .{2,}`)) as string,
        });
      });

      test(`${fault} is asked once`, async () => {
        await using server = await startFaulty(fault);
        await send(server, { withinMs });
        expect(server.asked ?? server.accepted).toBe(1);
      });
    }
  });

  describe('before a byte is sent', () => {
    test('a port on which nobody listens is connect_refused', async () => {
      const port = await unusedPort();
      const result = await send({ port });
      expect(outcomeOf(result)).toEqual(notReached('connect_refused'));
      expect(result.detail).toMatch(new RegExp(`^${uri(port)}: .*nobody listens there`));
    });

    test('a name that does not resolve is name_not_resolved', async () => {
      const target = uri(80).replace('127.0.0.1', 'nobody.invalid');
      const result = await sendTo(transport, target, { settings });
      expect(outcomeOf(result)).toEqual(notReached('name_not_resolved'));
      expect(result.detail).toContain('nobody.invalid:80: the name does not resolve');
    });

    test('a connection that does not come about in time is connect_timeout', async () => {
      const silent = create({ clock, egress: silentEgress });
      const result = await sendTo(silent, uri(9), { settings, withinMs: 50 });
      expect(outcomeOf(result)).toEqual(notReached('connect_timeout'));
      await silent.close();
    });

    test('a URI that is not usable is connect_failed', async () => {
      const result = await sendTo(transport, 'mailto:someone', { settings });
      expect(outcomeOf(result)).toEqual(notReached('connect_failed'));
      expect(result.detail).toContain('the URI is not usable');
    });

    test('a call that is cancelled before it begins is not sent', async () => {
      await using server = await targets.start((call) => call.reply(Buffer.from('1')));
      const result = await send(server, { signal: AbortSignal.abort() });
      expect(outcomeOf(result)).toEqual(notReached('cancelled'));
      expect(server.accepted).toBe(0);
    });

    test('a call that is cancelled while connecting ends at once', async () => {
      const silent = create({ clock, egress: silentEgress });
      const caller = new AbortController();
      const sent = sendTo(silent, uri(9), { settings, signal: caller.signal });
      caller.abort();
      expect(outcomeOf(await sent)).toEqual(notReached('cancelled'));
      await silent.close();
    });

    test('a call whose deadline has passed is not sent on an open connection', async () => {
      let calls = 0;
      await using server = await targets.start((call) => {
        calls += 1;
        call.reply(Buffer.from('1'));
      });
      await send(server);
      expect(await send(server, { withinMs: -1 })).toMatchObject({ verdict: 'NOT_REACHED' });
      await send(server);
      expect(calls).toBe(2);
    });

    test('after close nothing is sent', async () => {
      await using server = await targets.start((call) => call.reply(Buffer.from('1')));
      await transport.close();
      const result = await send(server);
      expect(outcomeOf(result)).toEqual(notReached('connect_failed'));
      expect(result.detail).toContain('shutting down');
      expect(server.accepted).toBe(0);
    });
  });

  test('a call that is cancelled after the target read it may have acted', async () => {
    const caller = new AbortController();
    await using server = await targets.start(() => caller.abort());
    const result = await send(server, { signal: caller.signal });
    expect(outcomeOf(result)).toEqual(mayHaveActed('cancelled'));
  });

  rule('large replies', 'a reply at the limit is taken whole', async () => {
    const data = Buffer.alloc(replyBytesMax, 'x');
    await using server = await targets.start((call) => call.reply(data));
    const { verdict, reply } = await send(server);
    expect(verdict).toBe('OK');
    expect(data.equals(reply?.data ?? new Uint8Array())).toBe(true);
  });

  rule('large replies', 'a reply one byte over the limit is reply_too_large', async () => {
    await using server = await targets.start((call) => call.reply(Buffer.alloc(replyBytesMax + 1, 'x')));
    const result = await send(server);
    expect(result).toMatchObject({ verdict: 'MAY_HAVE_ACTED', reason: 'reply_too_large' });
    expect(result.detail).toContain(`${replyBytesMax}`);
  });

  rule(
    'headers',
    "a message's headers go out, without those of the connection and those of the hub",
    async () => {
      const seen: TargetCall['headers'][] = [];
      await using server = await targets.start((call) => {
        seen.push(call.headers);
        call.reply(Buffer.from('1'));
      });
      const reserved = {
        Connection: 'close, x-tenant',
        'Transfer-Encoding': 'chunked',
        TE: 'gzip',
        Upgrade: 'websocket',
        Host: 'elsewhere',
        'Content-Length': '3',
        'Idempotency-Key': 'forged',
        'X-Message-ID': 'forged',
        'X-Switchyard-Hops': '0',
        'grpc-timeout': '1n',
        'not a name': 'x',
        'x-line': 'a\r\nx-injected: 1',
      };
      expect(
        (await send(server, { message: { headers: { 'X-Tenant': 'blue', ...reserved } } })).verdict,
      ).toBe('OK');
      const [headers = {}] = seen;
      expect(headers).toMatchObject({
        'x-tenant': 'blue',
        'x-message-id': 'msg-1',
        'idempotency-key': 'msg-1',
        'x-switchyard-hops': '2',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      });
      expect(Object.values(headers)).not.toContain('forged');
      for (const name of ['x-line', 'x-injected', 'upgrade', 'transfer-encoding'])
        expect(headers).not.toHaveProperty(name);
      expect(headers['grpc-timeout']).not.toBe('1n');
    },
  );

  rule('headers', 'an id that cannot be a header goes out percent-encoded', async () => {
    const seen: TargetCall['headers'][] = [];
    await using server = await targets.start((call) => {
      seen.push(call.headers);
      call.reply(Buffer.from('1'));
    });
    expect((await send(server, { message: { id: 'a b\r\nc' } })).verdict).toBe('OK');
    expect(seen[0]?.['x-message-id']).toBe('a%20b%0D%0Ac');
  });

  test('calls one after another share a connection', async () => {
    await using server = await targets.start((call) => call.reply(Buffer.from('1')));
    for (let call = 0; call < 5; call += 1) expect((await send(server)).verdict).toBe('OK');
    expect(server.accepted).toBeLessThanOrEqual(connectionsInRow);
  });

  test(`200 calls at once take at most ${connectionsMax} connections, and 200 more no further ones`, async () => {
    await using server = await targets.start((call) => call.reply(Buffer.from('1')));
    const round = async (): Promise<void> => {
      const results = await Promise.all(Array.from({ length: 200 }, () => send(server)));
      expect(results.filter(({ verdict }) => verdict !== 'OK')).toEqual([]);
    };
    await round();
    expect(server.accepted).toBeLessThanOrEqual(connectionsMax);
    await round();
    expect(server.accepted).toBeLessThanOrEqual(connectionsMax);
  });

  rule(
    'ended connections',
    'a connection that the target ended between two calls is not used again',
    async () => {
      await using server = await targets.start((call, number) => {
        if (number === 1) call.replyAndClose(Buffer.from('1'));
        else call.reply(Buffer.from('2'));
      });
      expect((await send(server)).verdict).toBe('OK');
      await vi.waitFor(() => expect(server.open).toBe(0));
      expect((await send(server)).verdict).toBe('OK');
      expect(server.accepted).toBe(2);
    },
  );

  test('a target that comes back is reached again at once', async () => {
    const server = await targets.start((call) => call.reply(Buffer.from('1')));
    expect((await send(server)).verdict).toBe('OK');
    await server.close();
    expect(['connect_refused', 'reset']).toContain((await send(server)).reason);
    expect((await send(server)).reason).toBe('connect_refused');
    await using next = await targets.start((call) => call.reply(Buffer.from('1')));
    expect((await send(next)).verdict).toBe('OK');
  });

  describe('forget', () => {
    test('loses none of the calls in flight, and closes their connections behind them', async () => {
      const waiting: TargetCall[] = [];
      await using server = await targets.start((call) => waiting.push(call));
      const sent = Array.from({ length: callsAtOnce }, () => send(server));
      await vi.waitFor(() => expect(waiting).toHaveLength(callsAtOnce));
      transport.forget(uri(server.port));
      for (const call of waiting) call.reply(Buffer.from('1'));
      const verdicts = (await Promise.all(sent)).map(({ verdict }) => verdict);
      expect(verdicts).toEqual(Array(callsAtOnce).fill('OK'));
      await vi.waitFor(() => expect(server.open).toBe(0));
    });

    test('loses none of the calls that wait for a connection', async () => {
      await using server = await targets.start((call) => call.reply(Buffer.from('1')));
      const sent = Array.from({ length: 20 }, () => send(server));
      transport.forget(uri(server.port));
      expect((await Promise.all(sent)).map(({ detail, verdict }) => verdict + detail)).toEqual(
        Array(20).fill(expect.stringMatching(/^OK/)),
      );
      await vi.waitFor(() => expect(server.open).toBe(0));
    });

    test('lets later calls connect anew', async () => {
      await using server = await targets.start((call) => call.reply(Buffer.from('1')));
      await send(server);
      transport.forget(uri(server.port));
      expect((await send(server)).verdict).toBe('OK');
      expect(server.accepted).toBe(2);
    });

    test('of an unknown or unusable URI does nothing', () => {
      transport.forget(uri(1));
      transport.forget('not a uri');
    });
  });

  test('close ends calls in flight and leaves no socket open', async () => {
    let calls = 0;
    await using server = await targets.start(() => {
      calls += 1;
    });
    const sent = Array.from({ length: 5 }, () => send(server));
    await vi.waitFor(() => expect(calls).toBe(5));
    await transport.close();
    expect((await Promise.all(sent)).map(({ verdict }) => verdict)).toEqual(Array(5).fill('MAY_HAVE_ACTED'));
    expect(egress.open).toBe(0);
    await vi.waitFor(() => expect(server.open).toBe(0));
  });

  test('close ends calls that are connecting', async () => {
    const silent = create({ clock, egress: silentEgress });
    const sent = sendTo(silent, uri(9), { settings });
    await silent.close();
    expect(outcomeOf(await sent)).toEqual(notReached('connect_failed'));
  });

  test('close gives up connections that are being opened', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const stuck = create({
      clock,
      egress: {
        connect(target, options) {
          signals.push(options.signal);
          return silentEgress.connect(target, options);
        },
        datagram(target, options) {
          signals.push(options.signal);
          return silentEgress.datagram(target, options);
        },
      },
    });
    const sent = sendTo(stuck, uri(9), { settings });
    await stuck.close();
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
    expect((await sent).verdict).toBe('NOT_REACHED');
  });

  test('close does not wait for a target that keeps its half of the connection open', async () => {
    await using server: TestServer = await startFaulty('accepts and says nothing');
    const sent = send(server);
    await vi.waitFor(() => expect(server.accepted).toBe(1));
    await transport.close();
    expect((await sent).verdict).not.toBe('OK');
  });

  test('nothing is thrown at the caller, not even for nonsense', async () => {
    const nonsense = transport.send(
      endpointOf(protocol, '', { settings }),
      sampleMessage({ headers: { '': '', ':path': '/', __proto__: '1' } }),
      { attempt: 1, attemptDeadlineMs: NaN, deadlineMs: NaN, signal: new AbortController().signal },
    );
    expect((await nonsense).verdict).toBe('NOT_REACHED');
  });
}
