import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../base/clock.ts';

/** How often watched files are looked at, in ms. */
export const filePollMs = 2000;
/** How long files must stay as they are before what changed is read, in ms: somebody may still be writing. */
export const fileSettleMs = 250;

export interface FileWatchOptions {
  readonly clock: Clock;
  /** Which files to look at; asked each time, because a folder's content changes. */
  readonly files: () => readonly string[];
  /** Called after something changed, appeared or went, and settled. The next look is after it has resolved. */
  readonly onChange: () => Promise<void>;
}

/**
 * Notices changes of files by looking at them every {@link filePollMs}: editors and orchestrators replace files by
 * renames and links, of which notifications tell nothing dependable. Returns how to stop.
 */
export async function watchFiles({ clock, files, onChange }: FileWatchOptions): Promise<() => void> {
  let closed = false;
  let timer: Timer | undefined;
  let known = await stateOf(files());
  const look = async (before: string): Promise<void> => {
    const state = await stateOf(files());
    if (closed) return;
    // Half a catalog can be a valid one: what still changes is not read.
    if (state !== before) {
      wait(fileSettleMs, state);
      return;
    }
    if (state !== known) {
      known = state;
      await onChange();
    }
    wait(filePollMs, known);
  };
  const wait = (ms: number, state: string): void => {
    if (!closed) timer = clock.after(ms, () => void look(state));
  };
  wait(filePollMs, known);
  return () => {
    closed = true;
    timer?.cancel();
  };
}

/** A text that differs when a file was changed, replaced, added or removed. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(
    paths.map(async (path) => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${path} ${mtimeMs} ${size} ${ino}`;
      } catch {
        // Not there (any more) is a state too; whoever reads the file says why.
        return `${path} -`;
      }
    }),
  );
  return states.join('\n');
}
