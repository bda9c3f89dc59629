import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorReasons } from '../../src/base/error-catalogue.ts';
import { attemptReasons } from '../../src/base/transport.ts';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { runCli } from './run-cli.ts';

let hub: FakeHub;
let folder: string;
beforeAll(async () => {
  hub = await startFakeHub();
  folder = await mkdtemp(join(tmpdir(), 'switchyard-cli-'));
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const cli = (...args: string[]) => runCli(args, { env: { SWITCHYARD_HUB: hub.url } });
const register = (id: string) =>
  cli(
    'systems',
    'register',
    '--id',
    id,
    '--type',
    'ledger',
    '--version',
    '1',
    '--uri',
    'rest_api=http://127.0.0.1:1',
  );
const parsed = (text: string): unknown => JSON.parse(text);

describe('systems', () => {
  test('register makes a whole system from flags', async () => {
    const result = await cli(
      ...[
        'systems',
        'register',
        '--id',
        'ledger_1',
        '--type',
        'ledger',
        '--name',
        'The ledger',
        '--version',
        '2.1',
      ],
      ...['--uri', 'rest_api=http://127.0.0.1:8001/base', '--uri', 'grpc=127.0.0.1:8002'],
      ...['--capability', 'payments.read', '--capability', 'payments.book', '--depends-on', 'bank_1'],
      ...[
        '--depends-on',
        'type:audit',
        '--label',
        'team=red',
        '--weight',
        '3',
        '--zone',
        'a',
        '--lease',
        '1.5m',
      ],
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toMatch(/^ledger_1 registered, registration id registration-\d+\n$/);
    expect(hub.registrations.at(-1)).toMatchObject({
      leaseTtl: { seconds: 90n },
      system: {
        name: 'The ledger',
        version: '2.1',
        capabilities: ['payments.read', 'payments.book'],
        interfaces: [
          { name: 'rest_api', uri: 'http://127.0.0.1:8001/base' },
          { name: 'grpc', uri: '127.0.0.1:8002' },
        ],
        dependencies: [
          { target: { target: { case: 'systemId', value: 'bank_1' } } },
          { target: { target: { case: 'type', value: 'audit' } } },
        ],
        labels: { team: 'red' },
        weight: 3,
        zone: 'a',
      },
    });
  });

  test('register names every violation on a line of its own and exits 1', async () => {
    const result = await cli('systems', 'register', '--id', 'x', '--uri', 'a=http://127.0.0.1:1');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr.split('\n')).toEqual([
      'INVALID_FIELD: system.type: is empty; system.version: is empty',
      '  --type (system.type): is empty; a slug is required',
      '  --version (system.version): is empty; required',
      'What it means and what to do: switchyard errors lookup INVALID_FIELD',
      '',
    ]);
  });

  test('register reads every system of a file, and a dry run changes nothing', async () => {
    const file = join(folder, 'systems.yaml');
    await writeFile(
      file,
      `systems:
  - {id: file_a, type: a, name: A, version: '1', interfaces: {grpc: '127.0.0.1:1'}, lease_ttl: 30s}
  - {id: file_b, type: b, name: B, version: '1', interfaces: [{name: rest, uri: 'http://127.0.0.1:2'}], dependencies: [file_a]}
`,
    );
    const before = hub.registrations.length;
    const result = await cli('systems', 'register', '-f', file, '--dry-run');
    expect(result.stdout).toBe(
      'file_a is valid; nothing was changed\nfile_b is valid; nothing was changed\n',
    );
    expect(hub.registrations.slice(before)).toMatchObject([
      {
        validateOnly: true,
        leaseTtl: { seconds: 30n },
        system: { interfaces: [{ name: 'grpc', uri: '127.0.0.1:1' }] },
      },
      { validateOnly: true, system: { dependencies: [{ target: { target: { value: 'file_a' } } }] } },
    ]);
  });

  test('what get --json prints, register -f reads back', async () => {
    await register('copy_me');
    const got = await cli('systems', 'get', 'copy_me', '--json');
    const result = await runCli(['systems', 'register', '-f', '-', '--hub', hub.url], { input: got.stdout });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'copy_me registered\n' });
  });

  test('register -f takes the form of a file that its help shows', async () => {
    const { stdout } = await cli('systems', 'register', '--help');
    const form = /^ {2}systems:\n(?: {4}.*\n)+/m.exec(stdout)?.[0] ?? '';
    const args = ['systems', 'register', '-f', '-', '--dry-run', '--hub', hub.url];
    const result = await runCli(args, { input: form });
    expect(result, result.stderr).toMatchObject({
      exitCode: 0,
      stdout: 'ledger_1 is valid; nothing was changed\n',
    });
    expect(hub.registrations.at(-1)).toMatchObject({
      leaseTtl: { seconds: 30n },
      system: {
        interfaces: [{ name: 'rest_api' }, { name: 'grpc' }],
        labels: { team: 'payments' },
        weight: 2,
      },
    });
  });

  test('a file with an unknown field is refused with its name, exit 2', async () => {
    const file = join(folder, 'typo.yaml');
    await writeFile(file, '{id: a, type: a, naem: A}');
    const result = await cli('systems', 'register', '-f', file);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/typo\.yaml:1:18: naem: no such field; allowed here are id, type, name/);
  });

  test('list follows every page and shows a table; --json one document', async () => {
    await register('page_1');
    await register('page_2');
    const table = await cli('systems', 'list', '--prefix', 'page_');
    expect(table.stdout).toMatch(/^ID +TYPE +NAME +VERSION +INTERFACES +DEPENDS ON\n/);
    expect(
      table.stdout
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['page_1', 'page_2']);
    const json = await cli('systems', 'list', '--prefix', 'page_', '--json');
    expect(parsed(json.stdout)).toMatchObject({ systems: [{ id: 'page_1' }, { id: 'page_2' }] });
  });

  test('get shows one system, and an unknown one is exit 1 with the reason', async () => {
    await register('shown');
    const found = await cli('systems', 'get', 'shown');
    expect(found.stdout).toMatch(/^id +shown\n/);
    expect(found.stdout).toContain('none, never expires');
    const missing = await cli('systems', 'get', 'nobody');
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain('SYSTEM_NOT_FOUND: No system is registered as "nobody".');
  });

  test('rm removes', async () => {
    await register('goes');
    expect(await cli('systems', 'rm', 'goes')).toMatchObject({ exitCode: 0, stdout: 'goes removed\n' });
    expect(hub.systems.has('goes')).toBe(false);
  });
});

describe('send', () => {
  test('prints the reply on standard output and the trace on standard error', async () => {
    const result = await cli('send', 'type:ledger', '--type', 'balance_query', '--json', '{"account": 7}');
    expect(result.exitCode).toBe(0);
    expect(parsed(result.stdout)).toEqual({ account: 7 });
    const lines = result.stderr.split('\n');
    expect(lines[0]).toBe('delivered by ledger_1 over rest_api in 7 ms, 2 attempts');
    expect(lines[1]).toMatch(/^# +SYSTEM +INTERFACE +VERDICT/);
    expect(lines[2]).toMatch(/^1 +ledger_2 +grpc +NOT_REACHED +connect_refused/);
  });

  test('carries every option', async () => {
    const result = await cli(
      ...['send', '--to-capability', 'payments.read', '--type', 't', '--data', 'plain', '--kind', 'query'],
      ...['--header', 'x-a=1', '--source', 'me', '--priority', 'high', '--repeat-safety', 'idempotent'],
      ...['--timeout', '2s', '--return-rejections', '--id', 'my-id', '--correlation-id', 'c'],
    );
    expect(result).toMatchObject({ exitCode: 0, stdout: 'plain' });
    const request = hub.sent.at(-1);
    expect(request).toMatchObject({
      returnRejections: true,
      repeatSafety: 2,
      timeout: { seconds: 2n },
      message: {
        id: 'my-id',
        target: { target: { case: 'capability', value: 'payments.read' } },
        kind: 5,
        priority: 3,
        source: 'me',
        headers: { 'x-a': '1' },
        correlationId: 'c',
        contentType: 'text/plain; charset=utf-8',
      },
    });
  });

  test.each([['--json'], ['--output=json']])(
    '%s prints one document with reply and delivery',
    async (flag) => {
      const payload =
        flag === '--json'
          ? ['--data', '{"a":1}', '--content-type', 'application/json']
          : ['--json', '{"a":1}'];
      const result = await cli('send', 'ledger_1', '--type', 't', ...payload, flag);
      expect(result.stderr).toBe('');
      expect(parsed(result.stdout)).toMatchObject({
        reply: { status: '200', json: { a: 1 } },
        delivery: { state: 'DELIVERY_STATE_DELIVERED', attempts: [{ number: 1 }, { number: 2 }] },
      });
    },
  );

  test('a failure shows the trace, the reason, when to try again and where to read on', async () => {
    const result = await cli('send', 'type:ledger', '--type', 'fails');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toMatch(
      /NOT_REACHED[^]*BREAKER_OPEN: every breaker of type ledger is open\n {2}try again in 12 s\n/,
    );
    expect(result.stderr).toContain('switchyard errors lookup BREAKER_OPEN');
  });

  test('with JSON output a failure is one JSON line on standard error', async () => {
    const result = await cli('send', 'type:ledger', '--type', 'fails', '--json');
    expect(parsed(result.stderr)).toMatchObject({
      error: {
        reason: 'BREAKER_OPEN',
        code: 'UNAVAILABLE',
        retryAfterMs: 12000,
        metadata: { executed: 'no' },
      },
    });
  });

  test('the payload can come from standard input, byte for byte', async () => {
    const input = '{"big": 12345678901234567890}';
    await runCli(['send', 'a', '--type', 't', '--json', '@-', '--hub', hub.url], { input });
    const payload = hub.sent.at(-1)?.message?.payload;
    expect(Buffer.from(payload?.value as Uint8Array).toString()).toBe(input);
  });
});

test('explain shows every candidate with its reason, and the rules with where they come from', async () => {
  const result = await cli('explain', 'type:ledger', '--type', 'balance_query');
  expect(result.exitCode).toBe(0);
  expect(result.stdout).toMatch(
    /─ 1 {2}ledger_1\/rest_api {2}HTTP {2}HEALTHY {2}breaker CLOSED\n.* least loaded$/m,
  );
  expect(result.stdout).toMatch(/─ x {2}ledger_2 {2}DISCONNECTED\n.* its lease ran out$/m);
  expect(result.stdout).toMatch(/^│ repeat_safety +SAFE +its kind +│$/m);
  expect(result.stdout).toMatch(/^│ retry\.attempts +3 +from reads +│$/m);
  expect(result.stdout).toMatch(/^│ retry\.initial_delay +200ms +default +│$/m);
  const json = await cli('explain', 'type:ledger', '--type', 'balance_query', '--json');
  expect(parsed(json.stdout)).toMatchObject({
    candidates: [{ usable: true }, { usable: false }],
    attempts: 3,
  });
});

test('health shows status and cause; of one system; checked now', async () => {
  const all = await cli('health');
  expect(all.stdout).toMatch(/^ledger_2 +UNHEALTHY .*connection refused$/m);
  const checked = await cli('health', 'ledger_9', '--check', '--json');
  expect(parsed(checked.stdout)).toMatchObject({ health: [{ systemId: 'ledger_9', cause: 'HTTP 200' }] });
  const missing = await cli('health', 'nobody');
  expect(missing).toMatchObject({ exitCode: 1 });
});

test('breakers are listed, tripped and reset', async () => {
  const open = await cli('breakers', '--state', 'open');
  expect(open.stdout).toMatch(/^ledger_2 +grpc +OPEN /m);
  expect(open.stdout).not.toContain('ledger_1');
  const tripped = await cli(
    'breakers',
    'trip',
    'ledger_1',
    'rest_api',
    '--for',
    '10m',
    '--cause',
    'maintenance',
  );
  expect(tripped).toMatchObject({ exitCode: 0, stdout: 'ledger_1/rest_api is FORCED_OPEN\n' });
  const reset = await cli('breakers', 'reset', 'ledger_1', '--json');
  expect(parsed(reset.stdout)).toMatchObject({ breakers: [{ state: 'BREAKER_STATE_CLOSED' }] });
});

test('breakers of one message type are named with it, and held closed', async () => {
  const held = await cli('breakers', 'trip', 'ledger_1', 'rest_api', '--type', 'pay', '--closed');
  expect(held).toMatchObject({ exitCode: 0, stdout: 'ledger_1/rest_api/pay is FORCED_CLOSED\n' });
});

test('the history of breakers is shown, the newest first, as much as is asked for', async () => {
  const history = await cli('breakers', 'history', 'ledger_1');
  expect(history.stdout).toMatch(
    /^2026-09-21T\S+Z +\S.* +ledger_1\/grpc +CLOSED +OPEN +cause 0\n[^]*cause 1\n.* ledger_1\/grpc\/pay .*cause 2\n$/m,
  );
  const two = await cli('breakers', 'history', '--limit', '2', '--json');
  expect(parsed(two.stdout)).toMatchObject({
    transitions: [
      { systemId: 'ledger_2', cause: 'cause 0', to: 'BREAKER_STATE_OPEN' },
      { systemId: 'ledger_2', cause: 'cause 1' },
    ],
  });
  expect(await cli('breakers', 'history', '--limit', '0')).toMatchObject({ exitCode: 2 });
});

test('a simulated policy is compared line by line, with what it assumes', async () => {
  const file = join(folder, 'reads.yaml');
  await writeFile(file, 'name: ledger.reads\nmatch: { types: [ledger] }\nretry: { attempts: 1 }\n');
  const result = await cli('policies', 'simulate', '-f', file, '--seed', '3');
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toContain('100 deliveries from 2026-09-21T');
  expect(result.stdout).toContain('ledger.reads matches 60.');
  expect(result.stdout).toMatch(/^ +RECORDED +NOW +PROPOSED +CHANGE$/m);
  expect(result.stdout).toMatch(/^delivered +90 +90 +70 +-20$/m);
  expect(result.stdout).toMatch(/^ {2}retries +20 +20 +0 +-20$/m);
  expect(result.stdout).toMatch(/^breakers opened +0 +0 +0 +-$/m);
  expect(result.stdout).toMatch(/^latency, 50 of 100 +1\.5 ms +1\.5 ms +0\.9 ms +-0\.6 ms$/m);
  expect(result.stdout).toMatch(/^BREAKER_OPEN +0 +0 +2 +\+2$/m);
  expect(result.stdout).toMatch(/^- seed 3 is taken\n- ledger\.reads is only proposed$/m);

  const json = await cli('policies', 'simulate', '-f', file, '--from', '2026-01-02T03:04:05Z', '--json');
  expect(parsed(json.stdout)).toMatchObject({ matched: 60, startTime: '2026-01-02T03:04:05Z' });
  expect(await cli('policies', 'simulate', '-f', file, '--from', 'yesterday')).toMatchObject({ exitCode: 2 });
  expect(await cli('policies', 'simulate', '-f', file, '--seed', '-1')).toMatchObject({ exitCode: 2 });
});

test('status shows the hub at one glance', async () => {
  const result = await cli('status');
  expect(result.stdout).toMatch(/^health +1 UNHEALTHY, 1 HEALTHY$/m);
  expect(result.stdout).toMatch(/^breakers +1 not closed$/m);
  const json = await cli('status', '--json');
  expect(parsed(json.stdout)).toMatchObject({ hub: hub.url, breakersNotClosed: [{ systemId: 'ledger_2' }] });
});

describe('errors lookup', () => {
  test('explains a reason without a hub', async () => {
    const result = await runCli(['errors', 'lookup', 'outcome_unknown', '--hub', 'http://127.0.0.1:1']);
    expect(result.stdout).toMatch(/^gRPC code +UNKNOWN$/m);
  });
  test('lists every reason as JSON', async () => {
    const { errors } = parsed((await cli('errors', 'lookup', '--json')).stdout) as {
      errors: { reason: string }[];
    };
    expect(errors.map(({ reason }) => reason)).toEqual([
      ...errorReasons,
      ...['USAGE', 'HUB_UNREACHABLE', 'HUB_TLS_FAILED', 'FAILED'],
      ...attemptReasons,
    ]);
  });
  test('an unknown reason is wrong usage', async () => {
    expect(await cli('errors', 'lookup', 'NO_SUCH_THING')).toMatchObject({ exitCode: 2 });
  });
});

describe('wrong usage is exit 2 and says what is right', () => {
  test.each([
    [['bogus'], /unknown command/],
    [['send', 'a:b', '--type', 't'], /not a target: write system:ID/],
    [['send', '--type', 't'], /name a target/],
    [['send', 'a', '--to-type', 'b', '--type', 't'], /one target only/],
    [['send', 'a', '--type', 't', '--json', '{'], /not JSON/],
    [['send', 'a', '--type', 't', '--timeout', '5'], /number and a unit/],
    [['send', 'a', '--type', 't', '--kind', 'wish'], /one of request/],
    [['send', 'a', '--type', 't', '--data', '@/no/such/file'], /no such file/],
    [['health', '--hub', 'ftp://x'], /not the URL of a hub/],
    [['systems', 'register'], /by flags/],
    [['health', '--watch', '--check'], /not both/],
    [['echo', '--fail-rate', '2'], /from 0 to 1/],
  ])('%j', async (args, message) => {
    const result = await cli(...args);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
  });
});

describe('a hub that cannot be reached is exit 3', () => {
  test.each([[['status']], [['health', '--watch']], [['send', 'a', '--type', 't']]])('%j', async (args) => {
    const result = await runCli([...args, '--hub', '127.0.0.1:1']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toMatch(
      /^HUB_UNREACHABLE: no hub at http:\/\/127\.0\.0\.1:1 \(connection refused\)/,
    );
  });

  test.each([
    ['a web server', () => createHttpServer((_request, response) => response.end('hello'))],
    ['something else', () => createServer((socket) => socket.on('error', () => undefined).end('garbage'))],
  ])('%s is no hub, and that is said without a stack', async (_what, create) => {
    const other = create();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const result = await runCli(['status', '--hub', `127.0.0.1:${port}`]);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toMatch(/^HUB_UNREACHABLE: no hub at .*\n$/);
    other.close();
  });

  test('one that never answers ends at --timeout', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const result = await runCli(['status', '--timeout', '200ms', '--hub', `127.0.0.1:${port}`]);
    expect(result).toMatchObject({ exitCode: 3 });
    expect(result.stderr).toContain('did not answer in time');
    silent.close();
  });
});
