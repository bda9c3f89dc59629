import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timeOfDayText } from './proto-time.ts';
import type { Cell } from './table.ts';
import { paint, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import type { WatchChange } from './watch.ts';

/** Something that came into a new state. */
export interface StateChange {
  readonly nowMs: number;
  /** When it happened; unset: now. */
  readonly time?: Timestamp | undefined;
  readonly name: string;
  /** Unset: it is new, or the watch begins with it. */
  readonly before?: Cell;
  readonly after: Cell;
  readonly cause: string;
}

const nameWidth = 24;

/** `14:03:09  cmc_001  HEALTHY → UNHEALTHY  connection refused`: one line of a watch. */
export function changeLine(terminal: Pick<Terminal, 'colour'>, change: StateChange): string {
  const states = [...(change.before === undefined ? [] : [change.before]), change.after];
  const parts = [
    paint(terminal, 'dim', timeOfDayText(change.time, change.nowMs)),
    printable(change.name).padEnd(nameWidth),
    states.map((state) => painted(terminal, state)).join(' → '),
    printable(change.cause),
  ];
  return parts.join('  ').trimEnd();
}

/** The line for a change that brings no item: the connection, or something that was removed. */
export function unchangingLine(
  terminal: Pick<Terminal, 'colour'>,
  change: Exclude<WatchChange<unknown>, { kind: 'present' | 'changed' }>,
  nowMs: number,
): string {
  if (change.kind !== 'removed') return connectionLine(terminal, change, nowMs);
  return changeLine(terminal, {
    nowMs,
    name: change.id,
    after: { text: 'removed', colour: 'dim' },
    cause: '',
  });
}

/** What a watch says about its own connection. */
function connectionLine(
  terminal: Pick<Terminal, 'colour'>,
  change: Extract<WatchChange<unknown>, { kind: 'lost' | 'resumed' }>,
  nowMs: number,
): string {
  const text =
    change.kind === 'lost'
      ? `connection to the hub lost (${printable(change.message)}); trying again`
      : change.continued
        ? 'connected again: resumed where it broke off, nothing was missed'
        : 'connected again: the hub starts over, differences follow';
  return `${paint(terminal, 'dim', timeOfDayText(undefined, nowMs))}  ${paint(terminal, 'yellow', text)}`;
}

function painted(terminal: Pick<Terminal, 'colour'>, cell: Cell): string {
  return typeof cell === 'string' ? printable(cell) : paint(terminal, cell.colour, printable(cell.text));
}
