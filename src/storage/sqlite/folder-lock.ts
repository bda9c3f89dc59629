import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { folderFault } from './data-folder.ts';
import { StoreFault } from './store-fault.ts';

/** Name of the file whose lock means "a hub lives here". It stays empty. */
const lockFile = 'switchyard.lock';
/** Says who holds the lock, for people; a separate file, because closing a file drops a process's locks on it. */
const holderFile = 'switchyard.holder.json';

export interface FolderLock {
  release(): void;
}

/**
 * Takes the data folder for this process, until released or until the process ends in whatever way: the lock is the
 * operating system's (an open exclusive transaction on an empty SQLite file), so nothing is left to clean up after
 * `kill -9`. Throws StoreFault FOLDER_HELD with pid and start time of the holder when they are known. Not reliable
 * on network file systems without working locks.
 */
export function lockFolder(dataDir: string, startTimeMs: number): FolderLock {
  const holderPath = join(dataDir, holderFile);
  const lock = new Database(join(dataDir, lockFile), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!(error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error;
    throw new StoreFault(
      'FOLDER_HELD',
      dataDir,
      `Another hub holds the data folder ${dataDir}${describeHolder(holderPath)}. Stop it first, or start this one ` +
        'with another folder (--data-dir).',
    );
  }
  try {
    const holder = { pid: process.pid, startTime: new Date(startTimeMs).toISOString() };
    writeFileSync(holderPath, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    lock.close();
    throw folderFault(dataDir, error);
  }
  return {
    release() {
      rmSync(holderPath, { force: true });
      lock.close();
    },
  };
}

/** ` (pid 12, started …)`, or nothing when the file tells nothing: it is a help, not the lock. */
function describeHolder(holderPath: string): string {
  try {
    const holder: unknown = JSON.parse(readFileSync(holderPath, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || !('startTime' in holder))
      return '';
    return ` (pid ${String(holder.pid)}, started ${String(holder.startTime)})`;
  } catch {
    return '';
  }
}
