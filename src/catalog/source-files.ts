import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../base/error.ts';
import { CatalogFileError } from './catalog-file-error.ts';
import type { SourceText } from './source-text.ts';

/** Largest catalog file, in bytes. */
export const catalogFileBytesMax = 16 * 1024 * 1024;
/** Files of one folder. */
export const catalogFilesMax = 1000;

/** Texts that belong together: a file, or the files of a folder. */
export type SourceGroup = readonly SourceText[];

/**
 * Reads files and folders, a group for each. `readStandardInput` gives the text for `-`; without it `-` is a file of
 * that name. Throws CatalogFileError with everything that cannot be read.
 */
export async function readSources(
  paths: readonly string[],
  readStandardInput?: () => Promise<string>,
): Promise<readonly SourceGroup[]> {
  const faults: { readonly file: string; readonly message: string }[] = [];
  const readOne = async (path: string): Promise<SourceText[]> => {
    try {
      if (path === '-' && readStandardInput !== undefined)
        return [{ name: '-', folder: '.', text: await readStandardInput() }];
      return [{ name: path, folder: dirname(path), text: await readText(path) }];
    } catch (error) {
      faults.push({ file: path, message: `cannot be read: ${readFault(error)}` });
      return [];
    }
  };
  const groups: SourceGroup[] = [];
  for (const path of paths) {
    const files = path === '-' && readStandardInput !== undefined ? [path] : filesOf(path);
    if (files.length === 0)
      faults.push({ file: path, message: 'holds no file that ends in .yaml, .yml or .json' });
    if (files.length > catalogFilesMax)
      faults.push({
        file: path,
        message: `holds ${files.length} files, at most ${catalogFilesMax} are read`,
      });
    else groups.push((await Promise.all(files.map(readOne))).flat());
  }
  if (faults.length > 0) {
    throw new CatalogFileError(faults.map((fault) => ({ ...fault, line: 0, column: 0, path: '' })));
  }
  return groups;
}

/**
 * The catalog files of a path: of a folder all that end in .yaml, .yml or .json, sorted, without hidden ones and
 * without those of folders in it; of anything else the path itself, whether it is there or not.
 */
export function filesOf(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch {
    // No folder, or one that cannot be listed: reading the path itself says so.
    return [path];
  }
}

/** Why a file could not be read, for people. */
export function readFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return messageOf(error);
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.length > catalogFileBytesMax) {
    throw new Error(`it has ${bytes.length} bytes, at most ${catalogFileBytesMax} are read`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8 text', { cause });
  }
}
