import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder with files that is gone once disposed of. */
export interface CatalogFolder extends AsyncDisposable {
  readonly path: string;
  write(name: string, content: string | Uint8Array): Promise<void>;
}

/** Makes a folder with these files. */
export async function makeCatalogFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<CatalogFolder> {
  const path = await mkdtemp(join(tmpdir(), 'switchyard-catalogs-'));
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  };
  for (const [name, content] of Object.entries(files)) await write(name, content);
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A system with the fields that every one needs; `rest` is YAML in flow form for more. */
export function systemYaml(id: string, rest = ''): string {
  return `{id: ${id}, type: ledger, name: Ledger, version: '1.0', interfaces: {rest: http://h:1}${rest === '' ? '' : `, ${rest}`}}`;
}
