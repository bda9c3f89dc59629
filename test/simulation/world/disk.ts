import type { Clock } from '../../../src/base/clock.ts';
import { HubError } from '../../../src/base/error.ts';
import type { Store, Table, TableChange, TableCommit, TableRow } from '../../../src/base/table.ts';
import type { Draws } from '../draws.ts';

export interface DiskOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  /** Told of each fault that the disk shows. */
  readonly onFault: (what: string) => void;
}

/**
 * What is durable of the hub. It outlives the processes that open it; a commit takes time, and one that is under way when
 * its process dies has happened or has not.
 */
export class Disk {
  readonly #options: DiskOptions;
  readonly #tables = new Map<string, Map<string, TableRow>>();
  #revision = 0;
  /** Share of commits that fail, half of them although they took effect. */
  faultShare = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** The store as one process sees it, until `isAlive` says that it is gone: then nothing it asked for is answered. */
  open(isAlive: () => boolean): Store {
    return {
      table: async (name) => this.#table(name, isAlive),
      // Lists and counts are asked for by people; nobody does here.
      view: async () => ({ keys: async () => [], countBy: async () => new Map() }),
      check: async () => undefined,
      close: async () => undefined,
    };
  }

  #table(name: string, isAlive: () => boolean): Table {
    const rows = this.#tables.get(name) ?? new Map<string, TableRow>();
    this.#tables.set(name, rows);
    return {
      get: async (key) => rows.get(key),
      scan: async (prefix, { after = '', limit = 1000 } = {}) =>
        [...rows.values()]
          .filter(({ key }) => key.startsWith(prefix) && key > after)
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .slice(0, limit),
      commit: (changes) => this.#commit(rows, changes, isAlive),
      watch: async function* () {},
    };
  }

  #commit(
    rows: Map<string, TableRow>,
    changes: readonly TableChange[],
    isAlive: () => boolean,
  ): Promise<TableCommit> {
    const { clock, draws, onFault } = this.#options;
    const fate = draws.byShare({ refused: this.faultShare / 2, unheard: this.faultShare / 2 }, 'written');
    return new Promise((resolve, reject) => {
      clock.after(draws.between(0.2, 8), () => {
        const outcome = fate === 'refused' ? undefined : this.#apply(rows, changes);
        if (!isAlive()) return;
        if (fate === 'written' && outcome !== undefined) {
          resolve(outcome);
          return;
        }
        onFault(`disk ${fate}`);
        reject(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'The simulated disk is full.' }));
      });
    });
  }

  #apply(rows: Map<string, TableRow>, changes: readonly TableChange[]): TableCommit {
    for (const { key, expect } of changes) {
      const found = rows.get(key)?.revision ?? 'absent';
      if (expect !== undefined && expect !== found) return { committed: false, key, found };
    }
    this.#revision += 1;
    for (const { key, value } of changes) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, { key, value, revision: this.#revision });
    }
    return { committed: true, revision: this.#revision };
  }
}
