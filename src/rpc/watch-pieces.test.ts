import { expect, test } from 'vitest';
import type { WatchResponse } from './watch.ts';
import { inPieces } from './watch-pieces.ts';

type Event = WatchResponse<string>['event'];

async function pieces(...events: readonly Event[]): Promise<Event[]> {
  async function* source(): AsyncGenerator<WatchResponse<string>> {
    for (const event of events) yield { event };
  }
  const cut: Event[] = [];
  for await (const { event } of inPieces(source(), { bytesMax: 10, bytesOf: (item) => item.length })) {
    cut.push(event);
  }
  return cut;
}

test('cuts a snapshot by bytes and marks only its very last piece as the last', async () => {
  const items = ['aaaa', 'bbbb', 'cccc', 'x'.repeat(30), 'd'];
  expect(await pieces({ case: 'snapshot', value: { items, last: true } })).toEqual([
    { case: 'snapshot', value: { items: ['aaaa', 'bbbb'], last: false } },
    { case: 'snapshot', value: { items: ['cccc'], last: false } },
    { case: 'snapshot', value: { items: ['x'.repeat(30)], last: false } },
    { case: 'snapshot', value: { items: ['d'], last: true } },
  ]);
  expect(await pieces({ case: 'snapshot', value: { items: ['a'], last: false } })).toEqual([
    { case: 'snapshot', value: { items: ['a'], last: false } },
  ]);
});

test('cuts updates, and leaves empty snapshots and everything else as they are', async () => {
  const others: Event[] = [
    { case: 'snapshot', value: { items: [], last: true } },
    { case: 'removed', value: { ids: ['a'.repeat(20), 'b'] } },
    { case: 'bookmark', value: { resumeToken: 't' } },
    { case: 'reset', value: {} },
  ];
  expect(await pieces(...others)).toEqual(others);
  expect(await pieces({ case: 'update', value: { items: ['a'.repeat(6), 'b'.repeat(6)] } })).toEqual([
    { case: 'update', value: { items: ['aaaaaa'] } },
    { case: 'update', value: { items: ['bbbbbb'] } },
  ]);
});
