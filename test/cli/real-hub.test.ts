import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startHub } from '../hub-process.ts';
import type { HubProcess } from '../hub-process.ts';
import { runCli, startCli } from './run-cli.ts';
import type { RunningCli } from './run-cli.ts';

// The commands against a real hub and a real echo system: one walk through all of them.

const patience = { timeout: 20_000, interval: 50 };
let hub: HubProcess;
let echo: RunningCli;
const cli = (...args: string[]) => runCli(args, { env: { SWITCHYARD_HUB: hub.url } });
const parsed = (text: string): unknown => JSON.parse(text);

beforeAll(async () => {
  hub = await startHub();
  echo = startCli([
    'echo',
    '--register',
    '--listen',
    '127.0.0.1:0',
    '--grpc-listen',
    '127.0.0.1:0',
    '--hub',
    hub.url,
  ]);
  await vi.waitFor(() => expect(echo.stdout()).toContain('Try next'), patience);
});
afterAll(async () => {
  echo.stop();
  await echo.ended;
  await hub.dispose();
});

test('the echo system is listed, and shown with its lease', async () => {
  expect((await cli('systems', 'list')).stdout).toMatch(/^echo +echo +Echo echo +1\.0\.0 +http:/m);
  expect((await cli('systems', 'get', 'echo')).stdout).toMatch(/^lease +30 s, runs out in /m);
});

test.each(['system:echo', 'type:echo', 'capability:echo'])('a message to %s comes back', async (target) => {
  const result = await cli('send', target, '--type', 'greeting', '--json', '{"hello":["world",1]}');
  expect(result).toMatchObject({ exitCode: 0 });
  expect(parsed(result.stdout)).toEqual({ hello: ['world', 1] });
  expect(result.stderr).toMatch(/^delivered by echo over \w+ in /);
});

test('explain names the candidates', async () => {
  const plan = parsed(
    (await cli('explain', 'type:echo', '--type', 'greeting', '--kind', 'query', '--json')).stdout,
  );
  expect(plan).toMatchObject({
    candidates: [{ systemId: 'echo', usable: true }, { systemId: 'echo' }],
    repeatSafety: 'REPEAT_SAFETY_SAFE',
    failure: '',
  });
  expect((await cli('explain', 'type:nobody', '--type', 'greeting')).stdout).toContain('NO_ROUTE');
});

test('a message that nobody takes is exit 1 with the reason', async () => {
  const result = await cli('send', 'type:nobody', '--type', 'greeting');
  expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  expect(result.stderr).toMatch(/^NO_ROUTE: /m);
});

test('health of the echo system is checked and shown', async () => {
  const result = await cli('health', 'echo', '--check');
  expect(result.stdout).toMatch(/^echo +HEALTHY /m);
  expect(parsed((await cli('health', '--json')).stdout)).toMatchObject({ health: [{ systemId: 'echo' }] });
});

describe('breakers', () => {
  test('a tripped breaker is watched, shown, stops messages, and is reset', async () => {
    const watch = startCli(['breakers', '--watch', '--hub', hub.url]);
    await vi.waitFor(() => expect(watch.stdout()).toContain('CLOSED'), patience);
    expect((await cli('breakers', 'trip', 'echo', '--cause', 'a test')).stdout).toContain('FORCED_OPEN');
    await vi.waitFor(() => expect(watch.stdout()).toMatch(/CLOSED → FORCED_OPEN {2}.*a test/), patience);
    expect((await cli('status')).stdout).toMatch(/^breakers +2 not closed$/m);
    const sent = await cli('send', 'echo', '--type', 'greeting');
    expect(sent.exitCode).toBe(1);
    expect(sent.stderr).toMatch(/^BREAKER_OPEN: /m);
    await cli('breakers', 'reset', 'echo');
    await vi.waitFor(() => expect(watch.stdout()).toContain('FORCED_OPEN → CLOSED'), patience);
    watch.stop();
    expect((await watch.ended).exitCode).toBe(0);
    expect((await cli('send', 'echo', '--type', 'greeting')).exitCode).toBe(0);
  });
});

test('version names this program and the hub', async () => {
  const shown = parsed((await cli('version', '-o', 'json')).stdout) as { client: string };
  expect(shown).toMatchObject({
    client: expect.stringMatching(/^\d/) as unknown,
    hub: { url: hub.url, version: shown.client },
  });
  const alone = await runCli(['version', '--hub', '127.0.0.1:1']);
  expect(alone).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^hub +unknown, it cannot be asked/m) as unknown,
  });
  expect((await cli('version', '--client')).stdout).not.toContain('hub');
});

test('many messages go through, each with its number', async () => {
  const sent = ['send', 'echo', '--type', 'n', '--json', '{"n": {{n}}}', '--count', '25'];
  const result = await cli(...sent, '--concurrency', '4');
  expect(result).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(': 25 ok, 0 failed') as unknown,
  });
  const numbers = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (parsed(line) as { n: number }).n);
  expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
});

describe('leases', () => {
  const flags = (id: string) => [
    '--id',
    id,
    '--type',
    't',
    '--version',
    '1',
    '--uri',
    'rest=http://127.0.0.1:1',
  ];

  test('a lease is renewed with the registration id that was printed; a wrong one is exit 1', async () => {
    const { stdout } = await cli('systems', 'register', ...flags('leased'), '--lease', '30s');
    const registrationId = /registration id (\S+)$/m.exec(stdout)?.[1] ?? '';
    const renewed = await cli('systems', 'renew', 'leased', '--registration-id', registrationId);
    expect(renewed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^leased renewed, runs out in/) as unknown,
    });
    await cli('systems', 'register', ...flags('leased'), '--lease', '30s');
    const lost = await cli('systems', 'renew', 'leased', '--registration-id', registrationId);
    expect(lost).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/^LEASE_LOST: /) as unknown,
    });
    await cli('systems', 'delete', 'leased');
  });

  test('register --keep renews until it is stopped, then removes the system', async () => {
    const keeper = startCli([
      'systems',
      'register',
      ...flags('kept'),
      '--lease',
      '3s',
      '--keep',
      '--hub',
      hub.url,
    ]);
    await vi.waitFor(
      () => expect(keeper.stdout()).toMatch(/^kept registered, registration id \S+, lease of 3 s/),
      patience,
    );
    const leaseEnd = async () =>
      (parsed((await cli('systems', 'get', 'kept', '--json')).stdout) as { lease: { expireTime: string } })
        .lease.expireTime;
    const first = await leaseEnd();
    await vi.waitFor(async () => expect(await leaseEnd()).not.toBe(first), patience);
    keeper.stop();
    expect(await keeper.ended).toMatchObject({ exitCode: 0, stderr: 'kept is let go of\n' });
    expect((await cli('systems', 'get', 'kept')).stderr).toMatch(/^SYSTEM_NOT_FOUND/);
  });
});

test('a watch notices that the hub is gone and goes on trying', async () => {
  const watch = startCli(['health', '--watch', '--json', '--hub', hub.url]);
  await vi.waitFor(() => expect(watch.stdout()).toContain('"present"'), patience);
  await hub.kill();
  await vi.waitFor(() => expect(watch.stdout()).toContain('"lost"'), patience);
  watch.stop();
  expect((await watch.ended).exitCode).toBe(0);
  expect((await cli('status')).exitCode).toBe(3);
});
