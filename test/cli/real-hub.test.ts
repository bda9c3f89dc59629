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

test('a watch notices that the hub is gone and goes on trying', async () => {
  const watch = startCli(['health', '--watch', '--json', '--hub', hub.url]);
  await vi.waitFor(() => expect(watch.stdout()).toContain('"present"'), patience);
  await hub.kill();
  await vi.waitFor(() => expect(watch.stdout()).toContain('"lost"'), patience);
  watch.stop();
  expect((await watch.ended).exitCode).toBe(0);
  expect((await cli('status')).exitCode).toBe(3);
});
