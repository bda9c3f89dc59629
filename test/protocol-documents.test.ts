import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../src/base/clock.ts';
import type { Transport } from '../src/base/transport.ts';
import { createEgress } from '../src/transports/egress.ts';
import { createGraphqlTransport } from '../src/transports/graphql/graphql-transport.ts';
import { fixedIdentities, fixedSecrets } from '../src/transports/fixtures/secrets.fixture.ts';
import { sendTo } from '../src/transports/fixtures/send.fixture.ts';
import { listen, unusedPort } from '../src/transports/fixtures/wire-server.fixture.ts';
import { loadPlugins } from '../src/transports/plugin/load-plugins.ts';
import { createPluginTransport } from '../src/transports/plugin/plugin-transport.ts';
import { createWebSocketTransport } from '../src/transports/websocket/websocket-transport.ts';
import { root } from './root.ts';

const deps = {
  clock: systemClock,
  egress: createEgress({ clock: systemClock }),
  prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
  secrets: fixedSecrets(),
  identities: fixedIdentities(),
};

/** The blocks of code of one kind within a section of a document, which begins with this heading. */
async function blocksOf(document: string, heading: string, kind: string): Promise<readonly string[]> {
  const text = await readFile(join(root, 'docs', document), 'utf8');
  const section = text.slice(text.indexOf(`\n${heading}\n`)).slice(1);
  const end = section.indexOf('\n## ', 1);
  const within = end < 0 ? section : section.slice(0, end);
  return [...within.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, language]) => language === kind)
    .map(([, , code = '']) => code);
}

interface DeclaredInterface {
  readonly uri: string;
  readonly settings?: Record<string, unknown>;
  readonly routes: readonly { readonly message_type: string; readonly operation: Record<string, unknown> }[];
}

function violationsOf(transport: Transport, { uri, settings = {}, routes }: DeclaredInterface) {
  return transport.checkEndpoint({
    uri,
    settings,
    routes: routes.map(({ message_type: messageType, operation }) => ({
      messageType,
      operation,
      repeatSafety: undefined,
    })),
  });
}

test('the WebSocket target of docs/interfaces.md answers', async () => {
  const [code = ''] = await blocksOf('interfaces.md', '## WebSocket', 'js');
  const port = await unusedPort();
  const script = code
    .replace('7822', String(port))
    .replace("'ws'", JSON.stringify(pathToFileURL(join(root, 'node_modules/ws/wrapper.mjs')).href));
  const target = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const transport = createWebSocketTransport(deps);
  try {
    await vi.waitFor(
      async () => {
        const result = await sendTo(transport, `ws://127.0.0.1:${port}`, {
          message: { data: Buffer.from('{"a":1,"b":2}') },
        });
        expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('{"sum":3}');
      },
      { timeout: 10_000 },
    );
  } finally {
    await transport.close();
    target.kill();
    await once(target, 'exit');
  }
});

test('the GraphQL interface of docs/interfaces.md can be registered', async () => {
  const [json = ''] = await blocksOf('interfaces.md', '## GraphQL', 'json');
  const transport = createGraphqlTransport(deps);
  expect(violationsOf(transport, JSON.parse(json) as DeclaredInterface)).toEqual([]);
  await transport.close();
});

test('the plug-in of docs/plugins.md delivers', async () => {
  const [code = ''] = await blocksOf('plugins.md', '## The module', 'js');
  const folder = await mkdtemp(join(tmpdir(), 'plugin-document-'));
  const api = pathToFileURL(join(root, 'src/transports/plugin/plugin.ts')).href;
  await writeFile(join(folder, 'shout.mjs'), code.replace("'switchyard-hub/plugin'", JSON.stringify(api)));
  const plugins = await loadPlugins(['shout.mjs'], { clock: systemClock, folder });
  const transport = createPluginTransport({ ...deps, plugins });
  await using server = await listen(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (data) => socket.write(data.toString().toUpperCase()));
      socket.on('end', () => socket.end());
    }),
  );
  const settings = { loud: true };
  const result = await sendTo(transport, `shout://127.0.0.1:${server.port}`, {
    settings,
    message: { data: Buffer.from('hello') },
  });
  expect(result).toMatchObject({ verdict: 'OK', status: 'SHOUTED' });
  expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('HELLO');
  const refused = await sendTo(transport, `shout://127.0.0.1:${await unusedPort()}`, { settings });
  expect(refused).toMatchObject({ verdict: 'NOT_REACHED', reason: 'connect_refused' });
  expect(transport.checkEndpoint({ uri: 'shout://a:1', settings: {}, routes: [] })).toHaveLength(1);
  await transport.close();
  await rm(folder, { recursive: true });
});

test('the Redis system of docs/plugins.md can be registered', async () => {
  const [json = ''] = await blocksOf('plugins.md', '## The example', 'json');
  const plugins = await loadPlugins(['examples/plugin/redis.ts'], { clock: systemClock, folder: root });
  const transport = createPluginTransport({ ...deps, plugins });
  const { interfaces } = JSON.parse(json) as { interfaces: readonly [DeclaredInterface] };
  expect(violationsOf(transport, interfaces[0])).toEqual([]);
  await transport.close();
});
