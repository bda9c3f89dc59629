import type { Invariant, Observed } from './invariant.ts';
import { probeIntervalMs } from '../world/hub-process.ts';

/** Time for a system to register again, and for probes to find it well: it may be at its slowest pace and needs two. */
const noticedMs = 15_000 + 3 * probeIntervalMs;

/**
 * Once all is well, every system gets traffic again. Not later than it takes to register and be found well, for what was
 * under way to end, for the breaker to stay open twice (a trial from before may have failed), and for an ejection to end.
 */
export function recovers({ clock, ledger, hub }: Observed): Invariant {
  /** By when each system must have been sent something, epoch ms; of those that have not yet. */
  const dueMs = new Map<string, number>();
  let calmAtMs = Infinity;
  return {
    name: 'a recovered system gets traffic again within a bounded time',
    calmBegan(systemIds) {
      const now = hub();
      if (now === undefined) return 'no hub is up';
      calmAtMs = clock.now();
      for (const systemId of systemIds) {
        const { openForMs } = now.policyOf(systemId).breaker;
        const underWayMs = [...ledger.underWay]
          .filter(({ endpoint }) => endpoint.systemId === systemId)
          .map(({ attemptDeadlineMs }) => attemptDeadlineMs - calmAtMs);
        const ejectedMs = (now.core.ejections.ejectedUntilMs(systemId) ?? calmAtMs) - calmAtMs;
        const boundMs = noticedMs + Math.max(0, ...underWayMs) + 2 * openForMs + Math.max(0, ejectedMs);
        dueMs.set(systemId, calmAtMs + boundMs);
      }
      return undefined;
    },
    attemptStarted({ endpoint }) {
      // What becomes of it is not the hub's doing: now and then the network fails even a trial.
      dueMs.delete(endpoint.systemId);
      return undefined;
    },
    stepped() {
      if (calmAtMs === Infinity) return undefined;
      const nowMs = clock.now();
      for (const [systemId, byMs] of dueMs) {
        if (nowMs > byMs)
          return `${systemId} has got nothing for ${((byMs - calmAtMs) / 1000).toFixed(1)} s, although it is well`;
      }
      return undefined;
    },
  };
}
