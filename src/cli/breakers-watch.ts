import { BreakerSchema, BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { breakerName, breakersTable } from './breakers-table.ts';
import { changeLine, unchangingLine } from './change-line.ts';
import { defaultTimeoutMs } from './cli.ts';
import type { Cli } from './cli.ts';
import { enumName } from './enum-name.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson } from './json.ts';
import { breakerCell } from './status-colour.ts';
import type { Terminal } from './terminal.ts';
import { watchChanges } from './watch.ts';
import type { WatchChange } from './watch.ts';
import { runWatch } from './watch-command.ts';
import type { WatchFlags } from './watch-command.ts';
import type { WatchKind } from './watch-kind.ts';

export interface BreakersWatchOptions extends WatchFlags {
  /** Only of this system; empty: of all. */
  readonly systemId: string;
  /** Only changes into one of these states; empty: any. */
  readonly states: readonly BreakerState[];
}

/** Shows every change of a breaker until the command is interrupted. */
export async function watchBreakers(cli: Cli, hub: HubClient, options: BreakersWatchOptions): Promise<void> {
  const { systemId, states } = options;
  await runWatch(cli, {
    ...options,
    kind: breakerKind,
    url: hub.url,
    follow: (signal, onChange) => followBreakers({ clock: cli.clock, signal }, hub, systemId, onChange),
    isWanted: ({ state }) => states.length === 0 || states.includes(state),
  });
}

/** Follows WatchBreakers through losses of the connection until `cli.signal` aborts. */
export async function followBreakers(
  cli: Pick<Cli, 'clock' | 'signal'>,
  hub: HubClient,
  systemId: string,
  onChange: (change: WatchChange<Breaker>) => void,
): Promise<void> {
  await watchChanges<Breaker>({
    open: (resumeToken, signal) => hub.resilience.watchBreakers({ systemId, resumeToken }, { signal }),
    idOf: breakerKind.idOf,
    onChange,
    clock: cli.clock,
    signal: cli.signal,
    firstEventMs: defaultTimeoutMs,
  });
}

/** States from the best to the worst. */
const bySeverity: readonly BreakerState[] = [
  BreakerState.UNSPECIFIED,
  BreakerState.CLOSED,
  BreakerState.FORCED_CLOSED,
  BreakerState.HALF_OPEN,
  BreakerState.FORCED_OPEN,
  BreakerState.OPEN,
];

const breakerKind: WatchKind<Breaker> = {
  plural: 'breakers',
  idOf: breakerName,
  lines: breakerLines,
  json: (breaker) => ({ breaker: messageToJson(BreakerSchema, breaker) }),
  previousJson: (before) => ({
    previousState: before === undefined ? null : enumName(BreakerState, before.state),
  }),
  removedJson: (id) => ({ id }),
  state: ({ state }) => ({ cell: breakerCell(state), severity: bySeverity.indexOf(state) }),
  sorts: { name: () => 0, failures: (one, other) => other.failures - one.failures },
  texts: (breaker) => [breakerName(breaker), enumName(BreakerState, breaker.state), breaker.cause],
  table: breakersTable,
};

/** A change as lines for people. A count of failures alone gives none. */
export function breakerLines(
  terminal: Terminal,
  change: WatchChange<Breaker>,
  nowMs: number,
): readonly string[] {
  if (change.kind !== 'present' && change.kind !== 'changed')
    return [unchangingLine(terminal, change, nowMs)];
  const { item } = change;
  const before = change.kind === 'changed' ? change.before?.state : undefined;
  if (before === item.state) return [];
  return [
    changeLine(terminal, {
      nowMs,
      time: item.stateTime,
      name: breakerName(item),
      ...(before !== undefined && { before: breakerCell(before) }),
      after: breakerCell(item.state),
      cause: item.cause,
    }),
  ];
}
