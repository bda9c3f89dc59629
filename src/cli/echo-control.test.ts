import { request } from 'node:http';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createBehaviourSwitch, wellBehaved } from './echo-behaviour.ts';
import { parseControlPort, startEchoControl } from './echo-control.ts';
import type { EchoControl } from './echo-control.ts';
import { startEchoServers } from './echo-servers.ts';
import type { RunningServers } from './echo-servers.ts';

const anyPort = '127.0.0.1:0';
let servers: RunningServers;
let control: EchoControl;

beforeEach(async () => {
  const behaviour = createBehaviourSwitch(wellBehaved);
  servers = await startEchoServers(
    { id: 'echo', behaviour, clock: systemClock, random: systemRandom, onMessage: () => undefined },
    create(SystemSchema, { id: 'echo' }),
    { http: anyPort, grpc: anyPort },
  );
  control = await startEchoControl(0, async (next) => {
    behaviour.set(next);
    await servers.refuse(next.refuses);
  });
});

afterEach(async () => {
  await control[Symbol.asyncDispose]();
  await servers[Symbol.asyncDispose]();
});

async function tell(body: unknown): Promise<number> {
  const response = await fetch(control.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return response.status;
}

function send(signal?: AbortSignal): Promise<Response> {
  return fetch(`${servers.http}/api/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ payload: 1 }),
    ...(signal !== undefined && { signal }),
  });
}

test('a system fails as it is told, and is well again after {}', async () => {
  expect((await send()).status).toBe(200);
  expect(await tell({ status: 502 })).toBe(200);
  expect((await send()).status).toBe(502);
  expect((await fetch(`${servers.http}/health`)).status).toBe(200);
  expect(await tell({})).toBe(200);
  expect((await send()).status).toBe(200);
});

test('a system that hangs answers neither messages nor health checks until it is told otherwise', async () => {
  await tell({ hangs: true });
  const hanging = [send(), fetch(`${servers.http}/health`)];
  const givenUp = new AbortController();
  const abandoned = send(givenUp.signal);
  // Another behaviour that hangs as well, and an answer from the control: the three had their time.
  await tell({ hangs: true, delay_ms: 1 });
  expect(await Promise.race([...hanging, Promise.resolve('hangs')])).toBe('hangs');
  givenUp.abort();
  await expect(abandoned).rejects.toThrow(/aborted/);
  await tell({});
  for (const answer of hanging) expect((await answer).status).toBe(200);
});

test('a system that refuses takes no connection, breaks those that it has, and comes back at the same address', async () => {
  await tell({ hangs: true });
  const broken = send();
  const ended = expect(broken).rejects.toThrow('fetch failed');
  await tell({ refuses: true });
  await ended;
  await expect(send()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  expect(await tell({ refuses: true })).toBe(200);
  expect(await tell({})).toBe(200);
  expect((await send()).status).toBe(200);
});

test.each([
  ['not JSON', 'status=503', 400],
  ['an unknown field', { delay: 3 }, 400],
  ['a value out of range', { fail_rate: 2 }, 400],
  ['too long a body', ' '.repeat(2_000), 413],
])('%s is refused and changes nothing', async (_name, body, status) => {
  expect(await tell(body)).toBe(status);
  expect((await send()).status).toBe(200);
});

test('a refusal names the field and what it may be', async () => {
  const response = await fetch(control.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"status": 999, "statu": 1}',
  });
  const { error } = (await response.json()) as { error: string };
  expect(error).toMatch(/status: .*599; .*"statu"/);
});

test('a web page cannot tell it anything: neither without a preflight nor under a host name of its own', async () => {
  const plain = await fetch(control.url, { method: 'POST', body: '{"status": 503}' });
  expect(plain.status).toBe(415);
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { host: 'evil.example', 'content-type': 'application/json' };
    request(control.url, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end('{"status": 503}');
  });
  expect(rebound).toBe(403);
  expect((await send()).status).toBe(200);
});

test('a port that is none is refused by name', () => {
  expect(parseControlPort('0')).toBe(0);
  for (const text of ['', 'a', '-1', '65536', '1.5']) {
    expect(() => parseControlPort(text)).toThrow(`--control "${text}"`);
  }
});
