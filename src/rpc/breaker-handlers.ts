import { BreakerState as BreakerStateProto } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { Feed } from '../base/feed.ts';
import type { Directory } from '../registry/directory.ts';
import { breakerNotFound, type BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { BreakerTransition } from '../resilience/breaker-history.ts';
import type { BreakerKey } from '../resilience/breaker-key.ts';
import {
  breakerStateToProto,
  breakerToProto,
  breakerTransitionToProto,
  forcedKindFromProto,
} from './breaker-proto.ts';
import type { CallContext, ServiceHandlers } from './call.ts';
import { cutPage, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { durationFromProto, timestampFromProto } from './proto-values.ts';
import { watchFeed } from './watch.ts';

export interface BreakerHandlersOptions {
  readonly board: BreakerBoard;
  /** The feed that the board publishes to. */
  readonly feed: Feed<BreakerSnapshot>;
  readonly directory: Pick<Directory, 'require' | 'endpointsOf'>;
}

/** The handlers of ResilienceService that are about breakers. */
export function createBreakerHandlers({
  board,
  feed,
  directory,
}: BreakerHandlersOptions): Pick<
  ServiceHandlers<typeof ResilienceService>,
  'listBreakers' | 'watchBreakers' | 'tripBreaker' | 'resetBreaker' | 'listBreakerTransitions'
> {
  /**
   * What a request names: one interface, or every one of the system, and on each the breaker of one message type, or all.
   * Throws SYSTEM_NOT_FOUND, BREAKER_NOT_FOUND.
   */
  const keysOf = ({ systemId, interface: name, messageType }: BreakerKey): readonly BreakerKey[] => {
    directory.require(systemId);
    const keys = directory
      .endpointsOf(systemId)
      .filter((endpoint) => name === '' || endpoint.interface === name)
      .map((endpoint) => ({ systemId, interface: endpoint.interface, messageType }));
    if (keys.length === 0) throw breakerNotFound({ systemId, interface: name, messageType: '' });
    return keys;
  };

  return {
    async listBreakers({ systemId, states, pageSize, pageToken }) {
      // UNSPECIFIED stands for any state, also beside others.
      const wanted = new Set(states.includes(BreakerStateProto.UNSPECIFIED) ? [] : states);
      const scope = pageScope('ListBreakers', [systemId, [...wanted].sort()]);
      const after = pageTokenFrom(scope, pageToken) ?? '';
      const found = board
        .list()
        .filter((breaker) => systemId === '' || breaker.systemId === systemId)
        .filter(({ state }) => wanted.size === 0 || wanted.has(breakerStateToProto(state)))
        .map((breaker) => ({ breaker, key: sortKeyOf(breaker) }))
        .filter(({ key }) => key > after)
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      const { page, more } = cutPage(found, {
        size: pageSizeOf(pageSize),
        bytesOf: ({ key, breaker }) => key.length + breaker.cause.length * 3 + 64,
      });
      return {
        breakers: page.map(({ breaker }) => breakerToProto(breaker)),
        nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.key ?? '') : '',
      };
    },

    watchBreakers({ systemId, resumeToken }, context) {
      const filter =
        systemId === ''
          ? undefined
          : { key: systemId, matches: (breaker: BreakerSnapshot) => breaker.systemId === systemId };
      return watchFeed(feed, { filter, resumeToken, context, toItem: breakerToProto });
    },

    async tripBreaker({ duration, cause, validateOnly, state: wanted, ...named }, context) {
      const keys = keysOf(named);
      const forMs = durationFromProto(duration);
      const state = forcedKindFromProto(wanted);
      const options = {
        state,
        cause: causeBy(context, state === 'FORCED_OPEN' ? 'tripped' : 'held closed', cause),
        ...(forMs === undefined ? {} : { forMs }),
      };
      // All of them before the first is changed.
      for (const key of keys) board.requireTrippable(key);
      const breakers = validateOnly
        ? current(board, keys)
        : await inOrder(keys, (key) => board.trip(key, options));
      return { breakers: breakers.map(breakerToProto) };
    },

    async resetBreaker({ validateOnly, ...named }, context) {
      const keys = keysOf(named);
      const options = { cause: causeBy(context, 'reset', '') };
      const before = current(board, keys);
      if (before.length === 0) throw breakerNotFound(keys[0] ?? named);
      const existing = keys.filter((key) => board.get(key, key.messageType) !== undefined);
      const breakers = validateOnly ? before : await inOrder(existing, (key) => board.reset(key, options));
      return { breakers: breakers.map(breakerToProto) };
    },

    async listBreakerTransitions({ systemId, interface: name, startTime, pageSize, pageToken }) {
      const startMs = timestampFromProto(startTime) ?? -Infinity;
      const scope = pageScope('ListBreakerTransitions', [systemId, name, String(startMs)]);
      const before = pageTokenFrom(scope, pageToken);
      const wanted = (transition: BreakerTransition): boolean =>
        (systemId === '' || transition.systemId === systemId) &&
        (name === '' || transition.interface === name) &&
        transition.timeMs >= startMs;
      const found = [...board.history.newestFirst(before === undefined ? Infinity : Number(before))];
      const { page, more } = cutPage(found.filter(wanted), {
        size: pageSizeOf(pageSize),
        bytesOf: ({ cause }) => cause.length * 3 + 512,
      });
      return {
        transitions: page.map(breakerTransitionToProto),
        nextPageToken: more ? pageTokenTo(scope, String(page.at(-1)?.number ?? 0)) : '',
      };
    },
  };
}

/** Who did it, and why: what those who find the breaker so are told. */
function causeBy({ principal }: CallContext, verb: string, cause: string): string {
  return cause === '' ? `${verb} by ${principal.name}` : `${verb} by ${principal.name}: ${cause}`;
}

/** Sorts by system, then by interface: the separator comes before every character of a slug, which `/` does not. */
function sortKeyOf({ systemId, interface: name, messageType }: BreakerKey): string {
  return `${systemId} ${name} ${messageType}`;
}

/** The breakers that the keys name, those that are there. */
function current(board: BreakerBoard, keys: readonly BreakerKey[]): readonly BreakerSnapshot[] {
  return keys.flatMap((key) => (board.get(key, key.messageType) === undefined ? [] : board.of(key)));
}

async function inOrder<T>(
  keys: readonly BreakerKey[],
  act: (key: BreakerKey) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (const key of keys) results.push(...(await act(key)));
  return results;
}
