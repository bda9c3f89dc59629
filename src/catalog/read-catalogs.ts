import { create } from '@bufbuild/protobuf';
import type { DescriptorSet, Catalog } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { CatalogSchema } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { CatalogFileError, positionText } from './catalog-file-error.ts';
import type { FileViolation, SourcePosition } from './catalog-file-error.ts';
import {
  catalogDescriptorSetsMax,
  catalogFile,
  catalogPoliciesMax,
  catalogSystemsMax,
} from './catalog-file.ts';
import type { CatalogSettings } from './catalog-file.ts';
import { descriptorSetPath, readDescriptorSet } from './descriptor-set.ts';
import { documentIssues } from './issue-text.ts';
import { policyToProto } from './policy-proto.ts';
import type { SourceGroup } from './source-files.ts';
import { parseSource } from './source-text.ts';
import type { SourceDocument } from './source-text.ts';
import { systemToProto } from './system-proto.ts';

/** A catalog put together from its files. */
export interface ReadCatalog {
  readonly catalog: Catalog;
  /** Where a field of a violation stands (`catalog.systems[3].interfaces[0].uri`); undefined for one of no file. */
  locate(field: string): SourcePosition | undefined;
}

/** The lists of a catalog, by their names in the contract and in files. */
type Section = 'systems' | 'policies' | 'descriptor_sets';

interface Entry {
  readonly document: SourceDocument;
  readonly path: readonly PropertyKey[];
  /** Id or name. */
  readonly id: string;
}

interface Part {
  readonly name: string;
  readonly document: SourceDocument;
  readonly settings: CatalogSettings;
}

/**
 * Reads the catalogs of files, merged by name, in the order of the names' first appearance. A document without a name
 * belongs to the catalog of the document before it in its file, else to the only one of its group (a folder), else to
 * the only one of all. `onFile` is told the path of every descriptor set that is read. Throws CatalogFileError with
 * everything that is wrong in any of them.
 */
export async function readCatalogs(
  groups: readonly SourceGroup[],
  onFile: (path: string) => void = () => undefined,
): Promise<readonly ReadCatalog[]> {
  const violations: FileViolation[] = [];
  const parts = nameParts(
    groups.map((group) => group.map((source) => readDocuments(source, violations))),
    violations,
  );
  const names = [...new Set(parts.map(({ name }) => name))];
  const catalogs: ReadCatalog[] = [];
  for (const name of names) {
    catalogs.push(
      await merge(
        name,
        parts.filter((part) => part.name === name),
        { violations, onFile },
      ),
    );
  }
  if (violations.length === 0 && catalogs.length === 0) {
    const file = groups.flat()[0]?.name ?? '-';
    violations.push({
      file,
      line: 0,
      column: 0,
      path: '',
      message: 'holds no catalog: write "catalog: NAME" and systems or policies',
    });
  }
  if (violations.length > 0) throw new CatalogFileError(violations);
  return catalogs;
}

interface ReadDocument {
  readonly document: SourceDocument;
  readonly settings: CatalogSettings;
}

function readDocuments(
  source: Parameters<typeof parseSource>[0],
  violations: FileViolation[],
): ReadDocument[] {
  const parsed = parseSource(source);
  if ('violations' in parsed) {
    violations.push(...parsed.violations);
    return [];
  }
  return parsed.documents.flatMap((document) => {
    const result = catalogFile.safeParse(document.value, { reportInput: true });
    if (result.success) return [{ document, settings: result.data }];
    for (const { path, message } of documentIssues(result.error.issues)) {
      violations.push({ ...document.locate(path), message });
    }
    return [];
  });
}

/** Gives every document the name of its catalog. */
function nameParts(
  groups: readonly (readonly (readonly ReadDocument[])[])[],
  violations: FileViolation[],
): readonly Part[] {
  const namesIn = (documents: readonly ReadDocument[]): ReadonlySet<string> =>
    new Set(documents.flatMap(({ settings }) => settings.catalog ?? []));
  const allNames = namesIn(groups.flat(2));
  return groups.flatMap((group) => {
    const names = namesIn(group.flat());
    return group.flatMap((documents) => {
      let before: string | undefined;
      return documents.flatMap(({ document, settings }): Part[] => {
        const name = settings.catalog ?? before ?? onlyOne(names) ?? onlyOne(allNames);
        before = name;
        if (name !== undefined) return [{ name, document, settings }];
        // Another document may name it, but cannot be read; its own faults come first.
        if (violations.length === 0 || allNames.size > 0) {
          const choices =
            allNames.size === 0
              ? 'write "catalog: NAME"'
              : `the files name several: ${[...allNames].slice(0, 10).join(', ')}`;
          violations.push({ ...document.locate([]), path: 'catalog', message: `is required: ${choices}` });
        }
        return [];
      });
    });
  });
}

function onlyOne(names: ReadonlySet<string>): string | undefined {
  return names.size === 1 ? [...names][0] : undefined;
}

async function merge(
  name: string,
  parts: readonly Part[],
  { violations, onFile }: { readonly violations: FileViolation[]; readonly onFile: (path: string) => void },
): Promise<ReadCatalog> {
  const systems: System[] = [];
  const policies: Policy[] = [];
  const descriptorSets: DescriptorSet[] = [];
  const entries: Readonly<Record<Section, Entry[]>> = { systems: [], policies: [], descriptor_sets: [] };
  for (const { document, settings } of parts) {
    for (const [index, system] of (settings.systems ?? []).entries()) {
      entries.systems.push({ document, path: ['systems', index], id: system.id });
      systems.push(systemToProto(system));
    }
    for (const [index, policy] of (settings.policies ?? []).entries()) {
      entries.policies.push({ document, path: ['policies', index], id: policy.name });
      policies.push(policyToProto(policy));
    }
    for (const [index, set] of (settings.descriptor_sets ?? []).entries()) {
      const path = ['descriptor_sets', index];
      entries.descriptor_sets.push({ document, path, id: set.name });
      const file = descriptorSetPath(set, document.source.folder);
      if (file !== undefined) onFile(file);
      const read = await readDescriptorSet(set, document.source.folder);
      if ('fault' in read) {
        violations.push({ ...document.locate([...path, read.field]), message: read.fault });
      } else descriptorSets.push(read);
    }
  }
  violations.push(
    ...duplicates(entries.systems, 'id'),
    ...duplicates(entries.policies, 'name'),
    ...duplicates(entries.descriptor_sets, 'name'),
    ...tooMany(entries.systems, 'systems', catalogSystemsMax),
    ...tooMany(entries.policies, 'policies', catalogPoliciesMax),
    ...tooMany(entries.descriptor_sets, 'descriptor_sets', catalogDescriptorSetsMax),
  );
  const first = parts[0];
  return {
    catalog: create(CatalogSchema, { name, systems, policies, descriptorSets }),
    locate(field) {
      const [root, section, index, ...rest] = stepsOf(field);
      if (root !== 'catalog') return undefined;
      if (section === 'name') return first?.document.locate(['catalog']);
      const entry = isSection(section) ? entries[section][Number(index)] : undefined;
      if (entry !== undefined) return entry.document.locate([...entry.path, ...rest]);
      return first?.document.locate(section === undefined ? [] : [section]);
    },
  };
}

function* duplicates(entries: readonly Entry[], field: 'id' | 'name'): Generator<FileViolation> {
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const first = seen.get(entry.id);
    if (first === undefined) {
      seen.set(entry.id, entry);
      continue;
    }
    yield {
      ...entry.document.locate([...entry.path, field]),
      message: `must not be given twice; found ${JSON.stringify(entry.id)}, which stands at ${positionText(first.document.locate(first.path))} already`,
    };
  }
}

/** Each file keeps its bounds; together they may not. */
function* tooMany(entries: readonly Entry[], section: Section, max: number): Generator<FileViolation> {
  const first = entries[max];
  if (first === undefined) return;
  yield {
    ...first.document.locate([section]),
    message: `must have at most ${max} items in all files of the catalog; found ${entries.length}`,
  };
}

function isSection(name: PropertyKey | undefined): name is Section {
  return name === 'systems' || name === 'policies' || name === 'descriptor_sets';
}

/** `catalog.systems[3].labels["a b"].x` as steps; indexes are numbers. */
export function stepsOf(field: string): readonly PropertyKey[] {
  return [...field.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, name]) =>
      index !== undefined ? Number(index) : quoted !== undefined ? unquoted(quoted) : (name ?? ''),
  );
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    // Cut in the middle of an escape: good enough to look for.
    return text;
  }
}
