import type { Json } from './json.ts';
import type { Cell } from './table.ts';
import type { Terminal } from './terminal.ts';
import type { WatchChange } from './watch.ts';

/** What the commands that watch need to know about the things that they watch: systems' health, breakers. */
export interface WatchKind<Item> {
  /** What the items are called together: `systems`, `breakers`. */
  readonly plural: string;
  readonly idOf: (item: Item) => string;
  /** A change as lines for people; none when nothing of interest changed. */
  readonly lines: (terminal: Terminal, change: WatchChange<Item>, nowMs: number) => readonly string[];
  /** The item in an event for scripts. */
  readonly json: (item: Item) => Readonly<Record<string, Json>>;
  /** What the item was before, in such an event. */
  readonly previousJson: (before: Item | undefined) => Readonly<Record<string, Json>>;
  /** The id of an item that is gone, in such an event. */
  readonly removedJson: (id: string) => Readonly<Record<string, Json>>;
  /** The state of an item, to count by and to sort by: the worst has the highest severity. */
  readonly state: (item: Item) => { readonly cell: Cell; readonly severity: number };
  /** Further ways to sort, by name. */
  readonly sorts: Readonly<Record<string, (one: Item, other: Item) => number>>;
  /** Texts that a filter looks through. */
  readonly texts: (item: Item) => readonly string[];
  /** The items as a table. */
  readonly table: (terminal: Terminal, items: readonly Item[], nowMs: number) => string;
}

/** A change as an event for scripts. */
export function changeJson<Item>(kind: WatchKind<Item>, change: WatchChange<Item>): Json {
  switch (change.kind) {
    case 'present':
      return { event: change.kind, ...kind.json(change.item) };
    case 'changed':
      return { event: change.kind, ...kind.previousJson(change.before), ...kind.json(change.item) };
    case 'removed':
      return { event: change.kind, ...kind.removedJson(change.id) };
    case 'lost':
      return { event: change.kind, message: change.message };
    case 'resumed':
      return { event: change.kind, continued: change.continued };
  }
}
