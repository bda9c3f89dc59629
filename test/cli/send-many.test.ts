import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startFakeHub } from './fake-hub.ts';
import type { FakeHub } from './fake-hub.ts';
import { runCli, startCli } from './run-cli.ts';

let hub: FakeHub;
let folder: string;
beforeAll(async () => {
  hub = await startFakeHub();
  folder = await mkdtemp(join(tmpdir(), 'switchyard-send-'));
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const args = (...rest: string[]) => ['send', 'a', ...rest, '--hub', hub.url];
const send = (rest: string[], input?: string) => runCli(args(...rest), input === undefined ? {} : { input });
/** Payloads of the messages of a type, as text. */
const payloads = (type: string): string[] =>
  hub.sent
    .filter(({ message }) => message?.type === type)
    .map(({ message }) =>
      Buffer.from(message?.payload.case === 'data' ? message.payload.value : []).toString(),
    );

describe('one message', () => {
  test.each([
    ['-d -', ['-d', '-'], 'from input\n'],
    ['--data-file', ['--data-file', 'FILE'], 'in the file'],
    ['-d @FILE', ['-d', '@FILE'], 'in the file'],
  ])('%s sends the bytes as they are', async (what, options, expected) => {
    const file = join(folder, 'payload.txt');
    await writeFile(file, 'in the file');
    const type = `bytes ${what}`;
    const named = options.map((option) => option.replace('FILE', file));
    expect(await send([...named, '--type', type], 'from input\n')).toMatchObject({ exitCode: 0 });
    expect(payloads(type)).toEqual([expected]);
  });

  test('braces stay braces, unless --template fills them in', async () => {
    await send(['--type', 'braces', '-d', '{{n}}']);
    await send(['--type', 'braces', '-d', '{{n}}', '--template']);
    expect(payloads('braces')).toEqual(['{{n}}', '1']);
  });

  test('-o yaml prints the document as YAML', async () => {
    const result = await send(['--type', 't', '--json', '{"a": 1}', '-o', 'yaml']);
    expect(result.stdout).toMatch(/^reply:\n(?:.*\n)* {2}json:\n {4}a: 1$/m);
  });
});

describe('many messages', () => {
  test('--count fills placeholders of payload, type, header and id, and prints a line for each reply', async () => {
    const result = await send([
      ...['--count', '3', '--type', 'count-{{n}}', '--id', 'id-{{n}}', '--header', 'x-n={{n}}'],
      ...['--json', '{"n": {{n}}, "id": "{{uuid}}", "home": {{json env.HOME}}}'],
    ]);
    expect(result).toMatchObject({ exitCode: 0 });
    const replies = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { n: number; id: string });
    expect(replies.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(new Set(replies.map(({ id }) => id)).size).toBe(3);
    expect(
      hub.sent.slice(-3).map(({ message }) => [message?.type, message?.id, message?.headers['x-n']]),
    ).toEqual([1, 2, 3].map((n) => [`count-${n}`, `id-${n}`, String(n)]));
    expect(result.stderr).toMatch(/^3 sent in .*: 3 ok, 0 failed; latency p50 /);
  });

  test('--lines sends a message for each line of standard input, of any end and with empty ones between', async () => {
    const result = await send(
      ['--lines', '--type', 'lines', '-q'],
      '{"big": 12345678901234567890}\r\n\n[1]\n"end"',
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toMatch(/^3 sent /);
    expect(payloads('lines')).toEqual(['{"big": 12345678901234567890}', '[1]', '"end"']);
  });

  test('--lines of a file with a payload made of each, at most --count', async () => {
    const file = join(folder, 'rows.ndjson');
    await writeFile(file, '{"u": {"id": "x"}}\n{"u": {"id": "y"}}\n{"u": {"id": "z"}}\n');
    const options = ['--lines', '-d', `@${file}`, '--count', '2', '--type', 'made'];
    await send([...options, '--json', '{"row": {{json line}}, "id": "{{line.u.id}}"}']);
    expect(payloads('made')).toEqual([
      '{"row": {"u": {"id": "x"}}, "id": "x"}',
      '{"row": {"u": {"id": "y"}}, "id": "y"}',
    ]);
  });

  test('a line that is no JSON ends it with its number; those before it were sent, and the summary says so', async () => {
    const result = await send(['--lines', '--type', 'broken'], '1\nnot json\n3\n');
    expect(result).toMatchObject({ exitCode: 2, stdout: '1\n' });
    expect(result.stderr).toMatch(/^1 sent in [^]*error: line 2 is not JSON.*--content-type text\/plain/);
    await send(['--lines', '--type', 'text', '--content-type', 'text/plain'], 'not json\n');
    expect(payloads('text')).toEqual(['not json']);
  });

  test('failures are counted by reason and make the exit code 1; --fail-fast ends at the first', async () => {
    const lines = '"no"\n"yes"\n"yes"\n"no"\n';
    const options = ['--lines', '--type', 'some', '--json', '{}', '--header', 'fail={{line}}'];
    const result = await send([...options, '-d', '-'], lines.replaceAll('"', ''));
    expect(result).toMatchObject({ exitCode: 1, stdout: '{}\n{}\n' });
    expect(result.stderr).toMatch(/^message 2: BREAKER_OPEN: every breaker/m);
    expect(result.stderr).toMatch(/2 ok, 2 failed \(2 BREAKER_OPEN\)/);
    const quick = await send([...options, '--fail-fast', '-q', '-o', 'json'], lines.replaceAll('"', ''));
    expect(JSON.parse(quick.stdout)).toMatchObject({ sent: 2, ok: 1, failedByReason: { BREAKER_OPEN: 1 } });
    expect(quick.exitCode).toBe(1);
  });

  test('--rate alone goes on until Ctrl-C, then prints the summary and exits 130', async () => {
    const before = hub.sent.length;
    const running = startCli(args('--type', 'tick', '--rate', '200/s', '-q'));
    await vi.waitFor(() => expect(hub.sent.length).toBeGreaterThan(before + 20), { timeout: 15_000 });
    running.stop();
    const result = await running.ended;
    expect(result).toMatchObject({ exitCode: 130, stderr: '' });
    expect(result.stdout).toMatch(/^\d+ sent in .* 0 failed; latency p50/);
  });

  test('Ctrl-C while it waits for a line ends it as well', async () => {
    const running = startCli(args('--type', 'waits', '--lines'));
    running.child.stdin?.write('1\n');
    await vi.waitFor(() => expect(running.stdout()).toBe('1\n'), { timeout: 15_000 });
    running.stop();
    expect(await running.ended).toMatchObject({
      exitCode: 130,
      stderr: expect.stringMatching(/^1 sent /) as unknown,
    });
  });

  test('a hub that is not there ends it at once with exit 3', async () => {
    const result = await runCli(['send', 'a', '--type', 't', '--count', '1000', '--hub', '127.0.0.1:1']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toMatch(/^1 sent .*\(1 HUB_UNREACHABLE\)/m);
  });

  test.each([
    [['--count', '0'], /--count "0": write a whole number from 1/],
    [['--count', '2', '--concurrency', '9999'], /from 1 to 1000/],
    [['--rate', 'fast'], /--rate "fast": write messages a second/],
    [['--count', '2', '--id', 'same'], /the id of every message: write it as same-\{\{n\}\}/],
    [['--count', '2', '--json', '{{line}}'], /\{\{line\}\} needs --lines/],
    [['--count', '2', '--json', '{"a": {{uuid}}}'], /--json of message 1 is not JSON/],
    [['--count', '2', '-d', '{{what}}'], /the payload: there is no placeholder \{\{what\}\}/],
    [['--lines', '-d', 'text'], /--data @FILE or --data -/],
    [['--quiet'], /are for many messages/],
    [['-d', 'a', '--data-file', 'b'], /give the payload once/],
  ])('%j is wrong usage', async (options, message) => {
    const result = await send(['--type', 't', ...options], '');
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
  });
});
