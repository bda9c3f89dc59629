import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createYoga, createSchema } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { JsonObject } from '@bufbuild/protobuf';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { createHubClients, jsonValue, plainJson } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

/** A real server of a protocol that adds `a` and `b`, and how the hub reaches it. */
interface Adder {
  readonly uri: string;
  readonly protocol?: Protocol;
  readonly settings?: JsonObject;
  readonly operation?: JsonObject;
  close(): Promise<unknown>;
}

interface Sum {
  readonly a: number;
  readonly b: number;
}
interface Envelope {
  readonly id: string;
  readonly payload: Sum;
}

/** An envelope's answer, as docs/interfaces.md has it. */
function answerTo(text: string): string {
  const { id, payload } = JSON.parse(text) as Envelope;
  return JSON.stringify({ id, payload: { sum: payload.a + payload.b } });
}

const adders: Readonly<Record<string, () => Promise<Adder>>> = {
  async WebSocket() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket) => {
      socket.on('message', (text) => socket.send(answerTo((text as Buffer).toString())));
    });
    await once(server, 'listening');
    return {
      uri: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => {
        for (const client of server.clients) client.terminate();
        return new Promise((resolve) => server.close(resolve));
      },
    };
  },

  async 'TCP lines'() {
    const sockets = new Set<{ destroy(): void }>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      let rest = '';
      socket.on('data', (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) socket.write(`${answerTo(line)}\n`);
      });
      socket.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      uri: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
      settings: { framing: 'line' },
      close: () => {
        for (const socket of sockets) socket.destroy();
        return new Promise((resolve) => server.close(resolve));
      },
    };
  },

  async UDP() {
    const server = createSocket('udp4');
    server.on('message', (text, { port, address }) => server.send(answerTo(text.toString()), port, address));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      uri: `udp://127.0.0.1:${server.address().port}`,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  },

  async GraphQL() {
    const yoga = createYoga({
      logging: false,
      schema: createSchema({
        typeDefs: 'type Query { add(a: Int!, b: Int!): Int! }',
        resolvers: { Query: { add: (_: unknown, { a, b }: Sum) => a + b } },
      }),
    });
    const server = createHttpServer((request, response) => void yoga(request, response)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    return {
      uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
      protocol: Protocol.GRAPHQL,
      operation: { query: 'query ($a: Int!, $b: Int!) { add(a: $a, b: $b) }', reply: '{"sum": add}' },
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    };
  },
};

let hub: HubProcess;
let clients: ReturnType<typeof createHubClients>;
beforeAll(async () => {
  hub = await startHub();
  clients = createHubClients(hub.url);
});
afterAll(() => hub.dispose());

describe.each(Object.keys(adders))('a system that speaks %s', (name) => {
  const id = name.toLowerCase().replace(' ', '_');
  let adder: Adder;
  beforeAll(async () => {
    adder = (await adders[name]?.()) as Adder;
    await clients.registry.registerSystem({
      system: {
        id,
        type: id,
        name,
        version: '1',
        interfaces: [
          {
            name: 'main',
            uri: adder.uri,
            ...(adder.protocol === undefined ? {} : { protocol: adder.protocol }),
            ...(adder.settings === undefined ? {} : { settings: adder.settings }),
            routes: adder.operation === undefined ? [] : [{ messageType: 'add', operation: adder.operation }],
          },
        ],
      },
    });
  });
  afterAll(() => adder.close());

  const add = (a: number, b: number) =>
    clients.messaging.sendMessage({
      message: {
        target: { target: { case: 'type', value: id } },
        type: 'add',
        payload: { case: 'json', value: jsonValue({ a, b }) },
      },
    });

  test('answers through the hub, and many at once each get their own answer', async () => {
    const sums = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => plainJson((await add(n, 1000)).reply?.payload)),
    );
    expect(sums).toEqual(Array.from({ length: 50 }, (_, n) => ({ sum: n + 1000 })));
  });

  test('is found HEALTHY by its own kind of probe', async () => {
    const { health } = await clients.health.checkHealth({ systemId: id });
    expect(health[0]?.status).toBe(HealthStatus.HEALTHY);
  });
});
