import { dirname } from 'node:path';
import { type ReadPolicy, readPolicy } from '../catalog/read-policy.ts';
import { readFileText } from './file-text.ts';

/**
 * The policy of a YAML or JSON file (`-`: standard input), in the form of docs/catalogs.md, with where each of its fields
 * stands. Throws CatalogFileError that names file, line, column and field of everything that is wrong.
 */
export async function readPolicyFile(path: string): Promise<ReadPolicy> {
  return readPolicy({ name: path, folder: dirname(path), text: await readFileText(path) });
}
