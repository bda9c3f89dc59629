import { HubError } from '../base/error.ts';
import type { Feed, FeedFilter } from '../base/feed.ts';
import type { CallContext } from './call.ts';

/** The event that every Watch RPC streams, each in its own message of this shape. */
export interface WatchResponse<Item> {
  event:
    | { case: 'snapshot'; value: { items: Item[]; last: boolean } }
    | { case: 'update'; value: { items: Item[] } }
    | { case: 'removed'; value: { ids: string[] } }
    | { case: 'bookmark'; value: { resumeToken: string } }
    | { case: 'reset'; value: object };
}

/**
 * Streams a feed as a Watch RPC until the caller goes away. Ends with HUB_DRAINING when the hub drains; a stalled
 * reader's stream is cut.
 */
export async function* watchFeed<T, Item>(
  feed: Feed<T>,
  options: {
    readonly filter: FeedFilter<T> | undefined;
    readonly resumeToken: string;
    readonly context: CallContext;
    readonly toItem: (value: T) => Item;
  },
): AsyncGenerator<WatchResponse<Item>, void, undefined> {
  const { context, filter, resumeToken, toItem } = options;
  const events = feed.watch({
    filter,
    resumeToken,
    signal: context.signal,
    onStall: (error) => context.terminate(error),
  });
  for await (const event of events) {
    switch (event.kind) {
      case 'snapshot':
        yield { event: { case: 'snapshot', value: { items: event.items.map(toItem), last: event.last } } };
        break;
      case 'update':
        yield { event: { case: 'update', value: { items: event.items.map(toItem) } } };
        break;
      case 'removed':
        yield { event: { case: 'removed', value: { ids: [...event.ids] } } };
        break;
      case 'bookmark':
        yield { event: { case: 'bookmark', value: { resumeToken: event.resumeToken } } };
        break;
      case 'reset':
        yield { event: { case: 'reset', value: {} } };
        break;
    }
  }
  const reason: unknown = context.signal.reason;
  if (context.signal.aborted && reason instanceof HubError) throw reason;
}
