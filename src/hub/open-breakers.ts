import { Feed } from '../base/feed.ts';
import type { Store } from '../base/table.ts';
import type { Directory } from '../registry/directory.ts';
import { endpointsOf } from '../registry/endpoint.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import { LoadBoard } from '../resilience/load-board.ts';
import { resolveBreakerConfig } from '../resilience/policy-match.ts';
import { logBreakerChanges } from './breaker-log.ts';
import { openForcedBreakers } from './forced-breaker-table.ts';
import type { HubBase } from './hub-base.ts';

/** What protects targets, and what balancing goes by. */
export interface Breakers {
  readonly board: BreakerBoard;
  readonly feed: Feed<BreakerSnapshot>;
  readonly loads: LoadBoard;
}

/** Breakers and loads live exactly as long as their endpoints are registered. */
export async function openBreakers(base: HubBase, store: Store, directory: Directory): Promise<Breakers> {
  const { policies, logger, opened, clock } = base;
  const feed = new Feed<BreakerSnapshot>({ clock });
  const loads = new LoadBoard({ clock });
  const board = new BreakerBoard({
    clock,
    feed,
    forced: await openForcedBreakers(store),
    configOf: ({ systemId }) => {
      const system = directory.get(systemId);
      return resolveBreakerConfig(policies.forBreakers, {
        systemId,
        type: system?.type,
        capabilities: system?.capabilities ?? [],
      });
    },
    onFault: (error) => logger.error('a forced breaker state could not be removed', { error: String(error) }),
  });
  opened.defer('breakers', () => board.close());
  await board.load();
  for (const { id } of directory.systems()) for (const key of directory.endpointsOf(id)) board.ensure(key);
  directory.onChange((change) => {
    const { id } = change.system;
    const endpoints = directory.endpointsOf(id);
    if (change.kind === 'changed') {
      // An interface that moved is another target: what its old place did says nothing about it.
      for (const old of endpointsOf(change.previous)) {
        const now = endpoints.find((endpoint) => endpoint.interface === old.interface);
        if (now === undefined || now.uri === old.uri) continue;
        board.forget(old);
        loads.forget(old);
      }
    }
    for (const key of endpoints) board.ensure(key);
    const before =
      change.kind === 'added'
        ? []
        : change.kind === 'changed'
          ? change.previous.interfaces
          : change.system.interfaces;
    for (const { name } of before) {
      if (endpoints.some((endpoint) => endpoint.interface === name)) continue;
      board.forget({ systemId: id, interface: name });
      loads.forget({ systemId: id, interface: name });
    }
  });
  opened.defer(
    'breaker settings',
    policies.onBreakersChange(() => board.reconfigure()),
  );
  const logging = new AbortController();
  opened.defer('breaker log', () => logging.abort());
  void logBreakerChanges(feed, logger, logging.signal);
  return { board, feed, loads };
}
