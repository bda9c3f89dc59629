import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { startFaultyTarget } from './faulty-target.ts';
import { createHubClients, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { type CliResult, runCli } from './cli/run-cli.ts';

const settings = `
policies:
  - name: reads
    match: { kinds: [QUERY] }
    timeout: 10s
    retry: { attempts: 2 }
    hedge: { attempts: 1, delay: 250ms }
    reply_cache: { ttl: 60s, vary: [tenant] }
    limits: { caller_rate: { per_second: 100 } }
    fallback:
      - { target: 'type:archive', timeout: 3s }
      - { last_good: { max_age: 1h } }
      - { static_reply: { json: { balance: unknown } } }
  - name: ledgers
    match: { types: [ledger] }
    limits: { concurrency: { max_calls: 8, queue: 4 } }
`;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;
let target: Awaited<ReturnType<typeof startFaultyTarget>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-explain-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, settings);
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
  target = await startFaultyTarget('http');
  for (const [id, type] of [
    ['ledger-1', 'ledger'],
    ['ledger-2', 'ledger'],
    ['archive-1', 'archive'],
  ] as const) {
    await clients.registry.registerSystem({
      system: { id, type, name: id, version: '1', interfaces: [{ name: 'main', uri: target.uri }] },
    });
  }
  await vi.waitFor(async () => {
    const { health } = await clients.health.listHealth({});
    expect(health.map(({ status }) => status)).toEqual(health.map(() => HealthStatus.HEALTHY));
  });
  await clients.resilience.tripBreaker({ systemId: 'ledger-2', cause: 'a disk is replaced' });
});
afterAll(async () => {
  await hub.dispose();
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const question = (type = 'balance_query') => ({
  type,
  kind: Kind.QUERY,
  target: { target: { case: 'type' as const, value: 'ledger' } },
  payload: { case: 'data' as const, value: new TextEncoder().encode('7') },
});
const cli = (...args: string[]): Promise<CliResult> =>
  runCli(args, { env: { SWITCHYARD_HUB: hub.url, LC_ALL: 'C.UTF-8' } });
const explain = (...args: string[]): Promise<CliResult> =>
  cli('explain', 'type:ledger', '--type', 'balance_query', '--kind', 'query', ...args);

describe('ExplainRoute', () => {
  test('shows candidates, limits, fallbacks and the whole policy with where it comes from', async () => {
    const { plan } = await clients.messaging.explainRoute({ message: question() });
    expect(plan).toMatchObject({
      failure: '',
      attempts: 2,
      policies: ['ledgers', 'reads'],
      candidates: [
        { systemId: 'ledger-1', usable: true, effectiveWeight: 1 },
        { systemId: 'ledger-2', usable: false, breaker: BreakerState.FORCED_OPEN },
      ],
      limits: [
        { policy: 'reads', limit: 'limits.caller_rate', maximum: 100, refuses: false },
        { policy: 'ledgers', limit: 'limits.concurrency', subject: 'ledger-1', maximum: 8, current: 0 },
      ],
      fallbacks: [
        { name: 'type:archive', usable: true, candidates: [{ systemId: 'archive-1', usable: true }] },
        { name: 'last_good', usable: false },
        { name: 'static_reply', usable: true },
      ],
      policy: { timeout: { seconds: 10n }, retry: { attempts: 2, factor: 2 }, replyCache: { shared: false } },
      provenance: { timeout: 'reads', 'retry.attempts': 'reads', 'limits.concurrency.max_calls': 'ledgers' },
    });
    expect(plan?.provenance).not.toHaveProperty('retry.factor');
    expect(plan?.hedgeDelay).toMatchObject({ nanos: 250_000_000 });
    expect(plan?.replyCache).toMatch(/^has no reply to this question/);
    expect(plan?.fallbacks[0]?.reason).toBe('asks archive-1 first, at most 2 attempts in 3s');
  });

  test('says that nobody can be asked only when nothing would answer either', async () => {
    const nowhere = { ...question(), target: { target: { case: 'type' as const, value: 'nothing' } } };
    const answered = await clients.messaging.explainRoute({ message: nowhere });
    expect(answered.plan).toMatchObject({ failure: '', candidates: [] });
    const failed = await clients.messaging.explainRoute({ message: { ...nowhere, kind: Kind.COMMAND } });
    expect(failed.plan).toMatchObject({ failure: 'NO_ROUTE', fallbacks: [], replyCache: '' });
  });
});

describe('a reply of a SAFE message', () => {
  test('is given again until somebody invalidates it', async () => {
    const ask = async (type: string): Promise<boolean | undefined> =>
      (await clients.messaging.sendMessage({ message: question(type) })).delivery?.cached;
    expect([await ask('rate_query'), await ask('rate_query')]).toEqual([false, true]);
    const { plan } = await clients.messaging.explainRoute({ message: question('rate_query') });
    expect(plan?.replyCache).toMatch(/^would answer with the reply that is .* old/);
    expect(plan?.fallbacks[1]).toMatchObject({ name: 'last_good', usable: true });

    expect(await cli('replies', 'invalidate', '--type', 'other')).toMatchObject({
      exitCode: 0,
      stdout: 'Forgot 0 replies.\n',
    });
    expect((await cli('replies', 'invalidate', 'type:ledger', '--type', 'rate_query')).stdout).toBe(
      'Forgot 1 reply.\n',
    );
    expect(await ask('rate_query')).toBe(false);
    expect(JSON.parse((await cli('replies', 'invalidate', '--all', '--json')).stdout)).toEqual({
      forgotten: 1,
    });
  });

  test('is not forgotten by a call that does not say which', async () => {
    expect(await refusalOf(clients.resilience.invalidateReplies({}))).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: ['all'],
    });
    const both = await cli('replies', 'invalidate', 'type:ledger', '--all');
    expect(both).toMatchObject({ exitCode: 1 });
    expect(both.stderr).toContain('--all');
  });
});

describe('switchyard explain', () => {
  test('draws what would happen', async () => {
    const { stdout } = await explain();
    expect(stdout).toMatchInlineSnapshot(`
      "balance_query (QUERY) to type:ledger
        │
      ┌─┴─ policy: ledgers, reads ────────────────────────────────────────────────────────────┐
      │ repeat_safety                  SAFE                                      its kind     │
      │ timeout                        10s                                       from reads   │
      │ attempt_timeout                from the time and attempts that are left  default      │
      │ retry.attempts                 2                                         from reads   │
      │ retry.initial_delay            200ms                                     default      │
      │ retry.factor                   2                                         default      │
      │ retry.max_delay                30s                                       default      │
      │ balance                        LEAST_LOADED                              default      │
      │ limits.caller_rate.per_second  100                                       from reads   │
      │ limits.concurrency.max_calls   8                                         from ledgers │
      │ limits.concurrency.queue       4                                         from ledgers │
      │ fallback                       type:archive, last_good, static_reply     from reads   │
      │ hedge.attempts                 1                                         from reads   │
      │ hedge.delay                    250ms                                     from reads   │
      │ reply_cache.ttl                1m                                        from reads   │
      │ reply_cache.vary               [tenant]                                  from reads   │
      └─┬─────────────────────────────────────────────────────────────────────────────────────┘
        │
        ├─ limits
        │  ├─ limits.caller_rate  anonymous  0 of 100 tokens taken  from reads
        │  └─ limits.concurrency  ledger-1  0 of 8 in flight  from ledgers
        │
        ├─ reply cache
        │    has no reply to this question; would keep the one that comes for 60 s, for this caller alone
        │
        ├─ candidates  (1 of 2 can be tried)
        │  ├─ 1  ledger-1/main  HTTP  HEALTHY  breaker CLOSED
        │  │    tried first: HEALTHY, 0 in flight
        │  └─ x  ledger-2/main  HTTP  HEALTHY  breaker FORCED_OPEN
        │       breaker FORCED_OPEN: tripped by anonymous: a disk is replaced; stays open until somebody
        │       resets it
        │
        ├─ hedging
        │    A second attempt is begun 250 ms after the first, while none has ended; the first reply wins,
        │    and the others are cancelled.
        │
        ├─ fallbacks
        │  ├─ 1  type:archive
        │  │  │  asks archive-1 first, at most 2 attempts in 3s
        │  │  └─ 1  archive-1/main  HTTP  HEALTHY  breaker CLOSED
        │  │       tried first: HEALTHY, 0 in flight
        │  ├─ x  last_good
        │  │    no reply to this question of the last 1h is kept
        │  └─ 3  static_reply
        │       answers with status 200, asks nobody
        │
        └─ when an attempt fails
           ├─ nothing was done  (the connection failed, or the target says so)
           │    Whatever the message is, the next candidate is asked at once; one that was asked before,
           │    after a wait. At most 2 attempts in all.
           ├─ it may have acted  (time ran out, the connection broke, 5xx)
           │    Repeated anywhere, because it is only a read.
           ├─ a definite no  (4xx)
           │    The caller is told TARGET_REJECTED, with what the target said. Nobody else is asked.
           ├─ waits
           │    up to 200 ms before the second attempt, 2 times that before the next, never more than 30
           │    s, drawn at random below it; what the target asks for instead (Retry-After) up to 5 m
           └─ no attempt is left
                The fallbacks are tried, in their order; after a definite no they are not. When none
                answers, the caller is told why.
      "
    `);
  });

  test('in ASCII where the locale has nothing else', async () => {
    const { stdout } = await runCli(['explain', 'type:ledger', '--type', 'balance_query'], {
      env: { SWITCHYARD_HUB: hub.url, LC_ALL: 'C' },
    });
    // eslint-disable-next-line no-control-regex -- whatever is not ASCII is looked for
    expect(stdout).not.toMatch(/[^\x00-\x7f]/);
    expect(stdout).toContain(
      'Never repeated, because it would act twice: the caller is told OUTCOME_UNKNOWN.',
    );
  });

  test('shows what the call itself narrows, and with -o wide every field', async () => {
    const { stdout } = await explain('--timeout', '2s', '-o', 'wide');
    expect(stdout).toMatch(/^│ timeout +2 s +this call +│$/m);
    expect(stdout).toMatch(/^│ breaker\.failure_rate +0\.5 +default +│$/m);
    expect(stdout).toMatch(/^│ reply_cache\.vary +\[tenant\] +from reads +│$/m);
  });

  test('asks with the headers and the payload of the message', async () => {
    await clients.messaging.sendMessage({ message: { ...question(), headers: { tenant: 'acme' } } });
    expect((await explain('-d', '7')).stdout).toContain('has no reply to this question');
    const same = await explain(
      '-d',
      '7',
      '--content-type',
      'application/octet-stream',
      '--header',
      'tenant=acme',
    );
    expect(same.stdout).toContain('would answer with the reply');
  });
});
