import type { Cli } from './cli.ts';
import { printJsonLine } from './json.ts';
import { LiveTable } from './live-table.ts';
import type { Screen } from './screen.ts';
import type { WatchChange } from './watch.ts';
import { changeJson } from './watch-kind.ts';
import type { WatchKind } from './watch-kind.ts';

/** Options of every command with `--watch`. */
export interface WatchFlags {
  /** One JSON line an event. */
  readonly json: boolean;
  /** Lines instead of a screen, also on a terminal. */
  readonly plain: boolean;
}

export interface WatchCommand<Item> extends WatchFlags {
  readonly kind: WatchKind<Item>;
  readonly url: string;
  /** Follows the Watch RPC until the signal aborts. */
  readonly follow: (signal: AbortSignal, onChange: (change: WatchChange<Item>) => void) => Promise<void>;
  /** Whether an item is asked for; others count as not there. */
  readonly isWanted: (item: Item) => boolean;
}

/** The keys of the screen, for the help of a command. */
export const watchKeys = `
Keys of --watch on a terminal:
  q quit   s sort   / filter (Esc drops it)   p pause   ↑ ↓ PageUp PageDown scroll`;

/** Times between frames: at least, so that a storm of changes costs little; at most, so that ages go on. */
const frameMsMin = 100;
const frameMsMax = 1_000;

/** Shows changes until the command is interrupted: a screen like `top` on a terminal, else a line for each. */
export async function runWatch<Item>(cli: Cli, watch: WatchCommand<Item>): Promise<void> {
  const { openScreen } = cli.terminal;
  if (openScreen === undefined || watch.json || watch.plain) {
    await printChanges(cli, watch);
    return;
  }
  const screen = openScreen();
  try {
    await showChanges(cli, watch, screen);
  } finally {
    // Before a failure is printed: the screen that it would be printed on goes away.
    screen.close();
  }
}

async function printChanges<Item>(cli: Cli, watch: WatchCommand<Item>): Promise<void> {
  await watch.follow(cli.signal, (change) => {
    if (!isShown(watch, change)) return;
    if (watch.json) printJsonLine(cli.terminal, changeJson(watch.kind, change));
    else for (const line of watch.kind.lines(cli.terminal, change, cli.clock.now())) cli.terminal.print(line);
  });
}

async function showChanges<Item>(cli: Cli, watch: WatchCommand<Item>, screen: Screen): Promise<void> {
  const { clock } = cli;
  const quit = new AbortController();
  const table = new LiveTable({ kind: watch.kind, terminal: cli.terminal, url: watch.url });
  const draw = (): void => screen.draw(table.frame(screen.size().rows, clock.now()));
  const pace = { isDue: false };
  const drawSoon = (): void => {
    if (pace.isDue) return;
    pace.isDue = true;
    clock.after(frameMsMin, () => {
      pace.isDue = false;
      draw();
    });
  };
  screen.listen({
    onKey(key) {
      const answer = table.press(key);
      if (answer === 'quit') quit.abort();
      else if (answer === 'redraw') draw();
    },
    onResize: draw,
  });
  draw();
  const ticks = clock.every(frameMsMax, draw);
  try {
    await watch.follow(AbortSignal.any([cli.signal, quit.signal]), (change) => {
      table.take(shownAs(watch, change), clock.now());
      drawSoon();
    });
  } finally {
    ticks.cancel();
  }
}

/** Whether a line is printed for the change: an item that is left out gives none. */
function isShown<Item>(watch: WatchCommand<Item>, change: WatchChange<Item>): boolean {
  switch (change.kind) {
    case 'present':
    case 'changed':
      return watch.isWanted(change.item);
    case 'removed':
      // One that never was told of is not worth a line either.
      return change.before === undefined || watch.isWanted(change.before);
    default:
      return true;
  }
}

/** On a screen an item that is no longer wanted (another state) goes away. */
function shownAs<Item>(watch: WatchCommand<Item>, change: WatchChange<Item>): WatchChange<Item> {
  if ((change.kind !== 'present' && change.kind !== 'changed') || watch.isWanted(change.item)) return change;
  return { kind: 'removed', id: watch.kind.idOf(change.item), before: undefined };
}
