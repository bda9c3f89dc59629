import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { CallPool, type CallPoolOptions, type PooledConnection } from './call-pool.ts';
import { CallPools } from './call-pools.ts';
import { ConnectFault } from './connect-fault.ts';

/** A connection for one call at a time, without a socket. */
class FakeConnection implements PooledConnection {
  #reserved = 0;
  #busy = false;
  retired = false;
  usable = true;
  resting = false;
  closed = false;
  onChange: () => void = () => undefined;

  get room(): number {
    return this.usable && !this.retired && !this.#busy && this.#reserved === 0 ? 1 : 0;
  }
  reserve(): void {
    this.#reserved += 1;
  }
  release(): void {
    this.#reserved -= 1;
  }
  begin(): void {
    this.#busy = true;
  }
  finish(): void {
    this.#busy = false;
    this.resting = true;
    this.onChange();
  }
  retire(): void {
    this.retired = true;
    this.#close();
  }
  destroy(): Promise<void> {
    this.#close();
    return Promise.resolve();
  }
  #close(): void {
    this.usable = false;
    this.closed = true;
    this.onChange();
  }
}

const wait = () => ({ deadlineMs: systemClock.now() + 5000, signal: new AbortController().signal });

function poolOf(changes: Partial<CallPoolOptions<FakeConnection>> = {}) {
  const opened: FakeConnection[] = [];
  const pool = new CallPool<FakeConnection>({
    clock: systemClock,
    open: () => {
      const connection = new FakeConnection();
      opened.push(connection);
      return Promise.resolve(connection);
    },
    connectionsMax: 1,
    callsPerConnection: 1,
    ...changes,
  });
  return { pool, opened };
}

describe('a pool of connections', () => {
  test('lets calls wait for a connection in the order in which they came', async () => {
    const { pool, opened } = poolOf();
    const begun: number[] = [];
    const calls = [1, 2, 3].map((number) =>
      pool.run(wait(), async (connection) => {
        connection.begin();
        begun.push(number);
        await new Promise((resolve) => setImmediate(resolve));
        connection.finish();
      }),
    );
    await Promise.all(calls);
    expect(begun).toEqual([1, 2, 3]);
    expect(opened).toHaveLength(1);
  });

  test('does not use a connection that turned out to be dead while it rested', async () => {
    const { pool, opened } = poolOf();
    const first = await pool.run(wait(), (connection) => {
      connection.begin();
      connection.finish();
      return Promise.resolve(connection);
    });
    const next = pool.run(wait(), (connection) => Promise.resolve(connection));
    setImmediate(() => first.retire());
    expect(await next).toBe(opened[1]);
  });

  test('fails those who would have shared a connection that does not come about, and tries again for the rest', async () => {
    let attempts = 0;
    const open = (): Promise<FakeConnection> => {
      attempts += 1;
      return attempts === 1
        ? Promise.reject(new ConnectFault('connect_refused', 'nobody'))
        : Promise.resolve(new FakeConnection());
    };
    const { pool } = poolOf({ open });
    const ends = await Promise.allSettled([1, 2].map(() => pool.run(wait(), () => Promise.resolve('sent'))));
    expect(ends).toMatchObject([
      { status: 'rejected', reason: { reason: 'connect_refused' } },
      { status: 'fulfilled', value: 'sent' },
    ]);
  });

  test('closes a connection that opens after it was let go', async () => {
    const opening = Promise.withResolvers<FakeConnection>();
    const { pool } = poolOf({ open: () => opening.promise });
    const caller = new AbortController();
    const call = pool.run({ ...wait(), signal: caller.signal }, () => Promise.resolve());
    caller.abort();
    await expect(call).rejects.toMatchObject({ reason: 'cancelled' });
    pool.retire();
    const late = new FakeConnection();
    opening.resolve(late);
    await vi.waitFor(() => expect(pool.empty).toBe(true));
    expect(late.retired).toBe(true);
  });

  test('fails a call at once that was between two connections when everything ended', async () => {
    const { pool } = poolOf();
    await pool.run(wait(), (connection) => {
      connection.begin();
      connection.finish();
      return Promise.resolve();
    });
    const startMs = systemClock.monotonic();
    const begin = vi.fn(() => Promise.resolve());
    const next = pool.run(wait(), begin);
    const ended = expect(next).rejects.toMatchObject({ reason: 'connect_failed' });
    await Promise.resolve();
    await pool.destroy();
    await ended;
    expect(systemClock.monotonic() - startMs).toBeLessThan(1000);
    expect(begin).not.toHaveBeenCalled();
  });

  test('never begins a call whose deadline passed while it waited for its turn', async () => {
    const { pool } = poolOf();
    const begin = vi.fn(() => Promise.resolve());
    await expect(pool.run({ ...wait(), deadlineMs: systemClock.now() }, begin)).rejects.toMatchObject({
      reason: 'timeout',
    });
    expect(begin).not.toHaveBeenCalled();
  });
});

describe('the pools of a transport', () => {
  test('are shared by calls that agree, let go by their URI, and refused after close', async () => {
    const pools = new CallPools<FakeConnection>();
    const options = () => ({
      clock: systemClock,
      open: () => Promise.resolve(new FakeConnection()),
      connectionsMax: 1,
      callsPerConnection: 1,
    });
    const first = pools.to('tcp://a:1', ['raw'], options);
    expect(pools.to('tcp://a:1', ['raw'], options)).toBe(first);
    expect(pools.to('tcp://a:1', ['envelope'], options)).not.toBe(first);
    const other = pools.to('tcp://a:10', ['raw'], options);
    const connection = await first.run(wait(), (open) => Promise.resolve(open));
    pools.forget('tcp://a:1');
    expect(connection.retired).toBe(true);
    expect(pools.to('tcp://a:1', ['raw'], options)).not.toBe(first);
    expect(pools.to('tcp://a:10', ['raw'], options)).toBe(other);
    await pools.close();
    expect(() => pools.to('tcp://a:1', ['raw'], options)).toThrow(/shutting down/);
  });
});
