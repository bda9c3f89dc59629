import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { enumName } from '../../src/cli/enum-name.ts';
import type { Act } from './chaos-plan.ts';
import type { TrafficCounts } from './traffic.ts';

/** Counts what the demo sees of breakers and health. Its names come from the hub's few systems and states. */
export interface Tally {
  breaker(name: string, state: BreakerState): void;
  health(status: HealthStatus): void;
  /** What was seen, as lines. */
  lines(acts: readonly Act[], counts: TrafficCounts): readonly string[];
}

export function createTally(): Tally {
  const breakerStates = new Map<string, number>();
  const opened = new Map<string, number>();
  const statuses = new Map<string, number>();
  return {
    breaker(name, state) {
      add(breakerStates, enumName(BreakerState, state));
      if (state === BreakerState.OPEN) add(opened, name);
    },
    health: (status) => add(statuses, enumName(HealthStatus, status)),
    lines(acts, counts) {
      const kinds = new Map<string, number>();
      for (const { fault } of acts) add(kinds, fault.kind);
      return [
        `  acts planned      ${acts.length}${inBrackets(kinds)}`,
        `  calls             ${counts.calls}, of which ${counts.calls - counts.errors} were answered`,
        ...[...counts.errorsByType].map(
          ([type, byReason]) => `  callers' errors   ${type}: ${total(byReason)}${inBrackets(byReason)}`,
        ),
        `  saved by a retry  ${counts.retried}, of which ${counts.failovers} by another system (failover)`,
        `  breakers opened   ${total(opened)}${inBrackets(opened)}`,
        `  breaker states    ${listed(breakerStates)}`,
        `  statuses          ${listed(statuses)}`,
      ];
    },
  };
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function inBrackets(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? '' : ` (${listed(counts)})`;
}

/** `3 OPEN, 1 CLOSED`, in alphabetical order; `none`. */
function listed(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'none';
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
