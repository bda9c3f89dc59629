import { constants, existsSync } from 'node:fs';
import { access, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StoreFault } from './store-fault.ts';

/**
 * Makes the data folder, with its parents, unless it is there, and answers its absolute path. Throws StoreFault
 * FOLDER_UNUSABLE when it cannot be made, is no folder, or may not be written to.
 */
export async function prepareDataFolder(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    const firstMade = await makeFolder(path);
    if (firstMade !== undefined) await syncFolder(dirname(firstMade));
    if (!(await stat(path)).isDirectory()) throw folderFault(path, { code: 'EEXIST' });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    throw error instanceof StoreFault ? error : folderFault(path, error);
  }
}

/** What is wrong with the data folder and the way out, from a fault of the file system. */
export function folderFault(dataDir: string, error: unknown): StoreFault {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
  const text =
    reasons[code] ?? `cannot be used (${code}). Look at the disk, or choose another folder (--data-dir).`;
  return new StoreFault('FOLDER_UNUSABLE', dataDir, `The data folder ${dataDir} ${text}`);
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'is a file, not a folder. Choose another folder (--data-dir), or move the file away.',
  ENOTDIR:
    'cannot be made: part of its path is a file, not a folder. Choose another folder (--data-dir), or move the file away.',
  EACCES:
    "is not writable: permission denied. Give the hub's user the right to write there, or choose another folder (--data-dir).",
  EPERM:
    "is not writable: permission denied. Give the hub's user the right to write there, or choose another folder (--data-dir).",
  EROFS:
    'is not writable: its file system is mounted read-only. Mount it writable, or choose another folder (--data-dir).',
  ENOSPC: 'cannot be written: the disk is full. Free space, or choose another folder (--data-dir).',
  EDQUOT: 'cannot be written: the disk quota is used up. Free space, or choose another folder (--data-dir).',
  ENAMETOOLONG: 'has too long a name. Choose another folder (--data-dir).',
  ENOENT: 'cannot be made there. Choose another folder (--data-dir).',
};

/**
 * Makes a folder with its parents unless it is there, for the hub's own user only: it tells what every system is configured
 * with. Answers the topmost one made. Not mkdir's `recursive`: that
 * never returns below /proc.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  const parent = dirname(path);
  if (existsSync(path) || parent === path) return undefined;
  const firstMade = await makeFolder(parent);
  await mkdir(path, { mode: 0o700 });
  return firstMade ?? path;
}

/** Makes a new entry of a folder survive power loss. Windows knows no sync of folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
