import { z } from 'zod';
import type { Table, TableChange } from '../base/table.ts';
import { readRow, rowKeys, rowPrefixes } from './registry-row.ts';
import type { System } from './system.ts';

/** Versions that are kept of one system; the oldest goes. */
export const versionsMax = 100;
/** How long the versions of a system that is gone are kept, in ms. */
export const goneVersionsKeepMs = 24 * 60 * 60 * 1000;
/** Systems that are gone whose versions are kept; the first to go makes room. */
export const goneSystemsMax = 10_000;

/** A row of registrations with one version. */
export interface SystemVersion {
  readonly version: string;
  /** Epoch ms, like the next. */
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
  /** How often the version was given in this row: by a registration, a catalog, or an update that changed it. */
  readonly registrations: number;
}

/** The versions, the newest first, once `version` was given at `atMs`. */
export function withVersion(
  versions: readonly SystemVersion[],
  version: string,
  atMs: number,
): readonly SystemVersion[] {
  const [newest, ...older] = versions;
  if (newest?.version === version) {
    return [{ ...newest, lastTimeMs: atMs, registrations: newest.registrations + 1 }, ...older];
  }
  return [{ version, firstTimeMs: atMs, lastTimeMs: atMs, registrations: 1 }, ...versions].slice(
    0,
    versionsMax,
  );
}

/** What a commit writes of versions, and what to call once it has. */
export interface VersionWrite {
  readonly changes: readonly TableChange[];
  readonly committed: () => void;
}

/**
 * The versions that systems have had: rows beside their records, written with them. Only who is gone is held in
 * memory. Writes to one id must come one after the other.
 */
export class VersionHistory {
  readonly #table: Table;
  /** When each system went that is gone, epoch ms, the first to go first. */
  readonly #gone: Map<string, number>;

  constructor(table: Table, gone: ReadonlyMap<string, number>) {
    this.#table = table;
    this.#gone = new Map([...gone].sort(([, a], [, b]) => a - b));
  }

  /** Reads who is gone. Rejects with STORE_UNAVAILABLE. */
  static async open(table: Table): Promise<VersionHistory> {
    const gone = new Map<string, number>();
    for (let after: string | undefined; ;) {
      const rows = await table.scan(rowPrefixes.goneVersions, {
        limit: pageRows,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key, value } of rows) {
        gone.set(key.slice(rowPrefixes.goneVersions.length), readRow(goneSchema, key, value).goneTimeMs);
      }
      after = rows.at(-1)?.key;
      if (rows.length < pageRows) return new VersionHistory(table, gone);
    }
  }

  /** The version that `id` has from now on, whose record was `previous`. */
  async given(
    id: string,
    version: string,
    previous: System | undefined,
    atMs: number,
  ): Promise<VersionWrite> {
    const before = await this.#of(id, previous);
    const form = { versions: [...withVersion(before, version, atMs)] };
    const changes: TableChange[] = [{ key: rowKeys.versions(id), value: encode(form) }];
    if (this.#gone.has(id)) changes.push({ key: rowKeys.goneVersions(id), value: undefined });
    return { changes, committed: () => this.#gone.delete(id) };
  }

  /** The system goes; its versions are kept for a while. */
  async removed(previous: System, atMs: number): Promise<VersionWrite> {
    const { id } = previous;
    const form = { goneTimeMs: atMs, versions: [...(await this.#of(id, previous))] };
    return {
      changes: [
        { key: rowKeys.versions(id), value: undefined },
        { key: rowKeys.goneVersions(id), value: encode(form) },
      ],
      committed: () => {
        // Anew, so that the order stays that of going.
        this.#gone.delete(id);
        this.#gone.set(id, atMs);
      },
    };
  }

  /**
   * Forgets the versions of systems that went too long ago, and of the first to go when there is no room for `joining`
   * more. Goes first in the commit that removes those.
   */
  forgotten(atMs: number, joining: number): VersionWrite {
    const ids: string[] = [];
    let left = this.#gone.size + joining;
    for (const [id, goneTimeMs] of this.#gone) {
      if (ids.length >= joining + forgottenMax) break;
      if (goneTimeMs > atMs - goneVersionsKeepMs && left <= goneSystemsMax) break;
      ids.push(id);
      left -= 1;
    }
    return {
      changes: ids.map((id) => ({ key: rowKeys.goneVersions(id), value: undefined })),
      committed: () => {
        for (const id of ids) this.#gone.delete(id);
      },
    };
  }

  /** The versions of a system, the newest first; undefined when nobody has the id, or had it lately. */
  async versionsOf(
    id: string,
    current: System | undefined,
    atMs: number,
  ): Promise<readonly SystemVersion[] | undefined> {
    const goneTimeMs = this.#gone.get(id);
    if (current === undefined && (goneTimeMs === undefined || goneTimeMs <= atMs - goneVersionsKeepMs)) {
      return undefined;
    }
    return this.#of(id, current);
  }

  async #of(id: string, current: System | undefined): Promise<readonly SystemVersion[]> {
    if (current === undefined) {
      const key = rowKeys.goneVersions(id);
      const gone = this.#gone.has(id) ? await this.#table.get(key) : undefined;
      return gone === undefined ? [] : readRow(goneSchema, key, gone.value).versions;
    }
    const key = rowKeys.versions(id);
    const row = await this.#table.get(key);
    if (row !== undefined) return readRow(versionsSchema, key, row.value).versions;
    // A record of a hub that kept no versions yet: what can be told from it.
    const { version, createTimeMs: firstTimeMs, updateTimeMs: lastTimeMs } = current;
    return [{ version, firstTimeMs, lastTimeMs, registrations: 1 }];
  }
}

const pageRows = 1000;
/** More than one for each that goes, so that a backlog gets shorter. */
const forgottenMax = 100;
const formVersion = 1;

const versionsSchema = z.strictObject({
  v: z.literal(formVersion),
  versions: z.array(
    z.strictObject({
      version: z.string(),
      firstTimeMs: z.number(),
      lastTimeMs: z.number(),
      registrations: z.number(),
    }),
  ),
});
const goneSchema = versionsSchema.extend({ goneTimeMs: z.number() });

function encode(form: { versions: readonly SystemVersion[]; goneTimeMs?: number }): Uint8Array {
  return Buffer.from(JSON.stringify({ v: formVersion, ...form }));
}
