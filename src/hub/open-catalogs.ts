import { HubError } from '../base/error.ts';
import { CatalogFileError, positionText, violationText } from '../catalog/catalog-file-error.ts';
import { type CatalogLoader, createCatalogLoader } from '../catalog/catalog-loader.ts';
import type { ReadCatalog } from '../catalog/read-catalogs.ts';
import type { Config } from './config-schema.ts';
import { ConfigError } from './config.ts';
import { type ApplyCatalog } from '../rpc/catalog-apply.ts';
import { type PlanSummary, summarizePlan } from '../rpc/plan-summary.ts';
import type { HubBase } from './hub-base.ts';

/** The catalogs of the configuration. */
export interface CatalogFiles {
  /** Every file that they are made of now. */
  files(): readonly string[];
}

/**
 * Applies the catalogs that the configuration names, at start and whenever a file changed. The files are the truth: what
 * a catalog names no more is deleted. Files that are wrong are ConfigErrors, with file, line and column: they end the
 * start, and a reload changes nothing.
 */
export async function openCatalogs(base: HubBase, apply: ApplyCatalog): Promise<CatalogFiles> {
  const { config, logger, reloader } = base;
  let loader = createCatalogLoader(config.catalogs);

  /** Checks every catalog, then gives how to apply them. */
  const prepare = async (from: CatalogLoader): Promise<() => Promise<void>> => {
    const catalogs = await loaded(from);
    for (const read of catalogs) await applied(apply, read, { prune: true, validateOnly: true });
    return async () => {
      // What moves from one catalog to another must not be gone in between: nothing is deleted before all have said theirs.
      const added = new Map<ReadCatalog, number>();
      if (catalogs.length > 1) {
        for (const read of catalogs) {
          added.set(read, await additions(apply, read));
        }
      }
      for (const read of catalogs) {
        const last = await applied(apply, read, { prune: true, validateOnly: false });
        const changes = last.changes + (added.get(read) ?? 0);
        const { conflicts } = last;
        const fields = { catalog: read.catalog.name, changes };
        if (changes > 0) logger.info('catalog applied', fields);
        for (const conflict of conflicts) logger.warn('catalog conflict', { ...fields, conflict });
      }
    };
  };

  await (
    await prepare(loader)
  )();
  reloader.add({
    async prepare({ catalogs }: Config) {
      const next = createCatalogLoader(catalogs);
      const applyAll = await prepare(next);
      return async () => {
        loader = next;
        await applyAll();
      };
    },
  });
  return { files: () => loader.files() };
}

async function loaded(loader: CatalogLoader): Promise<readonly ReadCatalog[]> {
  try {
    return await loader.load();
  } catch (error) {
    if (!(error instanceof CatalogFileError)) throw error;
    throw new ConfigError(error.violations.map(violationText));
  }
}

/** Applies one catalog without deleting anything. Resolves to the number of changes. */
async function additions(apply: ApplyCatalog, read: ReadCatalog): Promise<number> {
  try {
    return (await applied(apply, read, { prune: false, validateOnly: false })).changes;
  } catch (error) {
    // No room for what comes beside what goes: then that has to go first.
    if (error instanceof HubError && error.reason === 'REGISTRY_FULL') return 0;
    throw error;
  }
}

/** Applies one catalog; its violations name file, line and column. */
async function applied(
  apply: ApplyCatalog,
  { catalog, locate }: ReadCatalog,
  options: { readonly prune: boolean; readonly validateOnly: boolean },
): Promise<PlanSummary> {
  try {
    return summarizePlan(await apply(catalog, options));
  } catch (error) {
    if (!(error instanceof HubError) || error.violations.length === 0) throw error;
    throw new ConfigError(
      error.violations.map(({ field, description }) => {
        const position = locate(field);
        return position === undefined
          ? `${field}: ${description}`
          : `${positionText(position)}: ${position.path}: ${description}`;
      }),
    );
  }
}
