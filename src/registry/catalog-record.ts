import { z } from 'zod';
import { catalogFields, type KeptCatalog } from './catalog.ts';
import { readRow, rowKeys, unreadableRow } from './registry-row.ts';
import { jsonObject, specForm, specSchema } from './system-record.ts';

/** Version of the record's form on disk. Raise it with every change that an older hub would misread. */
const recordVersion = 1;

/** A catalog's bytes on disk. The bytes of its descriptor sets stand in rows of their own. */
export function encodeCatalogRecord(kept: KeptCatalog): Uint8Array {
  const form: z.output<typeof recordSchema> = {
    v: recordVersion,
    name: kept.name,
    updateTimeMs: kept.updateTimeMs,
    systems: [...kept.systems.values()].map(({ since, value }) => ({
      since,
      decides: [...value.decides],
      spec: specForm(value.spec),
    })),
    leftSystems: [...kept.leftSystems],
    policies: [...kept.policies].map(([name, { since, left, value }]) => ({ name, since, left, value })),
    descriptorSets: [...kept.descriptorSets].map(([name, { since, left }]) => ({ name, since, left })),
  };
  return Buffer.from(JSON.stringify(form));
}

/**
 * Reads what {@link encodeCatalogRecord} wrote; `sets` holds the rows of descriptor sets by key. Anything else is
 * STORE_UNAVAILABLE with a text that names the key.
 */
export function decodeCatalogRecord(
  key: string,
  value: Uint8Array,
  sets: ReadonlyMap<string, Uint8Array>,
): KeptCatalog {
  const { name, updateTimeMs, systems, leftSystems, policies, descriptorSets } = readRow(
    recordSchema,
    key,
    value,
  );
  if (rowKeys.catalog(name) !== key) throw unreadableRow(key, `it holds the catalog ${JSON.stringify(name)}`);
  return {
    name,
    updateTimeMs,
    systems: new Map(
      systems.map(({ since, decides, spec }) => [spec.id, { since, left: false, value: { spec, decides } }]),
    ),
    leftSystems: new Set(leftSystems),
    policies: new Map(policies.map(({ name: id, ...held }) => [id, held])),
    descriptorSets: new Map(
      descriptorSets.map(({ name: id, ...held }) => {
        const setKey = rowKeys.descriptorSet(name, id);
        const data = sets.get(setKey);
        if (data === undefined) throw unreadableRow(setKey, 'it is missing');
        return [id, { ...held, value: data }];
      }),
    ),
  };
}

const claim = { since: z.number(), left: z.boolean() };
const recordSchema = z.strictObject({
  v: z.literal(recordVersion),
  name: z.string(),
  updateTimeMs: z.number(),
  systems: z.array(
    z.strictObject({ since: z.number(), decides: z.array(z.enum(catalogFields)), spec: specSchema }),
  ),
  leftSystems: z.array(z.string()),
  policies: z.array(z.strictObject({ name: z.string(), ...claim, value: jsonObject })),
  descriptorSets: z.array(z.strictObject({ name: z.string(), ...claim })),
});
