import { create, fromJson } from '@bufbuild/protobuf';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { parse } from 'yaml';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { messageOf } from '../base/error.ts';
import { parseDurationMs } from './duration.ts';
import { readFileText } from './file-text.ts';
import { parseKeyValues } from './key-value.ts';
import { parseTarget } from './target-argument.ts';
import { UsageError } from './usage-error.ts';

/** A system as a file or flags describe it, with the lease that it asks for. */
export interface SystemDefinition {
  readonly system: System;
  /** Undefined: the registration never expires. */
  readonly leaseMs?: number;
}

/** Flags of `systems register` and `echo` that describe a system. */
export interface SystemFlags {
  readonly id?: string;
  readonly type?: string;
  readonly name?: string;
  readonly version?: string;
  readonly uri?: readonly string[];
  readonly capability?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly label?: readonly string[];
  readonly weight?: string;
  readonly zone?: string;
  readonly lease?: string;
}

/** Most systems that one file may hold. */
const systemsMax = 10_000;

/**
 * Reads systems from a YAML or JSON file (`-`: standard input): one system, a list of them, or a mapping with
 * `systems:`. A system is written as the contract's `System` in JSON, with three short forms: a dependency as text
 * (`cmc_001`, `type:ledger`), interfaces as a mapping of name to URI, and `lease_ttl` in any unit (`30s`, `5m`).
 * Throws UsageError that names the file, the system and the field; unknown fields are refused.
 */
export async function readSystemFile(path: string): Promise<readonly SystemDefinition[]> {
  const text = await readFileText(path);
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new UsageError(`${path} is neither YAML nor JSON: ${messageOf(error)}`);
  }
  const entries = entriesOf(document);
  if (entries === undefined || entries.length === 0) {
    throw new UsageError(`${path} holds no systems: write one system, a list, or "systems:" with a list`);
  }
  if (entries.length > systemsMax) throw new UsageError(`${path} holds more than ${systemsMax} systems`);
  return entries.map((entry, index) => {
    const id = isObject(entry) && typeof entry['id'] === 'string' ? entry['id'] : `number ${index + 1}`;
    try {
      return definitionFromJson(entry);
    } catch (error) {
      throw new UsageError(`${path}, system ${id}: ${readableJsonError(error)}`);
    }
  });
}

/** Makes a system from flags. What is missing or wrong in them the hub says, all of it at once. */
export function systemFromFlags(flags: SystemFlags): SystemDefinition {
  const weight = flags.weight === undefined ? 0 : Number(flags.weight);
  if (!Number.isSafeInteger(weight) || weight < 0) {
    throw new UsageError(`--weight "${flags.weight ?? ''}" is not a whole number`);
  }
  const id = flags.id ?? '';
  const system = create(SystemSchema, {
    id,
    type: flags.type ?? '',
    name: flags.name ?? id,
    version: flags.version ?? '',
    capabilities: [...(flags.capability ?? [])],
    dependencies: (flags.dependsOn ?? []).map((text) => ({ target: parseTarget(text) })),
    interfaces: (flags.uri ?? []).map(interfaceFromText),
    labels: parseKeyValues('--label', flags.label ?? []),
    weight,
    zone: flags.zone ?? '',
  });
  return { system, ...(flags.lease !== undefined && { leaseMs: parseDurationMs(flags.lease) }) };
}

/** `rest_api=http://host:port`; a bare URI is named by its scheme: `http`, or `grpc` without one. */
function interfaceFromText(text: string): { name: string; uri: string } {
  const named = /^([a-z][a-z0-9_.-]*)=(.+)$/s.exec(text);
  if (named?.[1] !== undefined && named[2] !== undefined) return { name: named[1], uri: named[2] };
  return { name: /^https?:\/\//.test(text) ? 'http' : 'grpc', uri: text };
}

function entriesOf(document: unknown): readonly unknown[] | undefined {
  if (Array.isArray(document)) return document as unknown[];
  if (!isObject(document)) return undefined;
  if (!('systems' in document)) return [document];
  return Array.isArray(document['systems']) ? document['systems'] : undefined;
}

function definitionFromJson(entry: unknown): SystemDefinition {
  if (!isObject(entry)) throw new Error('it is not a mapping of fields');
  const { lease_ttl: leaseTtl, leaseTtl: camelLeaseTtl, ...rest } = entry;
  const lease = leaseTtl ?? camelLeaseTtl;
  if (lease !== undefined && typeof lease !== 'string')
    throw new Error('lease_ttl: write text, such as "30s"');
  const json: JsonObject = { ...rest };
  if (Array.isArray(rest['dependencies'])) json['dependencies'] = rest['dependencies'].map(dependencyJson);
  if (isObject(rest['interfaces'])) {
    json['interfaces'] = Object.entries(rest['interfaces']).map(([name, value]) =>
      isObject(value) ? { name, ...value } : { name, uri: value },
    );
  }
  const system = fromJson(SystemSchema, json);
  return { system, ...(lease !== undefined && { leaseMs: parseDurationMs(lease) }) };
}

function dependencyJson(dependency: JsonValue): JsonValue {
  if (typeof dependency !== 'string') return dependency;
  const { target } = parseTarget(dependency);
  return target.case === undefined ? {} : { target: { [target.case]: target.value } };
}

/** protobuf-es names the message type and field; the package and the words about decoding only distract. */
function readableJsonError(error: unknown): string {
  return messageOf(error)
    .replace(/^cannot decode message switchyard\.registry\.v1\.System from JSON: /, '')
    .replace(/^cannot decode (?:field|message) switchyard\.registry\.v1\./, '')
    .replace(' from JSON', '');
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
