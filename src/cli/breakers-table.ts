import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { sinceText, untilText } from './proto-time.ts';
import { breakerCell } from './status-colour.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The name of a breaker: `<system>/<interface>`, with `/<message type>` behind it for one of a type, as its id. */
export function breakerName({
  systemId,
  interface: name,
  messageType,
}: Pick<Breaker, 'systemId' | 'interface' | 'messageType'>): string {
  return messageType === '' ? `${systemId}/${name}` : `${systemId}/${name}/${messageType}`;
}

/** Breakers as a table; message types have a column where some have a breaker of their own. */
export function breakersTable(terminal: Terminal, breakers: readonly Breaker[], nowMs: number): string {
  const typed = breakers.some(({ messageType }) => messageType !== '');
  return renderTable(
    terminal,
    [
      'system',
      'interface',
      ...(typed ? ['message type'] : []),
      'state',
      'for',
      'failures',
      'tries again',
      'cause',
    ],
    breakers.map((breaker) => [
      breaker.systemId,
      breaker.interface,
      ...(typed ? [breaker.messageType || '-'] : []),
      breakerCell(breaker.state),
      sinceText(breaker.stateTime, nowMs),
      String(breaker.failures),
      untilText(breaker.openUntilTime, nowMs),
      breaker.cause,
    ]),
  );
}
