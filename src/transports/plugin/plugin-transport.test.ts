import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import type { AttemptResult, ProbeResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { mayHaveActed, notReached, ok, outcomeOf } from '../fixtures/outcome.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, type SendInput, sendTo, silentEgress } from '../fixtures/send.fixture.ts';
import { testCertificate } from '../fixtures/tls.fixture.ts';
import { startWebSocketTarget } from '../fixtures/websocket-targets.fixture.ts';
import { startWireServer, unusedPort } from '../fixtures/wire-server.fixture.ts';
import { pluginCallsMax, pluginSocketsMax, replyBytesMax } from '../limits.ts';
import type { Plugins } from './load-plugins.ts';
import { definePlugin, type Plugin, type PluginOutcome, type PluginRequest } from './plugin.ts';
import { createPluginTransport, type PluginTransportOptions } from './plugin-transport.ts';

const uri = 'mine://somewhere:7000/path';
const fine: PluginOutcome = { verdict: 'OK', reply: { data: 'fine' } };

/** Plugins as the loader gives them. */
function pluginsOf(...all: Plugin[]): Plugins {
  return {
    all,
    byScheme: (scheme) => all.find(({ schemes }) => schemes.includes(scheme)),
    shown: all.map(({ name }) => name).join(', '),
  };
}

function transportOf(plugin: Partial<Plugin>, options: Partial<PluginTransportOptions> = {}): Transport {
  return createPluginTransport({
    clock: systemClock,
    egress: createEgress({ clock: systemClock }),
    secrets: fixedSecrets({ 'env:TOKEN': 's3cret' }),
    identities: fixedIdentities(),
    plugins: pluginsOf(
      definePlugin({ name: 'mine', schemes: ['mine'], send: () => Promise.resolve(fine), ...plugin }),
    ),
    ...options,
  });
}

const sendBy = (plugin: Partial<Plugin>, input?: SendInput): Promise<AttemptResult> =>
  sendTo(transportOf(plugin), uri, input);

test('a plug-in is told all that it needs', async () => {
  let seen: PluginRequest | undefined;
  await sendBy(
    {
      async send(request) {
        seen = request;
        return fine;
      },
    },
    {
      attempt: 3,
      settings: { a: 1 },
      message: { headers: { h: '1' } },
      routes: [
        { messageType: 'data_*', operation: { no: 1 }, repeatSafety: undefined },
        { messageType: '*', operation: { do: 'it' }, repeatSafety: 'SAFE' },
      ],
    },
  );
  expect(seen).toMatchObject({
    systemId: 'ledger',
    uri,
    settings: { a: 1 },
    attempt: 3,
    route: { messageType: '*', operation: { do: 'it' } },
    message: {
      id: 'msg-1',
      source: 'orders',
      type: 'data_request',
      headers: { h: '1' },
      contentType: 'application/json',
    },
  });
  expect(await seen?.secret('env:TOKEN')).toBe('s3cret');
  await expect(seen?.secret('env:GONE')).rejects.toThrow('env:GONE');
});

describe('an outcome', () => {
  test('becomes the result', async () => {
    const result = await sendBy({
      send: () =>
        Promise.resolve({
          verdict: 'NOT_EXECUTED',
          reason: 'rate_limited',
          status: 'SLOW',
          detail: 'later\nand a second line',
          retryAfterMs: 250,
          reply: { data: Buffer.from('why'), contentType: 'text/plain', headers: { a: '1' } },
        }),
    });
    expect(result).toEqual({
      verdict: 'NOT_EXECUTED',
      reason: 'rate_limited',
      status: 'SLOW',
      detail: 'mine://somewhere:7000: later',
      retryAfterMs: 250,
      reply: { status: 'SLOW', contentType: 'text/plain', headers: { a: '1' }, data: Buffer.from('why') },
    });
  });

  test.each([
    ['OK', 'ok'],
    ['REJECTED', 'rejected'],
    ['NOT_EXECUTED', 'not_executed'],
    ['NOT_REACHED', 'connect_failed'],
    ['MAY_HAVE_ACTED', 'target_error'],
  ] as const)('%s without a reason means %s', async (verdict, reason) => {
    const reply = { data: '' };
    expect(await sendBy({ send: async () => ({ verdict, reply: reply }) })).toMatchObject({
      verdict,
      reason,
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'OK'],
    ['another verdict', { verdict: 'GREAT' }],
    ['OK without a reply', { verdict: 'OK' }],
    ['a reply that is no bytes', { verdict: 'OK', reply: { data: 7 } }],
    ['a reason that is none', { verdict: 'REJECTED', reason: 'because' }],
    ['a reason that contradicts', { verdict: 'OK', reason: 'reset', reply: { data: '' } }],
    ['no as ok', { verdict: 'REJECTED', reason: 'ok' }],
    ['a negative wait', { verdict: 'REJECTED', retryAfterMs: -1 }],
  ])('that is %s is garbage, and names the plug-in', async (_, outcome) => {
    const result = await sendBy({ send: (() => Promise.resolve(outcome)) as Plugin['send'] });
    expect(outcomeOf(result)).toEqual(mayHaveActed('garbage'));
    expect(result.detail).toMatch(/^mine:\/\/somewhere:7000: the plug-in mine gave no outcome: /);
  });

  test.each([
    [replyBytesMax, 'OK'],
    [replyBytesMax + 1, 'MAY_HAVE_ACTED'],
  ])('with a reply of %i bytes is %s', async (bytes, verdict) => {
    const result = await sendBy({
      send: async () => ({ verdict: 'OK', reply: { data: 'x'.repeat(bytes) } }),
    });
    expect(result.verdict).toBe(verdict);
    if (verdict !== 'OK') expect(result.reason).toBe('reply_too_large');
  });
});

describe('a plug-in that', () => {
  test.each<[string, Plugin['send']]>([
    ['rejects', () => Promise.reject(new Error('it broke\nstack'))],
    [
      'throws at once',
      () => {
        throw new Error('it broke');
      },
    ],
  ])('%s may have acted', async (_, send) => {
    const result = await sendBy({ send });
    expect(outcomeOf(result)).toEqual(mayHaveActed('target_error'));
    expect(result.detail).toBe('mine://somewhere:7000: the plug-in mine threw: it broke');
  });

  test('gives its outcome without a promise is understood', async () => {
    expect((await sendBy({ send: (() => fine) as unknown as Plugin['send'] })).verdict).toBe('OK');
  });

  test('hangs is ended at the deadline', async () => {
    const result = await sendBy({ send: () => new Promise(() => undefined) }, { withinMs: 50 });
    expect(outcomeOf(result)).toEqual(mayHaveActed('timeout'));
    expect(result.detail).toContain('the plug-in mine gave no outcome');
  });

  test('hangs is ended when the caller goes away', async () => {
    const caller = new AbortController();
    const sent = sendBy({ send: () => new Promise(() => undefined) }, { signal: caller.signal });
    caller.abort();
    expect(outcomeOf(await sent)).toEqual(mayHaveActed('cancelled'));
  });

  test('hears why it must end can say by itself what it knows', async () => {
    const send: Plugin['send'] = ({ signal }) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          const { reason } = signal.reason as { reason: string };
          resolve({ verdict: 'NOT_REACHED', reason });
        }),
      );
    expect(outcomeOf(await sendBy({ send }, { withinMs: 50 }))).toEqual(notReached('timeout'));
    const caller = new AbortController();
    const sent = sendBy({ send }, { signal: caller.signal });
    caller.abort();
    expect(outcomeOf(await sent)).toEqual(notReached('cancelled'));
  });

  test('lets calls hang gets no more than so many', async () => {
    const clock = createFakeClock(systemClock.now());
    const transport = transportOf({ send: () => new Promise(() => undefined) }, { clock });
    const hanging = Array.from({ length: pluginCallsMax }, () => sendTo(transport, uri, { withinMs: 100 }));
    await clock.advance(1000);
    expect((await Promise.all(hanging)).every(({ reason }) => reason === 'timeout')).toBe(true);
    expect(outcomeOf(await sendTo(transport, uri))).toEqual(notReached('concurrency_limited'));
  });

  test('throws when it must forget or close harms nobody', async () => {
    const broken = (): never => {
      throw new Error('it broke');
    };
    const transport = transportOf({ forget: broken, close: broken });
    transport.forget(uri);
    await transport.close();
    expect(outcomeOf(await sendTo(transport, uri))).toEqual(notReached('connect_failed'));
  });

  test('does not finish closing is left behind after 5 s', async () => {
    const clock = createFakeClock();
    const closed = transportOf({ close: () => new Promise(() => undefined) }, { clock }).close();
    await clock.advance(5100);
    await closed;
  });
});

describe('a socket of a plug-in', () => {
  const connectBy = (transport: Transport, host: string, port: number, input?: SendInput) =>
    sendTo(transport, `mine://${host}:${port}`, input);
  const connects: Plugin['send'] = async ({ uri: target, connect, settings }) => {
    const { hostname, port } = new URL(target);
    try {
      const tls = settings['tls'] as Record<string, unknown> | undefined;
      const socket = await connect({
        host: hostname,
        port: Number(port),
        ...(tls === undefined ? {} : { tls }),
      });
      socket.destroy(new Error('nobody listens for this error'));
      return fine;
    } catch (thrown) {
      const { reason, message } = thrown as Error & { reason: string };
      return { verdict: 'NOT_REACHED', reason, detail: message };
    }
  };

  test('comes through the egress, and its faults have a reason', async () => {
    await using server = await startWireServer((socket) => socket.resume());
    const transport = transportOf({ send: connects });
    expect(outcomeOf(await connectBy(transport, '127.0.0.1', server.port))).toEqual(ok());
    const refused = await connectBy(transport, '127.0.0.1', await unusedPort());
    expect(outcomeOf(refused)).toEqual(notReached('connect_refused'));
    const silent = transportOf({ send: connects }, { egress: silentEgress });
    expect(outcomeOf(await connectBy(silent, '127.0.0.1', 9, { withinMs: 50 }))).toEqual(
      notReached('connect_timeout'),
    );
  });

  test('speaks TLS with the settings of the interface', async () => {
    await using server = await startWebSocketTarget(() => undefined, { tls: true });
    const transport = transportOf({ send: connects });
    const trusting = { settings: { tls: { ca: testCertificate } } };
    expect(outcomeOf(await connectBy(transport, 'localhost', server.port, trusting))).toEqual(ok());
    const doubting = { settings: { tls: {} } };
    expect(outcomeOf(await connectBy(transport, 'localhost', server.port, doubting))).toEqual(
      notReached('tls_failed'),
    );
  });

  test('that is left open is closed with the hub, and there are at most so many', async () => {
    await using server = await startWireServer((socket) => socket.resume().once('end', () => socket.end()));
    const faults: string[] = [];
    const transport = transportOf({
      async send({ connect }) {
        const opened = Array.from({ length: pluginSocketsMax + 1 }, () =>
          connect({ host: '127.0.0.1', port: server.port }).catch((thrown: unknown) => {
            faults.push((thrown as { reason: string }).reason);
          }),
        );
        await Promise.all(opened);
        return fine;
      },
    });
    await sendTo(transport, uri);
    expect(faults).toEqual(['concurrency_limited']);
    await vi.waitFor(() => expect(server.open).toBe(pluginSocketsMax));
    await transport.close();
    await vi.waitFor(() => expect(server.open).toBe(0));
  });
});

describe('a registration', () => {
  const violations = (
    plugin: Partial<Plugin>,
    declaration: Partial<{ uri: string; settings: Record<string, unknown> }> = {},
  ) => transportOf(plugin).checkEndpoint({ uri, settings: {}, routes: [], ...declaration });

  test('with a scheme that nobody speaks names the plug-ins that are loaded', () => {
    expect(violations({}, { uri: 'other://host' })).toEqual([
      {
        path: 'uri',
        message:
          'has the scheme other://, which no plug-in speaks; loaded are mine (the hub’s setting plugins)',
      },
    ]);
  });

  test('is judged by the plug-in, when it has a check', () => {
    expect(violations({})).toEqual([]);
    const found = [{ path: 'settings.a', message: 'is wrong' }];
    expect(violations({ check: () => found })).toEqual(found);
  });

  test.each<[string, Plugin['check'], string]>([
    [
      'throws',
      () => {
        throw new Error('it broke');
      },
      'it broke',
    ],
    ['gives no list', () => 'fine' as unknown as [], 'no list of violations'],
  ])('whose check %s is refused with the name of the plug-in', (_, check, text) => {
    const [violation] = violations({ check: check! });
    expect(violation?.path).toBe('settings');
    expect(violation?.message).toContain('the plug-in mine could not judge the registration');
    expect(violation?.message).toContain(text);
  });

  test('of before, for a plug-in that is no longer loaded, says so when it is used', async () => {
    const transport = transportOf({}, { plugins: pluginsOf() });
    const result = await sendTo(transport, uri);
    expect(outcomeOf(result)).toEqual(notReached('misconfigured'));
    expect(result.detail).toContain('no plug-in speaks mine://');
  });
});

describe('a probe', () => {
  const probeBy = (plugin: Partial<Plugin>, target = uri, withinMs = 5000): Promise<ProbeResult> =>
    transportOf(plugin).probe(endpointOf('PLUGIN', target), {
      deadlineMs: systemClock.now() + withinMs,
      signal: new AbortController().signal,
    });

  test('is the plug-in’s own, when it has one', async () => {
    const probe: Plugin['probe'] = async () => ({ alive: true, detail: 'PONG', degraded: true });
    expect(await probeBy({ probe })).toMatchObject({ alive: true, detail: 'PONG', degraded: true });
  });

  test('without one is a TCP connection', async () => {
    await using server = await startWireServer((socket) => socket.resume());
    expect(await probeBy({}, `mine://127.0.0.1:${server.port}`)).toMatchObject({ alive: true });
    expect(await probeBy({}, `mine://127.0.0.1:${await unusedPort()}`)).toMatchObject({ alive: false });
    expect((await probeBy({}, 'mine://host')).detail).toBe('not asked: the plug-in mine has no probe');
  });

  test('that is switched off asks nobody', async () => {
    const endpoint = endpointOf('PLUGIN', uri, { healthCheck: { kind: 'NONE' } });
    const probe: Plugin['probe'] = () => Promise.reject(new Error('it was asked'));
    const options = { deadlineMs: systemClock.now() + 5000, signal: new AbortController().signal };
    expect(await transportOf({ probe }).probe(endpoint, options)).toMatchObject({ alive: true });
  });

  test.each<[string, Plugin['probe'], string]>([
    ['throws', () => Promise.reject(new Error('it broke')), 'it broke'],
    ['hangs', () => new Promise(() => undefined), 'gave no finding in time'],
    ['gives nonsense', (() => 7) as unknown as Plugin['probe'], 'gave no finding'],
  ])('that %s is not alive', async (_, probe, text) => {
    const { alive, detail } = await probeBy({ probe: probe! }, uri, 50);
    expect(alive).toBe(false);
    expect(detail).toContain(text);
  });
});
