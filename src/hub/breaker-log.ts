import type { Feed } from '../base/feed.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import { breakerKeyToString } from '../resilience/breaker-key.ts';
import type { Logger } from '../telemetry/log.ts';

/** Logs every change of a breaker's state until `signal` aborts. Keeps one state per breaker. */
export async function logBreakerChanges(
  feed: Feed<BreakerSnapshot>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const states = new Map<string, BreakerSnapshot['state']>();
  for await (const event of feed.watch({ signal })) {
    if (event.kind === 'removed') for (const id of event.ids) states.delete(id);
    if (event.kind !== 'update' && event.kind !== 'snapshot') continue;
    for (const breaker of event.items) {
      const { systemId, interface: name, messageType, state, cause } = breaker;
      const key = breakerKeyToString(breaker);
      const before = states.get(key) ?? 'CLOSED';
      states.set(key, state);
      if (state === before) continue;
      const fields = {
        system_id: systemId,
        interface: name,
        ...(messageType === '' ? {} : { message_type: messageType }),
        from: before,
        to: state,
        cause,
      };
      if (state === 'CLOSED') logger.info('breaker closed', fields);
      else logger.warn('breaker changed', fields);
    }
  }
}
