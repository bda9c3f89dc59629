import { readCatalogs } from './read-catalogs.ts';
import type { ReadCatalog } from './read-catalogs.ts';
import { filesOf, readSources } from './source-files.ts';

/** Reads the catalogs of the hub's setting `catalogs`, at start and again when a file changed. */
export interface CatalogLoader {
  /** Reads every file anew. Rejects with CatalogFileError and everything that is wrong, and nothing else. */
  load(): Promise<readonly ReadCatalog[]>;
  /**
   * Every file that the catalogs are made of, to watch: files, folders and what is in them now, and the descriptor
   * sets that the last load met. Never throws; a path that is not there is among them.
   */
  files(): readonly string[];
}

/** A loader of these files and folders; none: no catalogs. */
export function createCatalogLoader(paths: readonly string[]): CatalogLoader {
  let descriptorFiles: readonly string[] = [];
  return {
    async load() {
      if (paths.length === 0) return [];
      const groups = await readSources(paths);
      const met: string[] = [];
      try {
        return await readCatalogs(groups, (file) => met.push(file));
      } finally {
        descriptorFiles = met;
      }
    },
    files: () => [...new Set([...paths, ...paths.flatMap((path) => filesOf(path)), ...descriptorFiles])],
  };
}
