import { SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import type { SystemHealth } from '#gen/switchyard/health/v1/health_pb.js';
import type { SystemFilter } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { changeLine, unchangingLine } from './change-line.ts';
import { defaultTimeoutMs } from './cli.ts';
import type { Cli } from './cli.ts';
import { enumName } from './enum-name.ts';
import { healthTable } from './health-table.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson } from './json.ts';
import { healthCell } from './status-colour.ts';
import type { Terminal } from './terminal.ts';
import { watchChanges } from './watch.ts';
import type { WatchChange } from './watch.ts';
import { runWatch } from './watch-command.ts';
import type { WatchFlags } from './watch-command.ts';
import type { WatchKind } from './watch-kind.ts';

export interface HealthWatchOptions extends WatchFlags {
  /** Only these systems; empty: every one that the filter chooses. */
  readonly ids: readonly string[];
  readonly filter: SystemFilter;
}

/** Shows every change of health until the command is interrupted. */
export async function watchHealth(cli: Cli, hub: HubClient, options: HealthWatchOptions): Promise<void> {
  const wanted = new Set(options.ids);
  await runWatch(cli, {
    ...options,
    kind: healthKind,
    url: hub.url,
    follow: (signal, onChange) => followHealth({ clock: cli.clock, signal }, hub, options.filter, onChange),
    isWanted: ({ systemId }) => wanted.size === 0 || wanted.has(systemId),
  });
}

/** Follows WatchHealth through losses of the connection until `cli.signal` aborts. */
export async function followHealth(
  cli: Pick<Cli, 'clock' | 'signal'>,
  hub: HubClient,
  filter: SystemFilter | undefined,
  onChange: (change: WatchChange<SystemHealth>) => void,
): Promise<void> {
  await watchChanges<SystemHealth>({
    open: (resumeToken, signal) =>
      hub.health.watchHealth({ ...(filter !== undefined && { filter }), resumeToken }, { signal }),
    idOf: healthKind.idOf,
    onChange,
    clock: cli.clock,
    signal: cli.signal,
    firstEventMs: defaultTimeoutMs,
  });
}

/** Statuses from the best to the worst. */
const bySeverity: readonly HealthStatus[] = [
  HealthStatus.UNSPECIFIED,
  HealthStatus.HEALTHY,
  HealthStatus.UNKNOWN,
  HealthStatus.DEGRADED,
  HealthStatus.DISCONNECTED,
  HealthStatus.UNHEALTHY,
  HealthStatus.FAILED,
];

const healthKind: WatchKind<SystemHealth> = {
  plural: 'systems',
  idOf: ({ systemId }) => systemId,
  lines: healthLines,
  json: (health) => ({ health: messageToJson(SystemHealthSchema, health) }),
  previousJson: (before) => ({
    previousStatus: before === undefined ? null : enumName(HealthStatus, before.status),
  }),
  removedJson: (systemId) => ({ systemId }),
  state: ({ status }) => ({ cell: healthCell(status), severity: bySeverity.indexOf(status) }),
  sorts: {
    name: () => 0,
    latency: (one, other) => latencyMs(other) - latencyMs(one),
    errors: (one, other) => other.errorRate - one.errorRate,
  },
  texts: ({ systemId, status, cause }) => [systemId, enumName(HealthStatus, status), cause],
  table: healthTable,
};

/**
 * A change as lines for people: one for the system when its status changed, one for each interface whose status did.
 * Changes of latency or error rate alone give none.
 */
export function healthLines(
  terminal: Terminal,
  change: WatchChange<SystemHealth>,
  nowMs: number,
): readonly string[] {
  if (change.kind !== 'present' && change.kind !== 'changed')
    return [unchangingLine(terminal, change, nowMs)];
  return statusLines(terminal, change.item, change.kind === 'changed' ? change.before : undefined, nowMs);
}

interface Part {
  readonly name: string;
  readonly status: HealthStatus;
  readonly time: Timestamp | undefined;
  readonly cause: string;
  readonly before: HealthStatus | undefined;
}

function statusLines(
  terminal: Terminal,
  health: SystemHealth,
  before: SystemHealth | undefined,
  nowMs: number,
): string[] {
  const system: Part = {
    name: health.systemId,
    status: health.status,
    time: health.statusTime,
    cause: health.cause,
    before: before?.status,
  };
  const interfaces = health.interfaces
    .map((one): Part => ({
      name: `${health.systemId}/${one.name}`,
      status: one.status,
      time: one.statusTime,
      cause: one.cause,
      before: before?.interfaces.find(({ name }) => name === one.name)?.status,
    }))
    // At the beginning an interface is worth a line only when it differs from its system.
    .filter((part) => part.before !== undefined || part.status !== health.status);
  return [system, ...interfaces]
    .filter((part) => part.status !== part.before)
    .map((part) =>
      changeLine(terminal, {
        nowMs,
        time: part.time,
        name: part.name,
        ...(part.before !== undefined && { before: healthCell(part.before) }),
        after: healthCell(part.status),
        cause: part.cause,
      }),
    );
}

function latencyMs({ latency }: SystemHealth): number {
  return latency === undefined ? 0 : durationMs(latency);
}
