import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { Feed, type FeedEvent, type FeedFilter, type WatchOptions } from './feed.ts';

interface Item {
  readonly id: string;
  readonly value: number;
}

const evenOnly: FeedFilter<Item> = { key: 'even', matches: ({ value }) => value % 2 === 0 };

function createFeed(
  options: { tombstonesMax?: number; watchersMax?: number; itemsPerEventMax?: number } = {},
) {
  const clock = createFakeClock();
  const feed = new Feed<Item>({ clock, ...options });
  const set = (id: string, value: number): void => feed.set(id, { id, value });
  return { clock, feed, set };
}

/** A watcher that is read by hand, and keeps the state that its events add up to. */
function openWatch(feed: Feed<Item>, options: Partial<WatchOptions<Item>> = {}) {
  const abort = new AbortController();
  const events = feed.watch({ signal: abort.signal, ...options });
  const state = new Map<string, number>();
  let token = '';
  const read = async (): Promise<FeedEvent<Item>> => {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the watch has ended');
    if (value.kind === 'snapshot' || value.kind === 'update')
      for (const item of value.items) state.set(item.id, item.value);
    else if (value.kind === 'removed') for (const id of value.ids) state.delete(id);
    else if (value.kind === 'reset') state.clear();
    else token = value.resumeToken;
    return value;
  };
  const readToBookmark = async (): Promise<FeedEvent<Item>[]> => {
    const seen: FeedEvent<Item>[] = [];
    do seen.push(await read());
    while (seen.at(-1)?.kind !== 'bookmark');
    return seen;
  };
  return { read, readToBookmark, state, abort, events, token: () => token };
}

describe('a watch', () => {
  test('begins with a snapshot in pieces, then a bookmark', async () => {
    const { feed, set } = createFeed({ itemsPerEventMax: 2 });
    for (let n = 0; n < 5; n += 1) set(`k${n}`, n);
    const watch = openWatch(feed);
    const seen = await watch.readToBookmark();
    expect(
      seen.map((event) => (event.kind === 'snapshot' ? [event.items.length, event.last] : event.kind)),
    ).toEqual([[2, false], [2, false], [1, true], 'bookmark']);
  });

  test('of nothing still gets an empty last snapshot', async () => {
    const watch = openWatch(createFeed().feed);
    expect(await watch.read()).toEqual({ kind: 'snapshot', items: [], last: true });
  });

  test('that is slow gets the newest value of each item once', async () => {
    const { feed, set } = createFeed();
    set('a', 1);
    const watch = openWatch(feed);
    await watch.readToBookmark();
    for (let value = 2; value < 100; value += 1) set('a', value);
    set('b', 7);
    const seen = await watch.readToBookmark();
    expect(seen[0]).toEqual({
      kind: 'update',
      items: [
        { id: 'a', value: 99 },
        { id: 'b', value: 7 },
      ],
    });
    expect(seen).toHaveLength(2);
  });

  test('hears of what changes while its snapshot is on the way', async () => {
    const { feed, set } = createFeed({ itemsPerEventMax: 1 });
    set('a', 1);
    set('b', 1);
    const watch = openWatch(feed);
    await watch.read();
    set('a', 2);
    feed.delete('b');
    await watch.readToBookmark();
    expect([...watch.state]).toEqual([['a', 2]]);
  });

  test('is told when an item leaves its filter, and of nothing that never was in it', async () => {
    const { feed, set } = createFeed();
    set('a', 2);
    set('odd', 1);
    const watch = openWatch(feed, { filter: evenOnly });
    await watch.readToBookmark();
    set('a', 3);
    set('odd', 5);
    expect(await watch.read()).toEqual({ kind: 'removed', ids: ['a'] });
  });

  test('that is idle gets a bookmark every 10 s', async () => {
    const { clock, feed } = createFeed();
    const watch = openWatch(feed);
    await watch.readToBookmark();
    const next = watch.read();
    await clock.advance(9999);
    let arrived = false;
    void next.then(() => (arrived = true));
    await clock.advance(0);
    expect(arrived).toBe(false);
    await clock.advance(1);
    expect((await next).kind).toBe('bookmark');
  });

  test('ends when its signal aborts, and leaves no timer', async () => {
    const { clock, feed } = createFeed();
    const watch = openWatch(feed);
    await watch.readToBookmark();
    const next = watch.events.next();
    await clock.advance(0);
    watch.abort.abort();
    expect((await next).done).toBe(true);
    expect(feed.watchers).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that takes nothing for 60 s is cut, the others go on', async () => {
    const { clock, feed, set } = createFeed();
    const stalls: string[] = [];
    const stuck = openWatch(feed, { onStall: (error) => stalls.push(error.reason) });
    const idle = openWatch(feed, { onStall: () => stalls.push('idle') });
    await stuck.read();
    const reading = (async () => {
      for await (const event of idle.events) expect(event).toBeDefined();
    })();
    set('a', 1);
    await clock.advance(59_000);
    expect(stalls).toEqual([]);
    await clock.advance(20_000);
    expect(stalls).toEqual(['SLOW_READER']);
    expect((await stuck.events.next()).done).toBe(true);
    idle.abort.abort();
    await reading;
  });

  test('beyond the bound of watchers is refused', async () => {
    const { feed } = createFeed({ watchersMax: 1 });
    await openWatch(feed).read();
    await expect(openWatch(feed).read()).rejects.toMatchObject({ reason: 'CONCURRENCY_LIMITED' });
  });
});

describe('resuming', () => {
  test('sends only what changed since the token, removals included', async () => {
    const { feed, set } = createFeed();
    for (const id of ['a', 'b', 'c']) set(id, 1);
    const first = openWatch(feed);
    await first.readToBookmark();
    first.abort.abort();
    set('b', 2);
    feed.delete('c');
    const second = openWatch(feed, { resumeToken: first.token() });
    expect(await second.read()).toEqual({ kind: 'update', items: [{ id: 'b', value: 2 }] });
    expect(await second.read()).toEqual({ kind: 'removed', ids: ['c'] });
    expect((await second.read()).kind).toBe('bookmark');
  });

  test('with nothing changed sends a bookmark alone', async () => {
    const { feed, set } = createFeed();
    set('a', 1);
    const first = openWatch(feed);
    await first.readToBookmark();
    const second = openWatch(feed, { resumeToken: first.token() });
    expect((await second.read()).kind).toBe('bookmark');
  });

  test.each([
    ['of another filter', (token: string) => token, { filter: evenOnly }],
    ['that is no token', () => 'nonsense', {}],
    [
      'of another run of the hub',
      (token: string) => Buffer.from(`x${Buffer.from(token, 'base64url').toString()}`).toString('base64url'),
      {},
    ],
  ])('with a token %s is reset and starts with a snapshot', async (_name, forge, options) => {
    const { feed, set } = createFeed();
    set('a', 2);
    const first = openWatch(feed);
    await first.readToBookmark();
    const second = openWatch(feed, { ...options, resumeToken: forge(first.token()) });
    expect((await second.read()).kind).toBe('reset');
    expect((await second.read()).kind).toBe('snapshot');
  });

  test('with a token older than the remembered deletions is reset', async () => {
    const { feed, set } = createFeed({ tombstonesMax: 2 });
    for (let n = 0; n < 5; n += 1) set(`k${n}`, n);
    const first = openWatch(feed);
    await first.readToBookmark();
    for (let n = 0; n < 2; n += 1) feed.delete(`k${n}`);
    const inTime = openWatch(feed, { resumeToken: first.token() });
    expect(await inTime.read()).toEqual({ kind: 'removed', ids: ['k0', 'k1'] });
    feed.delete('k2');
    const late = openWatch(feed, { resumeToken: first.token() });
    expect((await late.read()).kind).toBe('reset');
  });
});

test('whatever happens, a watcher that reads to a bookmark holds exactly what the feed holds, also across resumes', async () => {
  const change = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    value: fc.integer({ min: -1, max: 5 }),
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('change' as const), change }),
    fc.record({ kind: fc.constantFrom('read' as const, 'sync' as const, 'reconnect' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, filtered) => {
      const { feed, set } = createFeed({ tombstonesMax: 2, itemsPerEventMax: 2 });
      const filter = filtered ? evenOnly : undefined;
      let watch = openWatch(feed, { filter });
      const check = async (): Promise<void> => {
        await watch.readToBookmark();
        const held = [...feed.values()].filter((item) => filter?.matches(item) ?? true);
        expect(new Map(watch.state)).toEqual(new Map(held.map(({ id, value }) => [id, value])));
      };
      for (const one of steps) {
        if (one.kind === 'change') {
          if (one.change.value < 0) feed.delete(one.change.key);
          else set(one.change.key, one.change.value);
          // Leaves something to read, so that `read` does not wait for the idle bookmark.
          set('pulse', (feed.get('pulse')?.value ?? 0) + 2);
        } else if (one.kind === 'sync') {
          set('pulse', (feed.get('pulse')?.value ?? 0) + 2);
          await check();
        } else if (one.kind === 'reconnect') {
          set('pulse', (feed.get('pulse')?.value ?? 0) + 2);
          await check();
          const { state, token, abort } = watch;
          const before = new Map(state);
          abort.abort();
          watch = openWatch(feed, { filter, resumeToken: token() });
          for (const [id, value] of before) watch.state.set(id, value);
        }
      }
      set('pulse', (feed.get('pulse')?.value ?? 0) + 2);
      await check();
      watch.abort.abort();
    }),
    { numRuns: 100 },
  );
});
