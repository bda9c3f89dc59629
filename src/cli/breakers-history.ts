import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { BreakerTransitionSchema } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { BreakerTransition } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { breakerName } from './breakers-table.ts';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { parseDurationMs } from './duration.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson } from './json.ts';
import { sinceText } from './proto-time.ts';
import { breakerCell } from './status-colour.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface HistoryOptions extends HubOptions {
  readonly since?: string;
  readonly limit?: string;
}

/** Changes that are shown unless `--limit` says otherwise. */
const shownDefault = 100;
/** All that a hub remembers. */
const limitMax = 10_000;

/** `switchyard breakers history [ID] [INTERFACE]`. */
export function addBreakersHistory(breakers: Command, cli: Cli): void {
  const command = breakers
    .command('history')
    .description(
      'Lists changes of breakers, the newest first, each with its cause. The hub remembers the last 10,000.',
    )
    .argument('[id]', 'id of the system (default: all)')
    .argument('[interface]', 'name of the interface (default: every one)')
    .option('--since <duration>', 'only those of this last time: 10m, 2h')
    .option('--limit <count>', 'most that are shown', String(shownDefault));
  withExamples(withJson(withTimeout(command)), [
    'switchyard breakers history',
    'switchyard breakers history cmc_001 rest_api --since 1h',
  ]).action(
    async (systemId: string | undefined, name: string | undefined, _flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HistoryOptions>();
      const limit = parseLimit(options.limit ?? String(shownDefault));
      const since = options.since === undefined ? undefined : parseDurationMs(options.since);
      const filter = {
        systemId: systemId ?? '',
        interface: name ?? '',
        ...(since === undefined ? {} : { startTime: timestampFromMs(cli.clock.now() - since) }),
      };
      const found = await withHub(cli, options, (hub) => newest(hub, filter, limit));
      if (options.json === true) {
        const transitions = found.map((each) => messageToJson(BreakerTransitionSchema, each));
        printJson(cli.terminal, { transitions });
      } else if (found.length === 0) cli.terminal.remark('No breaker has changed.');
      else cli.terminal.print(historyTable(cli.terminal, found, cli.clock.now()));
    },
  );
}

type HistoryFilter = Pick<
  Parameters<HubClient['resilience']['listBreakerTransitions']>[0],
  'systemId' | 'interface' | 'startTime'
>;

async function newest(hub: HubClient, filter: HistoryFilter, limit: number): Promise<BreakerTransition[]> {
  const found: BreakerTransition[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(1000, limit - found.length);
    const page = await hub.resilience.listBreakerTransitions({ ...filter, pageSize, pageToken }, hub.call);
    found.push(...page.transitions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.length < limit);
  return found;
}

function historyTable(terminal: Terminal, found: readonly BreakerTransition[], nowMs: number): string {
  return renderTable(
    terminal,
    ['when', 'ago', 'breaker', 'from', 'to', 'cause'],
    found.map((each) => [
      each.time === undefined ? '-' : new Date(timestampMs(each.time)).toISOString(),
      sinceText(each.time, nowMs),
      breakerName(each),
      breakerCell(each.from),
      breakerCell(each.to),
      each.cause,
    ]),
  );
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit;
  throw new UsageError(`"${text}" is not a limit: a whole number from 1 to ${limitMax}`);
}
