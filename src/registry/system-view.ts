import type { ViewCondition, ViewDefinition } from '../base/table.ts';
import { isSystemKey, registryTable } from './registry-row.ts';
import { searchTextOf, type SystemFilterSpec } from './system-filter.ts';
import type { SystemSpec } from './system.ts';

/** What systems can be listed and counted by. */
export const systemView: ViewDefinition = {
  name: 'systems',
  version: 2,
  table: registryTable,
  columns: {
    id: 'text',
    type: 'text',
    version: 'text',
    zone: 'text',
    owner: 'text',
    capabilities: 'set',
    protocols: 'set',
    labels: 'set',
    text: 'text',
  },
  project(key, value) {
    if (!isSystemKey(key)) return undefined;
    // Records are checked when the hub starts and written by it alone, so no second check is paid for here.
    const spec = JSON.parse(Buffer.from(value).toString('utf8')) as SystemSpec;
    return {
      id: spec.id,
      type: spec.type,
      version: spec.version,
      zone: spec.zone,
      // Records of before had none.
      owner: (spec as Partial<SystemSpec>).owner ?? '',
      capabilities: spec.capabilities,
      protocols: [...new Set(spec.interfaces.map(({ protocol }) => protocol))],
      labels: Object.entries(spec.labels).map(([name, labelValue]) => labelTerm(name, labelValue)),
      text: searchTextOf(spec),
    };
  },
};

/** A filter as conditions on {@link systemView}. Statuses are left out: the store does not know them. */
export function conditionsOf(filter: SystemFilterSpec): readonly ViewCondition[] {
  const conditions: ViewCondition[] = [];
  if (filter.types.length > 0) conditions.push({ column: 'type', in: filter.types });
  if (filter.capabilities.length > 0) conditions.push({ column: 'capabilities', in: filter.capabilities });
  if (filter.protocols.length > 0) conditions.push({ column: 'protocols', in: filter.protocols });
  for (const [name, value] of Object.entries(filter.labels)) {
    conditions.push({ column: 'labels', in: [labelTerm(name, value)] });
  }
  if (filter.zone !== '') conditions.push({ column: 'zone', in: [filter.zone] });
  if (filter.owner !== '') conditions.push({ column: 'owner', in: [filter.owner] });
  if (filter.idPrefix !== '') conditions.push({ column: 'id', prefix: filter.idPrefix });
  if (filter.text !== '') conditions.push({ column: 'text', contains: filter.text });
  return conditions;
}

/** `name=value`, unmistakable even when the name holds `=`. */
function labelTerm(name: string, value: string): string {
  return `${name.replaceAll('%', '%25').replaceAll('=', '%3D')}=${value}`;
}
