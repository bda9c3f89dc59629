import { describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import {
  atDeadline,
  mayHaveActed,
  notApplicable,
  notExecuted,
  ok,
  outcomeOf,
  rejected,
} from '../fixtures/outcome.fixture.ts';
import { pushRoutes, redisTargets, startRedis } from '../fixtures/redis-targets.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf, sendTo } from '../fixtures/send.fixture.ts';
import { describeTransport } from '../transport.conformance.ts';
import { loadPlugins } from './load-plugins.ts';
import { createPluginTransport } from './plugin-transport.ts';

/** The example, loaded as the hub loads it. */
const plugins = await loadPlugins(['examples/plugin/redis.ts'], {
  clock: systemClock,
  folder: process.cwd(),
});
const secrets = fixedSecrets({ 'env:REDIS_PASSWORD': 'hunter2', 'env:OTHER': 'wrong' });
const identities = fixedIdentities();

describe('the example plug-in for Redis', () => {
  describeTransport({
    targets: redisTargets,
    create: (deps) => withRoutes(createPluginTransport({ ...deps, plugins, secrets, identities })),
    outcomes: {
      'accepts and says nothing': atDeadline(mayHaveActed('timeout')),
      'resets at the first byte': mayHaveActed('reset'),
      'ends the connection before it reads': mayHaveActed('reset'),
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
      'answers with huge headers': notApplicable('RESP has no headers'),
      'is unavailable': notExecuted('LOADING'),
      fails: rejected('ERR'),
      'says that it did nothing, in a header': notExecuted('OOM'),
      'says that it did nothing, in a trailer': notApplicable('RESP has no trailers'),
      'asks to wait': notApplicable('RESP cannot say so'),
      refuses: rejected('WRONGTYPE'),
    },
    connectionsInRow: 5,
    // One for each call.
    connectionsMax: 400,
    notApplicable: { headers: 'RESP has no headers' },
  });

  const withTransport = async (use: (transport: Transport) => Promise<void>): Promise<void> => {
    const egress = createEgress({ clock: systemClock });
    const transport = createPluginTransport({ clock: systemClock, egress, plugins, secrets, identities });
    await use(transport);
    await transport.close();
  };
  const route = (...command: string[]) => [
    { messageType: '*', operation: { command }, repeatSafety: undefined },
  ];
  const textOf = ({ reply }: AttemptResult): string => Buffer.from(reply?.data ?? []).toString();

  const journey = async (uri: string, settings: Record<string, unknown> = {}): Promise<void> =>
    withTransport(async (transport) => {
      const run = (...command: string[]) =>
        sendTo(transport, uri, {
          settings,
          routes: route(...command),
          message: { data: Buffer.from('job 1') },
        });
      expect(outcomeOf(await run('RPUSH', 'jobs', '$data'))).toEqual(ok('OK'));
      expect(textOf(await run('RPUSH', 'jobs', '$id'))).toBe('2');
      expect(textOf(await run('LRANGE', 'jobs', '0', '-1'))).toBe('["job 1","msg-1"]');
      expect(textOf(await run('SET', 'name', 'grüße'))).toBe('OK');
      const got = await run('GET', 'name');
      expect([got.reply?.contentType, textOf(got)]).toEqual(['text/plain', 'grüße']);
      expect(textOf(await run('GET', 'nothing'))).toBe('null');
      expect(outcomeOf(await run('RPUSH', 'name', 'x'))).toEqual(rejected('WRONGTYPE'));
      expect(outcomeOf(await run('NONSENSE'))).toEqual(rejected('ERR'));
      const probe = await transport.probe(endpointOf('PLUGIN', uri, { settings }), {
        deadlineMs: systemClock.now() + 5000,
        signal: new AbortController().signal,
      });
      expect(probe).toMatchObject({ alive: true, detail: 'PONG' });
    });

  test('delivers to a server that keeps what it is told', async () => {
    await using server = await startRedis();
    await journey(redisTargets.uri(server.port));
  });

  test('shows a password that it is given by reference', async () => {
    await using server = await startRedis({ password: 'hunter2' });
    const uri = redisTargets.uri(server.port);
    await journey(uri, { password: { secret_ref: 'env:REDIS_PASSWORD' } });
    await withTransport(async (transport) => {
      const refused = await sendTo(transport, uri, {
        settings: { password: { secret_ref: 'env:OTHER' } },
        routes: pushRoutes,
      });
      expect(refused).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
      expect(refused.detail).toContain('the password is refused: WRONGPASS');
    });
  });

  test('refuses registrations that cannot work', () =>
    withTransport(async (transport) => {
      const violations = (settings: Record<string, unknown>, operations: Record<string, unknown>[]) =>
        transport
          .checkEndpoint({
            uri: 'redis://cache:6379',
            settings,
            routes: operations.map((operation) => ({ messageType: '*', operation, repeatSafety: undefined })),
          })
          .map(({ path }) => path);
      expect(violations({}, [{ command: ['PING'] }])).toEqual([]);
      expect(violations({ password: 'p', db: 1 }, [])).toEqual([
        'settings.db',
        'settings.password',
        'routes',
      ]);
      expect(violations({}, [{ command: 'PING' }])).toEqual(['routes[0].operation.command']);
    }));
});

/** The suite sends without routes; Redis needs to know the command. */
function withRoutes(transport: Transport): Transport {
  return {
    ...transport,
    send: (endpoint, message, options) =>
      transport.send({ ...endpoint, routes: pushRoutes }, message, options),
  };
}
