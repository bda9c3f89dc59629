import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ErrorInfoSchema, RetryInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { createHubClients } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

const settings = `
policies:
  - name: quick
    retry: { attempts: 1, initial_delay: 1ms }
  - name: patient
    match: { message_types: [flaky] }
    retry: { attempts: 3, on: ['503'] }
  - name: by-type
    match: { types: [bank] }
    breaker: { scope: MESSAGE_TYPE, consecutive_failures: 2, open_for: 1h }
`;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;
/** Fails every `report`, and the first two attempts of a `flaky`. */
let target: Server;
/** What `X-Previous-Attempts` said of each `flaky`. */
const previousAttempts: (string | undefined)[] = [];

beforeAll(async () => {
  target = createServer((request, response) => {
    request.resume();
    const type = request.headers['x-message-type'];
    const previous = request.headers['x-previous-attempts']?.toString();
    if (type === 'flaky') previousAttempts.push(previous);
    const fails = type === 'report' || (type === 'flaky' && previous !== '2');
    response.writeHead(fails ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const { port } = target.address() as AddressInfo;
  folder = await mkdtemp(join(tmpdir(), 'switchyard-breakers-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
  for (const id of ['bank', 'shop']) {
    const interfaces = [{ name: 'main', uri: `http://127.0.0.1:${port}` }];
    await clients.registry.registerSystem({ system: { id, type: id, name: id, version: '1', interfaces } });
  }
});
afterAll(async () => {
  await hub.dispose();
  target.close();
  target.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

/** `ok`, or the reason with the wait that RetryInfo asks for. */
async function send(systemId: string, type: string): Promise<string> {
  try {
    await clients.messaging.sendMessage({
      message: {
        type,
        target: { target: { case: 'systemId', value: systemId } },
        payload: { case: undefined },
      },
      repeatSafety: RepeatSafety.SAFE,
    });
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    const [info] = thrown.findDetails(ErrorInfoSchema);
    const [retry] = thrown.findDetails(RetryInfoSchema);
    const delay = retry?.retryDelay;
    return `${info?.reason}, ${delay === undefined ? 'no wait' : `${Math.ceil(durationMs(delay) / 60_000)} min`}`;
  }
}

/** Breakers of a system: the name behind the system's, and the state. */
async function states(systemId: string): Promise<readonly string[]> {
  const { breakers } = await clients.resilience.listBreakers({ systemId });
  return breakers.map(
    ({ interface: name, messageType, state }) =>
      `${name}${messageType === '' ? '' : `/${messageType}`} ${BreakerState[state]}`,
  );
}

test('a message type that fails opens its own breaker, and the others pass', async () => {
  for (let sent = 0; sent < 2; sent += 1) expect(await send('bank', 'report')).toBe('TARGET_FAILED, no wait');
  expect(await send('bank', 'report')).toBe('BREAKER_OPEN, 60 min');
  expect(await send('bank', 'pay')).toBe('ok');
  expect(await states('bank')).toEqual(['main CLOSED', 'main/pay CLOSED', 'main/report OPEN']);
});

test('a breaker that is forced open says when to come back if it has an end, and nothing if not', async () => {
  await clients.resilience.tripBreaker({ systemId: 'shop' });
  expect(await send('shop', 'pay')).toBe('BREAKER_OPEN, no wait');
  await clients.resilience.tripBreaker({ systemId: 'shop', duration: { seconds: 600n } });
  expect(await send('shop', 'pay')).toBe('BREAKER_OPEN, 10 min');
  await clients.resilience.resetBreaker({ systemId: 'shop' });
  expect(await send('shop', 'pay')).toBe('ok');
});

test('the target is told of the attempts before, and the history of what happened', async () => {
  expect(await send('shop', 'flaky')).toBe('ok');
  expect(previousAttempts).toEqual([undefined, '1', '2']);
  const { transitions } = await clients.resilience.listBreakerTransitions({ systemId: 'shop' });
  expect(transitions.map(({ from, to }) => `${BreakerState[from]} ${BreakerState[to]}`)).toEqual([
    'FORCED_OPEN CLOSED',
    'FORCED_OPEN FORCED_OPEN',
    'CLOSED FORCED_OPEN',
  ]);
  expect(transitions[0]?.cause).toMatch(/^reset by /);
});

test('what is forced, of an interface or of a type, survives a restart', async () => {
  const { resilience } = clients;
  await resilience.tripBreaker({ systemId: 'bank', messageType: 'pay', cause: 'moving house' });
  await resilience.tripBreaker({ systemId: 'shop', state: BreakerState.FORCED_CLOSED });
  await hub.restart();
  clients = createHubClients(hub.url);
  expect(await send('bank', 'pay')).toBe('BREAKER_OPEN, no wait');
  expect(await states('bank')).toEqual(['main CLOSED', 'main/pay FORCED_OPEN']);
  for (let sent = 0; sent < 10; sent += 1)
    expect(await send('shop', 'report')).toBe('TARGET_FAILED, no wait');
  expect(await states('shop')).toEqual(['main FORCED_CLOSED']);
});
