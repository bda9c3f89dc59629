import type { InterfaceHealth, SystemHealth } from '#gen/switchyard/health/v1/health_pb.js';
import { durationText, sinceText } from './proto-time.ts';
import { healthCell } from './status-colour.ts';
import { renderTable } from './table.ts';
import type { Cell } from './table.ts';
import type { Terminal } from './terminal.ts';

/**
 * Systems with their status, and a line for each interface that is not as its system; for every interface when `wide`.
 */
export function healthTable(
  terminal: Terminal,
  health: readonly SystemHealth[],
  nowMs: number,
  wide = false,
): string {
  return renderTable(
    terminal,
    ['system', 'status', 'for', 'latency', 'errors', 'last check', 'cause'],
    health.flatMap((item) => [
      row(item.systemId, item, nowMs),
      ...item.interfaces
        .filter(({ status }) => wide || status !== item.status)
        .map((one) => row(`  ${one.name}`, one, nowMs)),
    ]),
  );
}

function row(name: string, health: SystemHealth | InterfaceHealth, nowMs: number): Cell[] {
  return [
    name,
    healthCell(health.status),
    sinceText(health.statusTime, nowMs),
    durationText(health.latency),
    `${Number((health.errorRate * 100).toFixed(1))} %`,
    health.lastCheckTime === undefined ? 'never' : `${sinceText(health.lastCheckTime, nowMs)} ago`,
    health.cause,
  ];
}
