import { writeSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import { openSqliteStore } from './sqlite-store.ts';

// A process with a store, for tests of what happens to it: `node store-process.fixture.ts hold|write DIR`.
// It prints `open`, or `failed: …`. `write` then commits without end from several sides, and prints each key once it
// is acknowledged. Both run until they are killed.

const [mode, dataDir = ''] = process.argv.slice(2);
/** Synchronous, so that a line is in the pipe before anything else happens. */
const print = (line: string): void => void writeSync(1, `${line}\n`);

try {
  const store = await openSqliteStore({ dataDir, clock: systemClock });
  const table = await store.table('acknowledged');
  print('open');
  const write = async (side: number): Promise<void> => {
    for (let n = 0; ; n += 1) {
      const key = `${side}.${n}`;
      const result = await table.commit([{ key, value: Buffer.from(key.repeat(20)), expect: 'absent' }]);
      if (result.committed) print(key);
    }
  };
  if (mode === 'write') await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
} catch (error) {
  print(`failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
