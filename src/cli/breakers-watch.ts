import { BreakerSchema, BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { Breaker } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { changeLine, connectionLine } from './change-line.ts';
import { defaultTimeoutMs } from './cli.ts';
import type { Cli } from './cli.ts';
import { enumName } from './enum-name.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJsonLine } from './json.ts';
import { breakerCell } from './status-colour.ts';
import type { Terminal } from './terminal.ts';
import { watchChanges } from './watch.ts';
import type { WatchChange } from './watch.ts';

export interface BreakersWatchOptions {
  /** Only of this system; empty: of all. */
  readonly systemId: string;
  /** Only changes into one of these states; empty: any. */
  readonly states: readonly BreakerState[];
  /** One JSON line an event. */
  readonly json: boolean;
}

/** Prints every change of a breaker until the command is interrupted. */
export async function watchBreakers(cli: Cli, hub: HubClient, options: BreakersWatchOptions): Promise<void> {
  const { terminal, clock } = cli;
  await followBreakers(cli, hub, options.systemId, (change) => {
    if (!isWanted(change, options.states)) return;
    if (options.json) printJsonLine(terminal, breakerChangeJson(change));
    else for (const line of breakerLines(terminal, change, clock.now())) terminal.print(line);
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
    idOf: (breaker) => `${breaker.systemId}/${breaker.interface}`,
    onChange,
    clock: cli.clock,
    signal: cli.signal,
    firstEventMs: defaultTimeoutMs,
  });
}

/** A change as lines for people. A count of failures alone gives none. */
export function breakerLines(
  terminal: Terminal,
  change: WatchChange<Breaker>,
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
    case 'changed': {
      const { item } = change;
      const before = change.kind === 'changed' ? change.before?.state : undefined;
      if (before === item.state) return [];
      return [
        changeLine(terminal, {
          nowMs,
          time: item.stateTime,
          name: `${item.systemId}/${item.interface}`,
          ...(before !== undefined && { before: breakerCell(before) }),
          after: breakerCell(item.state),
          cause: item.cause,
        }),
      ];
    }
  }
}

function isWanted(change: WatchChange<Breaker>, states: readonly BreakerState[]): boolean {
  if (states.length === 0 || (change.kind !== 'present' && change.kind !== 'changed')) return true;
  return states.includes(change.item.state);
}

function breakerChangeJson(change: WatchChange<Breaker>) {
  switch (change.kind) {
    case 'present':
      return { event: change.kind, breaker: messageToJson(BreakerSchema, change.item) };
    case 'changed':
      return {
        event: change.kind,
        previousState: change.before === undefined ? null : enumName(BreakerState, change.before.state),
        breaker: messageToJson(BreakerSchema, change.item),
      };
    case 'removed':
      return { event: change.kind, id: change.id };
    case 'lost':
      return { event: change.kind, message: change.message };
    case 'resumed':
      return { event: change.kind, continued: change.continued };
  }
}
