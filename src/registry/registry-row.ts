import { z, type ZodType } from 'zod';
import { HubError } from '../base/error.ts';

/** Name of the registry's table. The keys of systems are their ids, those of other rows begin with a dot. */
export const registryTable = 'systems';

/**
 * Keys of the registry's rows beside those of systems, which are their ids. One table holds them all, because a commit
 * is atomic within one table: a catalog is applied whole or not at all. No id begins with a dot.
 */
export const rowKeys = {
  /** What a catalog says. */
  catalog: (name: string): string => `${rowPrefixes.catalogs}${name}`,
  /** Bytes of a catalog's descriptor set. */
  descriptorSet: (catalog: string, name: string): string => `${rowPrefixes.descriptorSets}${catalog}/${name}`,
  /** The versions that a registered system has had. */
  versions: (id: string): string => `${rowPrefixes.versions}${id}`,
  /** The same of one that is gone. */
  goneVersions: (id: string): string => `${rowPrefixes.goneVersions}${id}`,
} as const;

export const rowPrefixes = {
  catalogs: '.catalogs/',
  descriptorSets: '.sets/',
  versions: '.versions/',
  goneVersions: '.gone/',
} as const;

/** Sorts after the keys of all other rows and before every system's. */
export const beforeSystems = '/';

/** Whether a key is that of a system. */
export function isSystemKey(key: string): boolean {
  return !key.startsWith('.');
}

/** Reads a row that holds JSON. Throws STORE_UNAVAILABLE that names the key: the hub must not start on half of its registry. */
export function readRow<S extends ZodType>(schema: S, key: string, value: Uint8Array): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(value).toString('utf8'));
  } catch (cause) {
    throw unreadableRow(key, 'it is not JSON', cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unreadableRow(key, z.prettifyError(parsed.error).replaceAll('\n', ' ').slice(0, 1000), parsed.error);
}

/** STORE_UNAVAILABLE for a row that cannot be read. */
export function unreadableRow(key: string, detail: string, cause?: unknown): HubError {
  return new HubError({
    reason: 'STORE_UNAVAILABLE',
    message: `The record ${JSON.stringify(key)} in the table ${JSON.stringify(registryTable)} cannot be read: ${detail}. Restore the data folder from a copy, or use the version of the hub that wrote it.`,
    metadata: { table: registryTable, key },
    ...(cause === undefined ? {} : { cause }),
  });
}
