import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { filePollMs, fileSettleMs, watchFiles } from './file-watch.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchyard-watch-'));
  file = join(folder, 'a.yaml');
  writeFileSync(file, 'one');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function watching() {
  const clock = createFakeClock();
  const onChange = vi.fn(() => Promise.resolve());
  const stop = await watchFiles({ clock, files: () => [file], onChange });
  /** Looks once more, and waits until the next look is due. */
  const look = async (ms = filePollMs): Promise<void> => {
    await clock.advance(ms);
    await vi.waitFor(() => expect(clock.pendingTimers).toBeGreaterThan(0));
  };
  return { clock, onChange, stop, look };
}

test.each<[string, () => void]>([
  ['written', () => writeFileSync(file, 'two, longer')],
  ['removed', () => rmSync(file)],
  [
    'replaced by a rename',
    () => {
      writeFileSync(`${file}.new`, 'two');
      renameSync(`${file}.new`, file);
    },
  ],
])('a file that is %s is noticed, once', async (_how, change) => {
  const { onChange, stop, look } = await watching();
  await look();
  expect(onChange).not.toHaveBeenCalled();
  change();
  await look();
  await look();
  expect(onChange).toHaveBeenCalledTimes(1);
  stop();
});

test('a file is read when it does not change any more, not while somebody writes it', async () => {
  const { onChange, stop, look } = await watching();
  writeFileSync(file, 'half');
  await look();
  for (const more of ['half and', 'half and half']) {
    writeFileSync(file, more);
    await look(fileSettleMs);
  }
  expect(onChange).not.toHaveBeenCalled();
  await look(fileSettleMs);
  expect(onChange).toHaveBeenCalledTimes(1);
  await look();
  await look();
  expect(onChange).toHaveBeenCalledTimes(1);
  stop();
});

test('nothing is looked at after the end', async () => {
  const { clock, onChange, stop } = await watching();
  stop();
  writeFileSync(file, 'two, longer');
  await clock.advance(filePollMs * 3);
  expect(onChange).not.toHaveBeenCalled();
});
