import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { startFaultyTarget } from './faulty-target.ts';
import { createHubClients } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

const settings = `
zone: here
health: { interval: 1s, timeout: 500ms }
policies:
  - name: strict
    match: { types: [pool] }
    breaker: { consecutive_failures: 0, failure_rate: 0 }
    ejection: { consecutive_failures: 3, base_time: 1s }
    balance: ROUND_ROBIN
  - name: near
    match: { types: [zoned] }
    balance_options: { zone_first: true }
`;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-ejection-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function register(system: { id: string; type: string; uri: string; zone?: string }): Promise<void> {
  const { uri, ...rest } = system;
  await clients.registry.registerSystem({
    system: { ...rest, name: system.id, version: '1', interfaces: [{ name: 'main', uri }] },
  });
}

const messageTo = (type: string) => ({
  type: 'book_entry',
  target: { target: { case: 'type' as const, value: type } },
  payload: { case: undefined },
});

/** Ids of the candidates that may be tried now. */
async function usable(type: string): Promise<string[]> {
  const { plan } = await clients.messaging.explainRoute({ message: messageTo(type) });
  return (plan?.candidates ?? []).filter((candidate) => candidate.usable).map(({ systemId }) => systemId);
}

const metrics = async (): Promise<string> => (await fetch(`${hub.url}/metrics`)).text();

test('a system that fails more than the others is out for a time, and the log and the metrics say so', async () => {
  await using good = await startFaultyTarget('http');
  await using bad = await startFaultyTarget('http', { behaviour: 'fail' });
  await register({ id: 'good-1', type: 'pool', uri: good.uri });
  await register({ id: 'good-2', type: 'pool', uri: good.uri });
  await register({ id: 'bad', type: 'pool', uri: bad.uri });
  expect((await usable('pool')).sort()).toEqual(['bad', 'good-1', 'good-2']);

  const message = messageTo('pool');
  for (let call = 0; call < 9; call += 1) {
    await clients.messaging
      .sendMessage({ message, repeatSafety: RepeatSafety.UNSAFE })
      .catch(() => undefined);
  }
  expect((await usable('pool')).sort()).toEqual(['good-1', 'good-2']);
  for (let call = 0; call < 10; call += 1) {
    await clients.messaging.sendMessage({ message, repeatSafety: RepeatSafety.UNSAFE });
  }
  expect(hub.stderr()).toMatch(
    /"system_id":"bad","type":"pool","rule":"consecutive_failures","cause":"3 failures in a row"/,
  );
  const counted = await metrics();
  expect(counted).toContain('switchyard_ejections_total{rule="consecutive_failures"} 1');
  expect(counted).toContain('switchyard_ejected_systems{rule="consecutive_failures"} 1');

  await vi.waitFor(async () => expect((await usable('pool')).sort()).toEqual(['bad', 'good-1', 'good-2']), {
    timeout: 10_000,
    interval: 100,
  });
  expect(hub.stderr()).toContain('system back from ejection');
  expect(await metrics()).not.toContain('switchyard_ejected_systems{');
});

test('a sender’s zone comes first, and the hub’s own where the sender has none', async () => {
  await using target = await startFaultyTarget('http');
  for (const zone of ['there', 'here', 'elsewhere']) {
    await register({ id: `in-${zone}`, type: 'zoned', uri: target.uri, zone });
  }
  await register({ id: 'sender', type: 'senders', uri: target.uri, zone: 'there' });
  expect((await usable('zoned'))[0]).toBe('in-here');
  const { plan } = await clients.messaging.explainRoute({
    message: { ...messageTo('zoned'), source: 'sender' },
  });
  expect(plan?.candidates[0]?.systemId).toBe('in-there');
});
