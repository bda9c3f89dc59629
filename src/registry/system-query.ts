import type { HealthStatus } from '../base/health-status.ts';
import type { View } from '../base/table.ts';
import type { Directory } from './directory.ts';
import type { SystemFilter } from './system-filter.ts';
import type { System } from './system.ts';
import { conditionsOf } from './system-view.ts';

/** Counts over all systems. A system counts once for each of its capabilities and protocols. */
export interface RegistrySummary {
  readonly systems: number;
  readonly byType: ReadonlyMap<string, number>;
  readonly byCapability: ReadonlyMap<string, number>;
  readonly byProtocol: ReadonlyMap<string, number>;
  readonly byVersion: ReadonlyMap<string, number>;
  readonly byStatus: ReadonlyMap<HealthStatus, number>;
}

/** Keys read at once while a list looks for systems of a status, which the store does not know. */
const listPageKeys = 1000;

/** Up to `limit` systems that match, in order of their ids, after the id `after`. Fails with STORE_UNAVAILABLE. */
export async function listSystems(
  view: View,
  directory: Directory,
  filter: SystemFilter,
  options: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly System[]> {
  const where = conditionsOf(filter.spec);
  const found: System[] = [];
  let { after } = options;
  while (found.length < options.limit) {
    // Whom a status filter drops is known only afterwards, so then more keys are read than are needed.
    const limit = filter.needsStatus ? listPageKeys : options.limit - found.length;
    const keys = await view.keys({ where, limit, ...(after === undefined ? {} : { after }) });
    for (const key of keys) {
      const system = directory.get(key);
      // The view may be a commit ahead of or behind the memory: what is handed out must match as it is.
      if (system === undefined || !filter.matches(system, directory.statusOf(key))) continue;
      found.push(system);
      if (found.length >= options.limit) break;
    }
    if (keys.length < limit) break;
    after = keys.at(-1);
  }
  return found;
}

/** Counts over all systems. Fails with STORE_UNAVAILABLE. */
export async function summarize(view: View, directory: Directory): Promise<RegistrySummary> {
  const countBy = async (column: string): Promise<ReadonlyMap<string, number>> => {
    const counts = await view.countBy(column);
    return new Map([...counts].map(([value, count]) => [String(value), count]));
  };
  const [byType, byCapability, byProtocol, byVersion] = await Promise.all([
    countBy('type'),
    countBy('capabilities'),
    countBy('protocols'),
    countBy('version'),
  ]);
  const byStatus = new Map<HealthStatus, number>();
  for (const { id } of directory.systems()) {
    const status = directory.statusOf(id);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }
  return { systems: directory.size, byType, byCapability, byProtocol, byVersion, byStatus };
}
