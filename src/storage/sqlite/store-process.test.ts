import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { openSqliteStore } from './sqlite-store.ts';

const fixture = fileURLToPath(new URL('./store-process.fixture.ts', import.meta.url));

let dataDir: string;
let children: ChildProcess[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-process-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) await kill(child);
  await rm(dataDir, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Starts the fixture; `lines` yields what it prints. */
function start(mode: 'hold' | 'write'): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [fixture, mode, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

describe('one hub per folder', () => {
  test('a second process is refused with the folder, the holder and the way out', async () => {
    const { child, lines } = start('hold');
    expect((await lines.next()).value).toBe('open');
    const refused = openSqliteStore({ dataDir, clock: systemClock });
    await expect(refused).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE', metadata: { path: dataDir } });
    await expect(refused).rejects.toThrow(`Another hub holds the data folder ${dataDir}`);
    await expect(refused).rejects.toThrow(`pid ${child.pid}, started 20`);
    await expect(refused).rejects.toThrow('--data-dir');
  });

  test('a second store in the same process is refused too, and leaves the first alone', async () => {
    const first = await openSqliteStore({ dataDir, clock: systemClock });
    await expect(openSqliteStore({ dataDir, clock: systemClock })).rejects.toThrow('Another hub holds');
    const { lines } = start('hold');
    expect((await lines.next()).value).toContain('failed: Another hub holds');
    await first.check();
    await first.close();
  });

  test('the folder is free after a close, and after kill -9', async () => {
    await (await openSqliteStore({ dataDir, clock: systemClock })).close();
    const { child, lines } = start('hold');
    expect((await lines.next()).value).toBe('open');
    await kill(child);
    expect(await readFile(join(dataDir, 'switchyard.holder.json'), 'utf8')).toContain(String(child.pid));
    await (await openSqliteStore({ dataDir, clock: systemClock })).close();
    await expect(readFile(join(dataDir, 'switchyard.holder.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('kill -9', () => {
  test.each([1, 2, 3])('loses nothing that was acknowledged (run %i)', async (run) => {
    const { child, lines } = start('write');
    expect((await lines.next()).value).toBe('open');
    const acknowledged: string[] = [];
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      acknowledged.push(next.value);
      // Then whatever is in the pipe, until it ends.
      if (acknowledged.length === 150 * run) child.kill('SIGKILL');
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(150 * run);

    const store = await openSqliteStore({ dataDir, clock: systemClock });
    const table = await store.table('acknowledged');
    const rows = new Map((await table.scan('', { limit: 1_000_000 })).map((row) => [row.key, row]));
    const lost = acknowledged.filter(
      (key) => Buffer.from(rows.get(key)?.value ?? []).toString() !== key.repeat(20),
    );
    expect(lost).toEqual([]);
    // What was written but not acknowledged is at most the last commit of each of the eight sides.
    expect(rows.size - acknowledged.length).toBeLessThanOrEqual(8);
    await store.close();
  });
});
