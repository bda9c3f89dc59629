import { CatalogChange_Action, CatalogChange_Resource } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { CatalogChange, CatalogPlan } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { readCatalogs } from '../catalog/read-catalogs.ts';
import type { ReadCatalog } from '../catalog/read-catalogs.ts';
import { readSources } from '../catalog/source-files.ts';
import { withPositions } from './file-positions.ts';
import { readFileText } from './file-text.ts';
import type { HubClient } from './hub-client.ts';
import { paint, printable } from './terminal.ts';
import type { Colour, Terminal } from './terminal.ts';

/** How a catalog is applied. */
export interface ApplyMode {
  readonly prune: boolean;
  readonly validateOnly: boolean;
}

/** The catalogs of files, folders and standard input (`-`). Throws CatalogFileError. */
export async function readCatalogPaths(paths: readonly string[]): Promise<readonly ReadCatalog[]> {
  return readCatalogs(await readSources(paths, () => readFileText('-')));
}

/** Applies a catalog. What the hub finds wrong is told by file, line and column. */
export async function applyCatalog(
  hub: HubClient,
  { catalog, locate }: ReadCatalog,
  mode: ApplyMode,
): Promise<CatalogPlan> {
  return withPositions({ locate }, async () => {
    const { plan } = await hub.registry.applyCatalog({ catalog, ...mode }, hub.call);
    if (plan === undefined) throw new Error('the hub answered without a plan; it is of another version');
    return plan;
  });
}

/** `system/ledger_1`. */
export function resourceName({ resource, id }: CatalogChange): string {
  const kind = (CatalogChange_Resource[resource] as string | undefined) ?? 'RESOURCE';
  return `${kind.toLowerCase()}/${id}`;
}

const verbs: Readonly<Record<CatalogChange_Action, readonly [verb: string, colour: Colour]>> = {
  [CatalogChange_Action.UNSPECIFIED]: ['unknown', 'dim'],
  [CatalogChange_Action.CREATE]: ['created', 'green'],
  [CatalogChange_Action.UPDATE]: ['configured', 'yellow'],
  [CatalogChange_Action.UNCHANGED]: ['unchanged', 'dim'],
  [CatalogChange_Action.DELETE]: ['pruned', 'red'],
};

/** A change as a line: `system/ledger_1 configured: labels, weight`. */
export function changeLine(terminal: Terminal, change: CatalogChange, validateOnly: boolean): string {
  const [verb, colour] =
    (verbs as Partial<typeof verbs>)[change.action] ?? verbs[CatalogChange_Action.UNSPECIFIED];
  const fields = change.fields.length === 0 ? '' : `: ${change.fields.map(printable).join(', ')}`;
  const note = validateOnly ? ' (dry run)' : '';
  return `${printable(resourceName(change))} ${paint(terminal, colour, verb)}${fields}${note}`;
}

/** What the catalog says and does not get, a line for each, for standard error. */
export function conflictLines({ changes }: CatalogPlan): readonly string[] {
  return changes.flatMap((change) =>
    change.conflicts.map(({ field, owner, message }) => {
      const what = field === '' ? resourceName(change) : `${resourceName(change)}: ${field}`;
      return printable(`warning: ${what}: ${message} (${owner})`);
    }),
  );
}
