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
  const state = enumName(DeliveryState, delivery.state).toLowerCase();
  const parts = [
    state + origin(delivery),
    ...(delivery.latency === undefined ? [] : [`in ${durationText(delivery.latency)}`]),
  ];
  const count = delivery.attempts.length;
  const remarks = [
    `${count} attempt${count === 1 ? '' : 's'}`,
    ...(delivery.fallbackUsed === '' ? [] : [`fallback ${delivery.fallbackUsed}`]),
    ...(delivery.panic ? ['no healthy system was left'] : []),
    ...(delivery.policies.length > 0 ? [`policy ${delivery.policies.join(', ')}`] : []),
  ];
  return printable(`${parts.join(' ')}, ${remarks.join(', ')}`);
}

/** Where the reply comes from, or who was asked last. */
function origin({ attempts, systemId, cached, stale, replyAge }: Delivery): string {
  const age = replyAge === undefined ? '' : ` (${durationText(replyAge)} old)`;
  if (stale) return ` by the last good reply${age}`;
  if (cached) return ` from the reply cache${age}`;
  const by = attempts.findLast((attempt) => attempt.systemId === systemId) ?? attempts.at(-1);
  return by === undefined ? '' : ` by ${by.systemId} over ${by.interface}`;
}

/** The attempts of a delivery as a small table; empty text when there was none. */
export function deliveryTable(terminal: Terminal, delivery: Delivery): string {
  if (delivery.attempts.length === 0) return '';
  const columns = optionalColumns.filter(({ cell }) =>
    delivery.attempts.some((attempt) => cell(attempt) !== ''),
  );
  return renderTable(
    // The trace goes to standard error, which may be a file while standard output is not.
    { ...terminal, colour: false },
    [
      ...['#', 'system', 'interface', 'verdict', 'reason', 'status', 'took', 'then waited'],
      ...columns.map(({ name }) => name),
      'detail',
    ],
    delivery.attempts.map((attempt) => [
      ...attemptRow(attempt),
      ...columns.map(({ cell }) => cell(attempt)),
      attempt.detail,
    ]),
  );
}

/** Columns that few deliveries have anything for, and that are left out where none has. */
const optionalColumns: readonly { readonly name: string; readonly cell: (attempt: Attempt) => string }[] = [
  { name: 'queued', cell: ({ queueTime }) => (queueTime === undefined ? '' : durationText(queueTime)) },
  { name: 'beside', cell: ({ hedge }) => (hedge ? 'hedge' : '') },
  { name: 'fallback', cell: ({ fallback }) => fallback },
];

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
  ];
}
