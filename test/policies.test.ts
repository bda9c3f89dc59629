import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { freePort } from './free-port.ts';
import { createHubClients, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { runCli } from './cli/run-cli.ts';

let hub: HubProcess;
let folder: string;
let config: string;
let clients: ReturnType<typeof createHubClients>;

const settings = (more = ''): string =>
  `policies:\n  - { name: quick, retry: { initial_delay: 1ms } }\n  - { name: calm, match: { types: [ledger] }, breaker: { consecutive_failures: 0, failure_rate: 0 } }\n${more}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-policies-'));
  config = join(folder, 'hub.yaml');
  await writeFile(config, settings());
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
  // Nobody listens there, so that each attempt is refused at once and counted.
  const uri = `http://127.0.0.1:${await freePort()}`;
  await clients.registry.registerSystem({
    system: { id: 'ledger_1', type: 'ledger', name: 'l', version: '1', interfaces: [{ name: 'main', uri }] },
  });
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true });
});

const ledger = { types: ['ledger'] };
const message = {
  type: 'book_entry',
  target: { target: { case: 'type' as const, value: 'ledger' } },
  payload: { case: undefined },
};

/** How often a message is tried. */
async function attempts(): Promise<number> {
  const { metadata } = await refusalOf(clients.messaging.sendMessage({ message }));
  return Number(metadata['attempts']);
}

async function restartAfter(end: () => Promise<unknown>): Promise<void> {
  await end();
  await hub.restart();
  clients = createHubClients(hub.url);
}

const originOf = async (name: string): Promise<string | undefined> =>
  (await clients.resilience.getPolicy({ name })).policy?.origin;

test('a policy that is put acts on the next message, survives kill -9, and what it replaced acts when it is deleted', async () => {
  expect(await attempts()).toBe(3);
  const put = await clients.resilience.putPolicy({
    policy: { name: 'more', match: ledger, retry: { attempts: 5 } },
  });
  expect(put).toMatchObject({
    policy: { name: 'more', origin: 'put', retry: { attempts: 5 } },
    warnings: [],
  });
  expect(await attempts()).toBe(5);

  await restartAfter(() => hub.kill());
  expect(await attempts()).toBe(5);
  expect((await clients.resilience.getPolicy({ name: 'more' })).policy).toEqual(put.policy);

  await clients.resilience.putPolicy({
    policy: { name: 'more', match: ledger, retry: { attempts: 2 } },
    etag: put.policy!.etag,
  });
  expect(await attempts()).toBe(2);
  const asked = await clients.resilience.deletePolicy({ name: 'more', validateOnly: true });
  expect(asked.changes).toMatchObject([
    { field: 'retry.attempts', before: '2', after: '3', from: 'default' },
  ]);
  expect(await attempts()).toBe(2);
  expect(await clients.resilience.deletePolicy({ name: 'more' })).toEqual(asked);
  expect(await attempts()).toBe(3);

  await restartAfter(() => hub.kill());
  expect(await attempts()).toBe(3);
  expect(await refusalOf(clients.resilience.getPolicy({ name: 'more' }))).toMatchObject({
    reason: 'POLICY_NOT_FOUND',
  });
});

test('a breaker that is put holds at once for the breakers that there are', async () => {
  const breaker = { consecutiveFailures: 2, openFor: { seconds: 60n } };
  const { warnings } = await clients.resilience.putPolicy({
    policy: { name: 'strict', match: ledger, breaker },
  });
  expect(warnings).toEqual([
    expect.stringMatching(/^breaker change at once for all messages to ledger_1/) as string,
  ]);
  expect(await refusalOf(clients.messaging.sendMessage({ message }))).toMatchObject({ code: 'UNAVAILABLE' });
  const { breakers } = await clients.resilience.listBreakers({});
  expect(breakers).toMatchObject([{ systemId: 'ledger_1', state: BreakerState.OPEN }]);
  await clients.resilience.deletePolicy({ name: 'strict' });
  await clients.resilience.resetBreaker({ systemId: 'ledger_1' });
  expect(await attempts()).toBe(3);
});

test('puts that come together go by etags: one creates, one changes, the others are refused', async () => {
  const put = (etag: string, count: number) =>
    clients.resilience
      .putPolicy({ policy: { name: 'race', match: ledger, retry: { attempts: count } }, etag })
      .then(({ policy }) => policy?.etag ?? '');
  const outcomes = async (puts: readonly Promise<string>[]): Promise<string[]> => {
    const settled = await Promise.allSettled(puts);
    return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  };
  const created = await outcomes(Array.from({ length: 8 }, (_, at) => put('*', at + 1)));
  expect(created).toHaveLength(1);
  const changed = await outcomes(Array.from({ length: 8 }, (_, at) => put(created[0]!, at + 1)));
  expect(changed).toHaveLength(1);
  expect(await refusalOf(put(created[0]!, 1))).toMatchObject({
    code: 'ABORTED',
    reason: 'ETAG_MISMATCH',
    metadata: { current_etag: changed[0] },
  });
  await clients.resilience.deletePolicy({ name: 'race', etag: changed[0]! });
});

test('a policy that contradicts itself is refused with every field and reason, and nothing is kept', async () => {
  const refusal = await refusalOf(
    clients.resilience.putPolicy({
      policy: {
        name: 'wrong',
        match: { messageTypes: ['book_entry'], types: ['ledger'] },
        timeout: { seconds: 1n },
        attemptTimeout: { seconds: 2n },
        retry: { factor: NaN, attempts: 0 },
        breaker: { halfOpenCalls: 0 },
        limits: { callerRate: { perSecond: -1 } },
        fallback: [{ step: { case: 'target', value: { target: { case: 'type', value: 'ledger' } } } }],
      },
    }),
  );
  expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' });
  expect([...refusal.fields].sort()).toEqual([
    'policy.attempt_timeout',
    'policy.breaker',
    'policy.breaker.half_open_calls',
    'policy.fallback[0].target',
    'policy.limits.caller_rate.per_second',
    'policy.retry.attempts',
    'policy.retry.factor',
  ]);
  expect(await refusalOf(clients.resilience.getPolicy({ name: 'wrong' }))).toMatchObject({
    reason: 'POLICY_NOT_FOUND',
  });
});

test('the configuration keeps its names, takes others, and gives them back; no message is in doubt meanwhile', async () => {
  const putOf = (name: string) =>
    clients.resilience.putPolicy({ policy: { name, match: ledger, retry: { attempts: 5 } } });
  expect(await refusalOf(putOf('quick'))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'POLICY_OWNED',
    metadata: { owner: 'configuration' },
  });
  expect(await refusalOf(clients.resilience.deletePolicy({ name: 'quick' }))).toMatchObject({
    reason: 'POLICY_OWNED',
  });

  await putOf('taken');
  await writeFile(
    config,
    settings('  - { name: taken, match: { types: [ledger] }, retry: { attempts: 4 } }\n'),
  );
  await expect.poll(() => originOf('taken'), { timeout: 20_000 }).toBe('configuration');
  expect(await attempts()).toBe(4);
  await writeFile(config, settings());
  await expect.poll(() => originOf('taken'), { timeout: 20_000 }).toBe('put');
  expect(await attempts()).toBe(5);
  await clients.resilience.deletePolicy({ name: 'taken' });
});

test('applying and pruning a catalog leaves alone what was put', async () => {
  await clients.resilience.putPolicy({ policy: { name: 'mine', match: ledger, retry: { attempts: 5 } } });
  await clients.resilience.putPolicy({ policy: { name: 'shared', match: ledger, panic: false } });
  const apply = (policies: { name: string; match: typeof ledger; retry: { attempts: number } }[]) =>
    clients.registry.applyCatalog({ catalog: { name: 'ledgers', policies }, prune: true });
  await apply([
    { name: 'theirs', match: ledger, retry: { attempts: 2 } },
    { name: 'shared', match: ledger, retry: { attempts: 2 } },
  ]);
  expect([await originOf('mine'), await originOf('shared'), await attempts()]).toEqual([
    'put',
    'catalog:ledgers',
    5,
  ]);
  await apply([]);
  expect([await originOf('mine'), await originOf('shared'), await attempts()]).toEqual(['put', 'put', 5]);
  for (const name of ['mine', 'shared']) await clients.resilience.deletePolicy({ name });
});

test('the command line puts a file, shows it in the same form, and says what falls back to what', async () => {
  const run = (...args: string[]) => runCli(['policies', ...args, '--hub', hub.url]);
  const file = join(folder, 'ledger.yaml');
  const text = `name: ledger.reads
match:
  types:
    - ledger
timeout: 5s
retry:
  attempts: 4
  on:
    - connect-failure
fallback:
  - target: type:ledger_archive
    timeout: 2s
  - static_reply:
      json:
        rate: 1.5
`;
  await writeFile(file, text);
  const warning = 'warning: fallback[0]: no registered system is type:ledger_archive now\n';
  expect(await run('put', '-f', file, '--validate-only')).toEqual({
    exitCode: 0,
    stdout: 'ledger.reads is valid; nothing was changed\n',
    stderr: warning,
  });
  const put = await run('put', '-f', file, '--etag', '*');
  expect(put).toMatchObject({ exitCode: 0, stderr: warning });
  expect(put.stdout).toMatch(/^ledger\.reads put, etag \S+\n$/);
  expect((await run('get', 'ledger.reads')).stdout.replace(/^# from put .*\n/, '')).toBe(text);
  const printed = join(folder, 'printed.json');
  await writeFile(printed, (await run('get', 'ledger.reads', '-o', 'json')).stdout);
  expect((await run('put', '-f', printed, '--dry-run')).exitCode).toBe(0);
  expect((await run()).stdout).toMatch(/^ledger\.reads +put +types: \[ledger\]/m);

  await writeFile(file, text.replace('attempts: 4', 'attempts: 4\n  initial_delay: 1m\n  max_delay: 1s'));
  const refused = await run('put', '-f', file);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  await writeFile(file, text.replace('5s', '5y'));
  expect(await run('put', '-f', file)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`${file}:5:1: timeout: must be a duration`) as string,
  });

  const deleted = await run('delete', 'ledger.reads');
  expect(deleted).toMatchObject({ exitCode: 0, stderr: '' });
  expect(deleted.stdout).toMatch(
    /^ledger\.reads deleted\nFIELD +WAS +BECOMES +FROM\ntimeout +5s +1m +default\n/,
  );
  expect(await run('delete', 'ledger.reads')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('POLICY_NOT_FOUND') as string,
  });
}, 60_000);
