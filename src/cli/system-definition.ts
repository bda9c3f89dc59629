import { create } from '@bufbuild/protobuf';
import { dirname } from 'node:path';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { readSystems } from '../catalog/read-systems.ts';
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

/**
 * Reads systems from a YAML or JSON file (`-`: standard input): one system, a list of them, or a catalog, in the form of
 * docs/catalogs.md. Throws CatalogFileError that names file, line, column and field of everything that is wrong.
 */
export async function readSystemFile(path: string): Promise<readonly SystemDefinition[]> {
  return readSystems({ name: path, folder: dirname(path), text: await readFileText(path) });
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
