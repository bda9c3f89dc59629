import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { freePort } from './free-port.ts';
import { createHubClients, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { describeWith } from './require.ts';
import { root } from './root.ts';

describeWith(['redis-server'], 'a hub with the example plug-in', ({ 'redis-server': program = '' }) => {
  let folder: string;
  let redis: ChildProcess;
  let hub: HubProcess;
  let clients: ReturnType<typeof createHubClients>;
  let uri: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-plugin-'));
    const port = await freePort();
    uri = `redis://127.0.0.1:${port}`;
    redis = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
      stdio: 'ignore',
    });
    const config = join(folder, 'hub.yaml');
    await writeFile(config, `plugins: ['${root}examples/plugin/redis.ts']\nhealth: { interval: 1s }\n`);
    hub = await startHub({ args: ['--config', config] });
    clients = createHubClients(hub.url);
  });
  afterAll(async () => {
    await hub.dispose();
    redis.kill();
    if (redis.exitCode === null) await once(redis, 'exit');
    await rm(folder, { recursive: true });
  });

  const register = (interfaceUri: string) =>
    clients.registry.registerSystem({
      system: {
        id: 'jobs',
        type: 'jobs',
        name: 'Jobs',
        version: '1',
        interfaces: [
          {
            name: 'redis',
            protocol: Protocol.PLUGIN,
            uri: interfaceUri,
            routes: [
              { messageType: 'jobs.push', operation: { command: ['RPUSH', 'jobs', '$data'] } },
              { messageType: 'jobs.all', operation: { command: ['LRANGE', 'jobs', '0', '-1'] } },
            ],
          },
        ],
      },
    });
  const send = (type: string, text: string) =>
    clients.messaging.sendMessage({
      message: {
        target: { target: { case: 'type', value: 'jobs' } },
        type,
        contentType: 'text/plain',
        payload: { case: 'data', value: new TextEncoder().encode(text) },
      },
    });

  test('delivers to a real Redis, and knows its health', async () => {
    await register(uri);
    await expect
      .poll(async () => (await clients.health.checkHealth({ systemId: 'jobs' })).health[0]?.status, {
        timeout: 20_000,
      })
      .toBe(HealthStatus.HEALTHY);
    await send('jobs.push', 'first');
    const { reply } = await send('jobs.all', '');
    expect(reply?.payload.case === 'data' && new TextDecoder().decode(reply.payload.value)).toBe('["first"]');
  });

  test('refuses a scheme that no plug-in speaks, and names those there are', async () => {
    const refusal = await refusalOf(register('mqtt://127.0.0.1:1883'));
    expect(refusal.reason).toBe('INVALID_FIELD');
    expect(JSON.stringify(refusal)).toContain('redis (redis://');
  });
});
