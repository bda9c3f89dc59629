import { DeliveryState, Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import type { Attempt, Delivery } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { enumName } from './enum-name.ts';
import { durationText } from './proto-time.ts';
import { renderTable } from './table.ts';
import type { Cell } from './table.ts';
import { printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** A delivery in one line: `delivered by cmc_001 over grpc in 3 ms, 1 attempt`. */
export function deliverySummary(delivery: Delivery): string {
  const last = delivery.attempts.at(-1);
  const state = enumName(DeliveryState, delivery.state).toLowerCase();
  const parts = [
    state + (last === undefined ? '' : ` by ${last.systemId} over ${last.interface}`),
    ...(delivery.latency === undefined ? [] : [`in ${durationText(delivery.latency)}`]),
  ];
  const count = delivery.attempts.length;
  const remarks = [
    `${count} attempt${count === 1 ? '' : 's'}`,
    ...(delivery.panic ? ['no healthy system was left'] : []),
    ...(delivery.policies.length > 0 ? [`policy ${delivery.policies.join(', ')}`] : []),
  ];
  return printable(`${parts.join(' ')}, ${remarks.join(', ')}`);
}

/** The attempts of a delivery as a small table; empty text when there was none. */
export function deliveryTable(terminal: Terminal, delivery: Delivery): string {
  if (delivery.attempts.length === 0) return '';
  return renderTable(
    // The trace goes to standard error, which may be a file while standard output is not.
    { ...terminal, colour: false },
    ['#', 'system', 'interface', 'verdict', 'reason', 'status', 'took', 'then waited', 'detail'],
    delivery.attempts.map(attemptRow),
  );
}

function attemptRow(attempt: Attempt): Cell[] {
  return [
    String(attempt.number),
    attempt.systemId,
    attempt.interface,
    enumName(Verdict, attempt.verdict),
    attempt.reason,
    attempt.status,
    durationText(attempt.latency),
    attempt.backoff === undefined ? '' : durationText(attempt.backoff),
    attempt.detail,
  ];
}
