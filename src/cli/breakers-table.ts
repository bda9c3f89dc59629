import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { sinceText, untilText } from './proto-time.ts';
import { breakerCell } from './status-colour.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Breakers as a table. */
export function breakersTable(terminal: Terminal, breakers: readonly Breaker[], nowMs: number): string {
  return renderTable(
    terminal,
    ['system', 'interface', 'state', 'for', 'failures', 'tries again', 'cause'],
    breakers.map((breaker) => [
      breaker.systemId,
      breaker.interface,
      breakerCell(breaker.state),
      sinceText(breaker.stateTime, nowMs),
      String(breaker.failures),
      untilText(breaker.openUntilTime, nowMs),
      breaker.cause,
    ]),
  );
}
