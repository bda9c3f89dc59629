import { fromJson } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { CatalogFileError } from './catalog-file-error.ts';
import type { FileViolation } from './catalog-file-error.ts';
import { catalogFile, catalogSystemsMax } from './catalog-file.ts';
import { documentIssues } from './issue-text.ts';
import { parseSource } from './source-text.ts';
import type { SourceDocument, SourceText } from './source-text.ts';
import { list } from './setting-rules.ts';
import { systemFile } from './system-file.ts';
import type { SystemSettings } from './system-file.ts';
import { systemToProto, systemToSettings } from './system-proto.ts';

/** A system of a file, with the lease that it asks for. */
export interface ReadSystem {
  readonly system: System;
  /** Undefined: the registration never expires. */
  readonly leaseMs?: number;
}

const systemList = list(systemFile, catalogSystemsMax);

/**
 * Reads the systems of a text, each document of which is one system, a list of them, or a catalog (its policies and
 * descriptor sets are left aside). A record as `systems get --json` prints it is read as well. Throws CatalogFileError with everything that is wrong.
 */
export function readSystems(source: SourceText): readonly ReadSystem[] {
  const parsed = parseSource(source);
  if ('violations' in parsed) throw new CatalogFileError(parsed.violations);
  const violations: FileViolation[] = [];
  const systems = parsed.documents.flatMap((document) => systemsOf(document, violations));
  if (violations.length === 0 && systems.length === 0) {
    violations.push({
      file: source.name,
      line: 0,
      column: 0,
      path: '',
      message: 'holds no systems: write one system, a list, or "systems:" with a list',
    });
  }
  if (violations.length > 0) throw new CatalogFileError(violations);
  return systems.map((settings) => ({
    system: systemToProto(settings),
    ...(settings.lease_ttl !== undefined && { leaseMs: settings.lease_ttl }),
  }));
}

function systemsOf(document: SourceDocument, violations: FileViolation[]): readonly SystemSettings[] {
  const value = withRecordsRead(document.value);
  const options = { reportInput: true };
  const result = Array.isArray(value)
    ? systemList.safeParse(value, options)
    : isCatalog(value)
      ? catalogFile.safeParse(value, options)
      : systemFile.safeParse(value, options);
  if (!result.success) {
    for (const { path, message } of documentIssues(result.error.issues)) {
      violations.push({ ...document.locate(path), message });
    }
    return [];
  }
  const { data } = result;
  if (Array.isArray(data)) return data;
  return 'id' in data ? [data] : (data.systems ?? []);
}

function isCatalog(value: unknown): boolean {
  return isObject(value) && ['catalog', 'systems', 'policies', 'descriptor_sets'].some((key) => key in value);
}

/** With what a hub printed turned into the form of files; positions stay those of the record. */
function withRecordsRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromRecord);
  if (isObject(value) && Array.isArray(value['systems'])) {
    return { ...value, systems: value['systems'].map(fromRecord) };
  }
  return fromRecord(value);
}

/** A hub's record is known by what only a hub gives out. One that cannot be read is left to the schema to refuse. */
function fromRecord(value: unknown): unknown {
  if (!isObject(value) || !('etag' in value)) return value;
  try {
    return systemToSettings(fromJson(SystemSchema, value));
  } catch {
    // Changed by hand in a way that the contract does not have.
    return value;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
