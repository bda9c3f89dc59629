import { formatDuration, formatTimeOfDay } from './duration.ts';
import { paint, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';
import type { WatchChange } from './watch.ts';
import type { WatchKind } from './watch-kind.ts';

/** What a key asks of the one who shows the table. */
export type KeyAnswer = 'quit' | 'redraw' | 'nothing';

export interface LiveTableOptions<Item> {
  readonly kind: WatchKind<Item>;
  readonly terminal: Terminal;
  /** The hub's URL, for the head line. */
  readonly url: string;
}

/** How long the news that the connection is back is shown, in ms. */
const newsMs = 5_000;
const filterCharsMax = 60;
/** Lines of the frame that are not the table: summary, banner, keys. */
const ownLines = 3;

/**
 * What `--watch` shows on a terminal: the newest state of every item as a table, with the keys that sort, filter, pause
 * and scroll it. Draws nothing itself: it is given changes, keys and the time, and gives frames. Holds as many items as
 * the hub has.
 */
export class LiveTable<Item> {
  readonly #options: LiveTableOptions<Item>;
  readonly #sorts: readonly string[];
  #items = new Map<string, Item>();
  /** What is shown while paused. */
  #frozen: ReadonlyMap<string, Item> | undefined;
  #sort = 0;
  #filter = '';
  #isTyping = false;
  #top = 0;
  #rowsShown = 1;
  #lost: { readonly message: string; readonly sinceMs: number } | undefined;
  #news: { readonly text: string; readonly untilMs: number } | undefined;

  constructor(options: LiveTableOptions<Item>) {
    this.#options = options;
    this.#sorts = ['severity', ...Object.keys(options.kind.sorts)];
  }

  take(change: WatchChange<Item>, nowMs: number): void {
    switch (change.kind) {
      case 'present':
      case 'changed':
        this.#items.set(this.#options.kind.idOf(change.item), change.item);
        break;
      case 'removed':
        this.#items.delete(change.id);
        break;
      case 'lost':
        this.#lost = { message: change.message, sinceMs: nowMs };
        break;
      case 'resumed': {
        this.#lost = undefined;
        const text = change.continued ? 'nothing was missed' : 'the hub started over';
        this.#news = { text: `connected again: ${text}`, untilMs: nowMs + newsMs };
        break;
      }
    }
  }

  /** Takes a key as the terminal sends it. */
  press(key: string): KeyAnswer {
    if (key === '\u0003') return 'quit';
    if (this.#isTyping) return this.#typeFilter(key);
    switch (key) {
      case 'q':
        return 'quit';
      case 's':
        this.#sort = (this.#sort + 1) % this.#sorts.length;
        return 'redraw';
      case 'p':
      case ' ':
        this.#frozen = this.#frozen === undefined ? new Map(this.#items) : undefined;
        return 'redraw';
      case '/':
        this.#isTyping = true;
        return 'redraw';
      case '\u001b':
        this.#filter = '';
        return 'redraw';
      case 'j':
      case '\u001b[B':
        return this.#scroll(1);
      case 'k':
      case '\u001b[A':
        return this.#scroll(-1);
      case '\u001b[6~':
        return this.#scroll(this.#rowsShown);
      case '\u001b[5~':
        return this.#scroll(-this.#rowsShown);
      default:
        return 'nothing';
    }
  }

  /** The whole screen as lines, at most `rows` of them. */
  frame(rows: number, nowMs: number): readonly string[] {
    const { kind, terminal } = this.#options;
    const all = [...(this.#frozen ?? this.#items).values()];
    const shown = this.#sorted(all.filter((item) => this.#matches(item)));
    const [heads = '', ...lines] = shown.length === 0 ? [''] : kind.table(terminal, shown, nowMs).split('\n');
    this.#rowsShown = Math.max(1, rows - ownLines - 1);
    this.#top = Math.max(0, Math.min(this.#top, lines.length - this.#rowsShown));
    const visible = lines.slice(this.#top, this.#top + this.#rowsShown);
    const empty = all.length === 0 ? `No ${kind.plural} to show.` : `No ${kind.plural} match the filter.`;
    const body = shown.length === 0 ? [empty] : [heads, ...visible];
    const filler = Array.from({ length: Math.max(0, rows - ownLines - body.length) }, () => '');
    return [
      this.#summary(all, nowMs),
      this.#banner(nowMs),
      ...body,
      ...filler,
      this.#keys(shown.length, lines.length),
    ].slice(0, rows);
  }

  #typeFilter(key: string): KeyAnswer {
    if (key === '\r' || key === '\n') this.#isTyping = false;
    else if (key === '\u001b') {
      this.#isTyping = false;
      this.#filter = '';
    } else if (key === '\u007f' || key === '\b') this.#filter = this.#filter.replace(/.$/su, '');
    else if (/^\P{C}$/u.test(key) && this.#filter.length < filterCharsMax) this.#filter += key;
    this.#top = 0;
    return 'redraw';
  }

  #scroll(by: number): KeyAnswer {
    this.#top = Math.max(0, this.#top + by);
    return 'redraw';
  }

  #matches(item: Item): boolean {
    const wanted = this.#filter.toLowerCase();
    return (
      wanted === '' || this.#options.kind.texts(item).some((text) => text.toLowerCase().includes(wanted))
    );
  }

  #sorted(items: Item[]): Item[] {
    const { kind } = this.#options;
    const byId = (one: Item, other: Item): number => (kind.idOf(one) < kind.idOf(other) ? -1 : 1);
    const chosen = kind.sorts[this.#sorts[this.#sort] ?? ''];
    const compare =
      chosen ?? ((one: Item, other: Item) => kind.state(other).severity - kind.state(one).severity);
    return items.sort((one, other) => compare(one, other) || byId(one, other));
  }

  /** `14:03:09  12 systems: 2 UNHEALTHY, 10 HEALTHY  http://…`, the worst first. */
  #summary(items: readonly Item[], nowMs: number): string {
    const { kind, terminal, url } = this.#options;
    const counts = new Map<string, { count: number; severity: number; colour: string }>();
    for (const item of items) {
      const { cell, severity } = kind.state(item);
      const text = typeof cell === 'string' ? cell : cell.text;
      const count = (counts.get(text)?.count ?? 0) + 1;
      const colour =
        typeof cell === 'string' ? `${count} ${text}` : paint(terminal, cell.colour, `${count} ${text}`);
      counts.set(text, { count, severity, colour });
    }
    const parts = [...counts.values()].sort((one, other) => other.severity - one.severity);
    const states = parts.length === 0 ? '' : `: ${parts.map(({ colour }) => colour).join(', ')}`;
    const time = paint(terminal, 'dim', formatTimeOfDay(nowMs));
    return `${time}  ${items.length} ${kind.plural}${states}  ${paint(terminal, 'dim', printable(url))}`;
  }

  #banner(nowMs: number): string {
    const { terminal } = this.#options;
    if (this.#lost !== undefined) {
      const { message, sinceMs } = this.#lost;
      const since = `shown is the state of ${formatTimeOfDay(sinceMs)}, ${formatDuration(nowMs - sinceMs)} ago`;
      return paint(terminal, 'red', `CONNECTION LOST (${printable(message)}); trying again; ${since}`);
    }
    if (this.#frozen !== undefined) return paint(terminal, 'yellow', 'PAUSED; p goes on');
    if (this.#news !== undefined && nowMs < this.#news.untilMs)
      return paint(terminal, 'green', this.#news.text);
    return '';
  }

  #keys(shown: number, lines: number): string {
    const { terminal } = this.#options;
    if (this.#isTyping) return `filter: ${this.#filter}_  (Enter keeps it, Esc drops it)`;
    const below = lines - this.#top - this.#rowsShown;
    const parts = [
      'q quit',
      `s sort (${this.#sorts[this.#sort] ?? ''})`,
      this.#filter === '' ? '/ filter' : `/ filter "${this.#filter}" (${shown} shown, Esc drops it)`,
      'p pause',
      ...(this.#top > 0 || below > 0 ? [`↑↓ scroll (${Math.max(0, below)} more below)`] : []),
    ];
    return paint(terminal, 'dim', parts.join('  '));
  }
}
