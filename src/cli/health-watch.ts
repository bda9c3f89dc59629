import { SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import type { SystemHealth } from '#gen/switchyard/health/v1/health_pb.js';
import type { SystemFilter } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { defaultTimeoutMs } from './cli.ts';
import type { Cli } from './cli.ts';
import { changeLine, connectionLine } from './change-line.ts';
import { enumName } from './enum-name.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJsonLine } from './json.ts';
import { healthCell } from './status-colour.ts';
import type { Terminal } from './terminal.ts';
import { watchChanges } from './watch.ts';
import type { WatchChange } from './watch.ts';

export interface HealthWatchOptions {
  /** Only these systems; empty: every one that the filter chooses. */
  readonly ids: readonly string[];
  readonly filter: SystemFilter;
  /** One JSON line an event. */
  readonly json: boolean;
}

/** Prints every change of health until the command is interrupted. */
export async function watchHealth(cli: Cli, hub: HubClient, options: HealthWatchOptions): Promise<void> {
  const { terminal, clock } = cli;
  const wanted = new Set(options.ids);
  const isWanted = (id: string): boolean => wanted.size === 0 || wanted.has(id);
  await followHealth(cli, hub, options.filter, (change) => {
    if (!isWanted(idOf(change))) return;
    if (options.json) {
      printJsonLine(terminal, healthChangeJson(change));
    } else {
      for (const line of healthLines(terminal, change, clock.now())) terminal.print(line);
    }
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
    idOf: (health) => health.systemId,
    onChange,
    clock: cli.clock,
    signal: cli.signal,
    firstEventMs: defaultTimeoutMs,
  });
}

/**
 * A change as lines for people: one for the system when its status changed, one for each interface whose status did.
 * Changes of latency or error rate alone give none.
 */
export function healthLines(
  terminal: Terminal,
  change: WatchChange<SystemHealth>,
  nowMs: number,
): readonly string[] {
  switch (change.kind) {
    case 'lost':
    case 'resumed':
      return [connectionLine(terminal, change, nowMs)];
    case 'removed':
      return [
        changeLine(terminal, {
          nowMs,
          name: change.id,
          after: { text: 'removed', colour: 'dim' },
          cause: '',
        }),
      ];
    case 'present':
      return statusLines(terminal, change.item, undefined, nowMs);
    case 'changed':
      return statusLines(terminal, change.item, change.before, nowMs);
  }
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

function healthChangeJson(change: WatchChange<SystemHealth>) {
  switch (change.kind) {
    case 'present':
      return { event: change.kind, health: messageToJson(SystemHealthSchema, change.item) };
    case 'changed':
      return {
        event: change.kind,
        previousStatus: change.before === undefined ? null : enumName(HealthStatus, change.before.status),
        health: messageToJson(SystemHealthSchema, change.item),
      };
    case 'removed':
      return { event: change.kind, systemId: change.id };
    case 'lost':
      return { event: change.kind, message: change.message };
    case 'resumed':
      return { event: change.kind, continued: change.continued };
  }
}

function idOf(change: WatchChange<SystemHealth>): string {
  if (change.kind === 'present' || change.kind === 'changed') return change.item.systemId;
  return change.kind === 'removed' ? change.id : '';
}
