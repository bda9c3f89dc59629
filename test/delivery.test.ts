import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { type Behaviour, startFaultyTarget, targetProtocols, type TargetProtocol } from './faulty-target.ts';
import { freePort } from './free-port.ts';
import { createHubClients, plainJson, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

/** Quick health and breakers, so that a whole outage fits into a test. */
const settings = `
health: { interval: 1s, timeout: 500ms }
policies:
  - name: quick
    retry: { attempts: 3, initial_delay: 10ms }
  - name: quick-breaker
    match: { types: [fleet] }
    breaker: { consecutive_failures: 3, open_for: 1s, half_open_calls: 2 }
  - name: calm-breaker
    match: { types: [lone] }
    breaker: { consecutive_failures: 0, failure_rate: 0 }
`;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-delivery-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});

let systems = 0;
/** Registers a system of a type under a new id. */
async function register(type: string, uri: string): Promise<string> {
  systems += 1;
  const id = `${type}-${systems}`;
  await clients.registry.registerSystem({
    system: { id, type, name: id, version: '1', interfaces: [{ name: 'main', uri }] },
  });
  return id;
}

function send(
  target: { systemId: string } | { type: string },
  repeatSafety: RepeatSafety,
  timeoutMs = 20_000,
) {
  return clients.messaging.sendMessage(
    {
      message: {
        type: 'book_entry',
        target: {
          target:
            'systemId' in target
              ? { case: 'systemId', value: target.systemId }
              : { case: 'type', value: target.type },
        },
        payload: { case: undefined },
      },
      repeatSafety,
    },
    { timeoutMs },
  );
}

describe.each(targetProtocols)('over %s', (protocol: TargetProtocol) => {
  const unknown: Behaviour[] = ['hang', 'reset-mid-answer', 'fail'];

  test.each(unknown)(
    'an UNSAFE message whose target does %s acts once and ends OUTCOME_UNKNOWN',
    async (behaviour) => {
      await using target = await startFaultyTarget(protocol, { behaviour });
      const systemId = await register('lone', target.uri);
      const refusal = await refusalOf(send({ systemId }, RepeatSafety.UNSAFE, 1500));
      expect(refusal).toMatchObject({
        code: 'UNKNOWN',
        reason: 'OUTCOME_UNKNOWN',
        metadata: { executed: 'unknown' },
      });
      expect(target.acted).toBe(1);
      const { delivery } = await clients.messaging.getDelivery({
        deliveryId: refusal.metadata['delivery_id']!,
      });
      expect(delivery?.attempts).toMatchObject([{ systemId, verdict: Verdict.MAY_HAVE_ACTED }]);
    },
  );

  test.each(unknown)('a SAFE message whose target does %s is repeated', async (behaviour) => {
    await using target = await startFaultyTarget(protocol, { behaviour });
    const systemId = await register('lone', target.uri);
    const refusal = await refusalOf(send({ systemId }, RepeatSafety.SAFE, 5000));
    expect(refusal.reason).toBe(behaviour === 'hang' ? 'TARGET_TIMEOUT' : 'TARGET_FAILED');
    expect(target.acted).toBe(3);
  });

  test('an UNSAFE message to a port where nobody listens is tried again, and reaches the target once it is there', async () => {
    const port = await freePort();
    const systemId = await register('lone', `${protocol}://127.0.0.1:${port}`);
    const refusal = await refusalOf(send({ systemId }, RepeatSafety.UNSAFE));
    expect(refusal).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CONNECT_FAILED',
      metadata: { executed: 'no', attempts: '3' },
    });
    await using target = await startFaultyTarget(protocol, { port });
    const { reply, delivery } = await send({ systemId }, RepeatSafety.UNSAFE);
    expect(plainJson(reply?.payload)).toEqual({ pong: true });
    expect(delivery?.attempts).toHaveLength(1);
    expect(target.acted).toBe(1);
  });

  test('a definite no is passed on at once, or comes as a reply where that is asked for', async () => {
    await using target = await startFaultyTarget(protocol, { behaviour: 'reject' });
    const systemId = await register('lone', target.uri);
    const refusal = await refusalOf(send({ systemId }, RepeatSafety.SAFE));
    const status = protocol === 'http' ? { http_status: '422' } : { grpc_code: 'FAILED_PRECONDITION' };
    expect(refusal).toMatchObject({ reason: 'TARGET_REJECTED', metadata: { executed: 'no', ...status } });
    expect(target.acted).toBe(1);
    const { reply } = await clients.messaging.sendMessage({
      message: { type: 'book_entry', target: { target: { case: 'systemId', value: systemId } } },
      returnRejections: true,
    });
    expect(reply?.status).toBe(Object.values(status)[0]);
  });

  const cut: [Behaviour, string, string][] = [
    ['garbage', 'BAD_REPLY', 'garbage'],
    ['endless', 'REPLY_TOO_LARGE', 'reply_too_large'],
    ['trickle', 'TARGET_TIMEOUT', 'timeout'],
    ['hang', 'TARGET_TIMEOUT', 'timeout'],
  ];
  test.each(cut)(
    'a target that answers with %s is cut at its limit, and the trace says so',
    async (behaviour, reason, word) => {
      await using target = await startFaultyTarget(protocol, { behaviour });
      const systemId = await register('lone', target.uri);
      const refusal = await refusalOf(send({ systemId }, RepeatSafety.SAFE, 4000));
      expect(refusal).toMatchObject({ reason, metadata: { attempt_reason: word } });
      expect(refusal.metadata['trace']).toContain(word);
    },
  );

  test('a system that dies while SAFE messages flow by type costs no caller an error; its health and breaker show it', async () => {
    const type = 'fleet';
    const stays = await startFaultyTarget(protocol);
    let dies = await startFaultyTarget(protocol);
    const staysId = await register(type, stays.uri);
    const diesId = await register(type, dies.uri);
    const watching = new AbortController();
    const statuses = collect(
      clients.health.watchHealth({ filter: { types: [type] } }, { signal: watching.signal }),
      ({ event }) => (event.case === 'snapshot' || event.case === 'update' ? event.value.items : []),
      ({ systemId, status }) => (systemId === diesId ? HealthStatus[status] : undefined),
    );
    const breakers = collect(
      clients.resilience.watchBreakers({ systemId: diesId }, { signal: watching.signal }),
      ({ event }) => (event.case === 'snapshot' || event.case === 'update' ? event.value.items : []),
      ({ state }) => BreakerState[state],
    );
    const traffic = { running: true, answered: 0 };
    const callers = Array.from({ length: 4 }, async () => {
      while (traffic.running) {
        await send({ type }, RepeatSafety.SAFE);
        traffic.answered += 1;
      }
    });
    try {
      await expect.poll(() => dies.acted).toBeGreaterThan(20);
      await dies.close();
      await expect.poll(() => statuses, { timeout: 15_000 }).toContain('UNHEALTHY');
      await expect.poll(() => breakers, { timeout: 15_000 }).toContain('OPEN');
      const answeredWhileDown = traffic.answered;
      await expect.poll(() => traffic.answered).toBeGreaterThan(answeredWhileDown + 20);

      dies = await startFaultyTarget(protocol, { port: dies.port });
      await expect.poll(() => dies.acted, { timeout: 20_000 }).toBeGreaterThan(20);
      await expect.poll(() => breakers.at(-1), { timeout: 15_000 }).toBe('CLOSED');
      await expect.poll(() => statuses.at(-1), { timeout: 15_000 }).toBe('HEALTHY');
      const opened = breakers.indexOf('OPEN');
      expect(breakers.indexOf('HALF_OPEN', opened)).toBeGreaterThan(opened);
    } finally {
      traffic.running = false;
      await Promise.all(callers);
      watching.abort();
      await stays.close();
      await dies.close();
      for (const systemId of [staysId, diesId]) await clients.registry.deregisterSystem({ systemId });
    }
  });
});

test('a shutdown that cannot wait for a target tells its caller the outcome instead of cutting it off', async () => {
  await using hanging = await startFaultyTarget('http', { behaviour: 'hang' });
  await using draining = await startHub({ env: { SWITCHYARD_SERVER_DRAIN_TIMEOUT: '1s' } });
  const own = createHubClients(draining.url);
  const interfaces = [{ name: 'main', uri: hanging.uri }];
  await own.registry.registerSystem({
    system: { id: 'slow', type: 'slow', name: 'slow', version: '1', interfaces },
  });
  const refusal = refusalOf(
    own.messaging.sendMessage({
      message: { type: 'book_entry', target: { target: { case: 'systemId', value: 'slow' } } },
      repeatSafety: RepeatSafety.UNSAFE,
    }),
  );
  await expect.poll(() => hanging.acted).toBe(1);
  expect(await draining.stop()).toMatchObject({ code: 0 });
  expect(await refusal).toMatchObject({ reason: 'OUTCOME_UNKNOWN', metadata: { executed: 'unknown' } });
});

/** Collects what a stream shows, each value when it differs from the one before. */
function collect<E, I, V>(
  stream: AsyncIterable<E>,
  itemsOf: (event: E) => readonly I[],
  valueOf: (item: I) => V | undefined,
): V[] {
  const seen: V[] = [];
  void (async () => {
    try {
      for await (const event of stream) {
        for (const item of itemsOf(event)) {
          const value = valueOf(item);
          if (value !== undefined && value !== seen.at(-1)) seen.push(value);
        }
      }
    } catch {
      // The test ends the stream by aborting it; anything else shows as a value that never comes.
    }
  })();
  return seen;
}
