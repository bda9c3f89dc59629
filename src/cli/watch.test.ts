import { Code, ConnectError } from '@connectrpc/connect';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { watchChanges } from './watch.ts';
import type { WatchChange, WatchResponse } from './watch.ts';

interface Item {
  readonly id: string;
  readonly value: number;
}
type Event = WatchResponse<Item>['event'];

const snapshot = (items: Item[], last = true): Event => ({ case: 'snapshot', value: { items, last } });
const update = (...items: Item[]): Event => ({ case: 'update', value: { items } });
const bookmark = (resumeToken: string): Event => ({ case: 'bookmark', value: { resumeToken } });
const lost = new ConnectError('gone', Code.Unavailable);
const a = (value: number): Item => ({ id: 'a', value });
const b = (value: number): Item => ({ id: 'b', value });

/** Runs a watch over streams, each a list of events that ends with an error or, without one, in the end of the watch. */
async function watch(streams: readonly { events: readonly Event[]; error?: Error }[]) {
  const clock = createFakeClock();
  const ending = new AbortController();
  const changes: WatchChange<Item>[] = [];
  const tokens: string[] = [];
  const running = watchChanges<Item>({
    async *open(resumeToken) {
      const stream = streams[tokens.length];
      tokens.push(resumeToken);
      for (const event of stream?.events ?? []) yield { event };
      if (stream?.error !== undefined) throw stream.error;
      ending.abort();
    },
    idOf: ({ id }) => id,
    onChange: (change) => changes.push(change),
    clock,
    signal: ending.signal,
    firstEventMs: 1000,
  });
  let isOver = false;
  const over = (): void => void (isOver = true);
  running.then(over, over);
  await vi.waitFor(async () => {
    await clock.advance(6_000);
    expect(isOver).toBe(true);
  });
  await running;
  return { changes, tokens };
}

test('tells what is there, then what changed, with what was before', async () => {
  const { changes } = await watch([
    {
      events: [
        snapshot([a(1)], false),
        snapshot([b(1)]),
        update(a(2)),
        { case: 'removed', value: { ids: ['b'] } },
        update({ id: 'c', value: 1 }),
      ],
    },
  ]);
  expect(changes).toEqual([
    { kind: 'present', item: a(1) },
    { kind: 'present', item: b(1) },
    { kind: 'changed', item: a(2), before: a(1) },
    { kind: 'removed', id: 'b', before: b(1) },
    { kind: 'changed', item: { id: 'c', value: 1 }, before: undefined },
  ]);
});

test('after a loss it resumes with the last token, and says so once', async () => {
  const { changes, tokens } = await watch([
    { events: [snapshot([a(1)]), bookmark('t1'), bookmark('t2')], error: lost },
    { events: [], error: lost },
    { events: [], error: lost },
    { events: [update(a(2))] },
  ]);
  expect(tokens).toEqual(['', 't2', 't2', 't2']);
  expect(changes).toEqual([
    { kind: 'present', item: a(1) },
    { kind: 'lost', message: 'gone' },
    { kind: 'resumed', continued: true },
    { kind: 'changed', item: a(2), before: a(1) },
  ]);
});

test('when the hub has forgotten the token, the differences to what was known are told', async () => {
  const { changes } = await watch([
    { events: [snapshot([a(1), b(1)]), bookmark('t')], error: lost },
    { events: [{ case: 'reset', value: {} }, snapshot([a(2)])] },
  ]);
  expect(changes.slice(2)).toEqual([
    { kind: 'lost', message: 'gone' },
    { kind: 'resumed', continued: false },
    { kind: 'changed', item: a(2), before: a(1) },
    { kind: 'removed', id: 'b', before: b(1) },
  ]);
});

test('a refusal ends the watch, and so does a loss before anything was seen', async () => {
  const refusal = new ConnectError('no', Code.InvalidArgument);
  await expect(watch([{ events: [snapshot([])], error: refusal }])).rejects.toThrow('no');
  await expect(watch([{ events: [], error: lost }])).rejects.toThrow('gone');
});

test('a hub that says nothing at first is given up', async () => {
  const clock = createFakeClock();
  const running = watchChanges<Item>({
    // eslint-disable-next-line require-yield -- it is about saying nothing
    async *open(_token, signal) {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
    idOf: ({ id }) => id,
    onChange: () => undefined,
    clock,
    signal: new AbortController().signal,
    firstEventMs: 1000,
  });
  const outcome = expect(running).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  await clock.advance(1000);
  await outcome;
});

test('whatever happens on the way, the changes add up to the state of the hub', async () => {
  const item = fc.record(
    { id: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.integer({ min: 0, max: 3 }) },
    { noNullPrototype: true },
  );
  const step = fc.oneof(
    item.map((changed) => ({ do: 'update', changed }) as const),
    fc.constantFrom('a', 'b', 'c', 'd').map((id) => ({ do: 'remove', id }) as const),
    fc.constant({ do: 'lose' } as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      // The hub's side: what changes is sent, and after a loss everything is sent anew.
      const state = new Map<string, Item>();
      const streams: { events: Event[]; error?: Error }[] = [{ events: [snapshot([])] }];
      for (const one of steps) {
        const events = streams.at(-1)?.events;
        if (one.do === 'update') {
          state.set(one.changed.id, one.changed);
          events?.push(update(one.changed));
        } else if (one.do === 'remove') {
          state.delete(one.id);
          events?.push({ case: 'removed', value: { ids: [one.id] } });
        } else {
          const stream = streams.at(-1);
          if (stream !== undefined) stream.error = lost;
          streams.push({ events: [{ case: 'reset', value: {} }, snapshot([...state.values()])] });
        }
      }
      const seen = new Map<string, Item>();
      for (const change of (await watch(streams)).changes) {
        if (change.kind === 'present' || change.kind === 'changed') seen.set(change.item.id, change.item);
        if (change.kind === 'removed') seen.delete(change.id);
      }
      expect(seen).toEqual(state);
    }),
    { numRuns: 50 },
  );
});
