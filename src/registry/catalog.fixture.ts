import { type Catalog, type CatalogField, catalogFields, type DeclaredSystem } from './catalog.ts';
import { specFixture } from './system.fixture.ts';
import type { SystemSpec } from './system.ts';

/** What a catalog says of a system: {@link specFixture}, deciding the catalog fields that `parts` sets. */
export function declaredFixture(id: string, parts: Partial<SystemSpec> = {}): DeclaredSystem {
  const sets = (field: CatalogField): boolean => parts[field] !== undefined;
  return { spec: specFixture(id, parts), decides: catalogFields.filter(sets) };
}

/** A catalog of these parts; policies by name, descriptor sets by name and text. */
export function catalogFixture(
  name: string,
  parts: {
    readonly systems?: readonly DeclaredSystem[];
    readonly policies?: Readonly<Record<string, { readonly timeoutMs: number }>>;
    readonly sets?: Readonly<Record<string, string>>;
  } = {},
): Catalog {
  return {
    name,
    systems: parts.systems ?? [],
    policies: Object.entries(parts.policies ?? {}).map(([policy, value]) => ({ name: policy, value })),
    descriptorSets: Object.entries(parts.sets ?? {}).map(([set, text]) => ({
      name: set,
      data: new Uint8Array(Buffer.from(text)),
    })),
  };
}
