import type { JsonObject } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import {
  CatalogChange_Action,
  CatalogChange_Resource,
  type Catalog,
  type CatalogChange,
} from '#gen/switchyard/registry/v1/catalog_pb.js';
import { policyToSettings } from '../catalog/policy-proto.ts';
import { systemToSettings } from '../catalog/system-proto.ts';
import { resourceName } from './catalog-plan.ts';
import type { HubClient } from './hub-client.ts';
import { diffLines, withContext } from './line-diff.ts';
import { paint, printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** One resource as it is and as it would be, in the form of a catalog file; only the fields that change. */
export interface CatalogDifference extends JsonObject {
  /** `system/ledger_1`. */
  readonly resource: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly fields: string[];
  /** Empty when it is new, or when the hub does not tell (descriptor sets). */
  readonly before: JsonObject;
  readonly after: JsonObject;
}

/** Lines around each change that are shown. */
const contextLines = 2;

/** Looks up what a change of a plan replaces. */
export async function differencesOf(
  hub: HubClient,
  catalog: Catalog,
  change: CatalogChange,
): Promise<CatalogDifference> {
  const { action, fields, resource, id } = change;
  const wanted = action === CatalogChange_Action.DELETE ? {} : wantedSettings(catalog, resource, id);
  const current = action === CatalogChange_Action.CREATE ? {} : await currentSettings(hub, resource, id);
  const isUpdate = action === CatalogChange_Action.UPDATE;
  return {
    resource: resourceName(change),
    action: isUpdate ? 'update' : action === CatalogChange_Action.CREATE ? 'create' : 'delete',
    fields: [...fields],
    before: isUpdate ? only(withoutDerived(current, wanted), fields) : current,
    after: isUpdate ? only(wanted, fields) : wanted,
  };
}

/** The difference as unified lines, coloured on a terminal. */
export function differenceLines(
  terminal: Terminal,
  catalog: string,
  { resource, action, before, after }: CatalogDifference,
): readonly string[] {
  const head = (sign: string, what: string): string => paint(terminal, 'bold', `${sign} ${what}`);
  const name = printable(resource);
  const lines = withContext(diffLines(yamlLines(before), yamlLines(after)), contextLines);
  return [
    head('---', action === 'create' ? '/dev/null' : `${name} (hub)`),
    head('+++', action === 'delete' ? '/dev/null' : `${name} (catalog ${catalog})`),
    ...lines.map(({ sign, text }) => {
      const line = `${sign}${printable(text)}`;
      return sign === ' ' ? line : paint(terminal, sign === '+' ? 'green' : 'red', line);
    }),
  ];
}

function wantedSettings(catalog: Catalog, resource: CatalogChange_Resource, id: string): JsonObject {
  switch (resource) {
    case CatalogChange_Resource.SYSTEM: {
      const system = catalog.systems.find((each) => each.id === id);
      return system === undefined ? {} : systemToSettings(system);
    }
    case CatalogChange_Resource.POLICY: {
      const policy = catalog.policies.find(({ name }) => name === id);
      return policy === undefined ? {} : policyToSettings(policy);
    }
    case CatalogChange_Resource.DESCRIPTOR_SET: {
      const set = catalog.descriptorSets.find(({ name }) => name === id);
      if (set === undefined) return {};
      const digest = createHash('sha256').update(set.data).digest('hex').slice(0, 16);
      return { name: set.name, data: `${set.data.length} bytes, sha256 ${digest}…` };
    }
    case CatalogChange_Resource.UNSPECIFIED:
      return {};
  }
}

async function currentSettings(
  hub: HubClient,
  resource: CatalogChange_Resource,
  id: string,
): Promise<JsonObject> {
  if (resource === CatalogChange_Resource.SYSTEM) {
    const { system } = await hub.registry.getSystem({ systemId: id }, hub.call);
    return system === undefined ? {} : systemToSettings(system);
  }
  if (resource === CatalogChange_Resource.POLICY) {
    const { policy } = await hub.resilience.getPolicy({ name: id }, hub.call);
    return policy === undefined ? {} : policyToSettings(policy);
  }
  // The hub does not give descriptor sets out.
  return {};
}

function only(settings: JsonObject, fields: readonly string[]): JsonObject {
  // Paths of the contract; some spell fields as its JSON does.
  const names = new Set(
    fields.map((field) =>
      field.replace(/[.[].*$/s, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ),
  );
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.has(name)));
}

/** Without protocols that the hub took from the URI because the catalog left them out. */
function withoutDerived(current: JsonObject, wanted: JsonObject): JsonObject {
  const before = interfacesOf(current);
  if (before.length === 0) return current;
  const after = interfacesOf(wanted);
  return {
    ...current,
    interfaces: before.map((each) => {
      const counterpart = after.find(({ name }) => name === each['name']);
      if (counterpart === undefined || 'protocol' in counterpart) return each;
      const { protocol: _derived, ...rest } = each;
      return rest;
    }),
  };
}

function interfacesOf({ interfaces }: JsonObject): readonly JsonObject[] {
  return Array.isArray(interfaces) ? (interfaces as JsonObject[]) : [];
}

function yamlLines(settings: JsonObject): readonly string[] {
  return Object.keys(settings).length === 0
    ? []
    : stringify(settings, { lineWidth: 0 }).trimEnd().split('\n');
}
