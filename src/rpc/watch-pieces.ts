import type { WatchResponse } from './watch.ts';

/**
 * Cuts the events of a watch so that none has more than `bytesMax` of items (a single larger item goes alone): a
 * feed bounds an event by count only, and 500 large items would be more than a client takes in one message.
 */
export async function* inPieces<Item>(
  events: AsyncIterable<WatchResponse<Item>>,
  options: { readonly bytesMax: number; readonly bytesOf: (item: Item) => number },
): AsyncGenerator<WatchResponse<Item>, void, undefined> {
  for await (const response of events) {
    const { event } = response;
    if (event.case !== 'snapshot' && event.case !== 'update') {
      yield response;
      continue;
    }
    const pieces = cut(event.value.items, options);
    for (const [at, items] of pieces.entries()) {
      if (event.case === 'update') yield { event: { case: 'update', value: { items } } };
      else {
        const last = event.value.last && at === pieces.length - 1;
        yield { event: { case: 'snapshot', value: { items, last } } };
      }
    }
  }
}

/** At least one piece, so that an empty snapshot is still sent. */
function cut<Item>(
  items: readonly Item[],
  { bytesMax, bytesOf }: { readonly bytesMax: number; readonly bytesOf: (item: Item) => number },
): Item[][] {
  let piece: Item[] = [];
  const pieces = [piece];
  let bytes = 0;
  for (const item of items) {
    const itemBytes = bytesOf(item);
    if (piece.length > 0 && bytes + itemBytes > bytesMax) {
      piece = [];
      pieces.push(piece);
      bytes = 0;
    }
    piece.push(item);
    bytes += itemBytes;
  }
  return pieces;
}
