import type { Invariant, Observed } from './invariant.ts';

/** Ejection leaves a type enough systems: never the last goes, nor more than the policy's share, though one may always. */
export function ejections({ hub }: Observed): Invariant {
  let before = new Set<string>();
  return {
    name: 'ejection never takes the last system of a type, nor more than its share',
    hubOpened: () => before.clear(),
    stepped() {
      const now = hub();
      if (now === undefined) return undefined;
      const { directory } = now.registry;
      const ejected = new Set<string>();
      for (const { id } of directory.systems()) {
        if (now.core.ejections.ejectedUntilMs(id) !== undefined) ejected.add(id);
      }
      const fresh = [...ejected].filter((id) => !before.has(id));
      before = ejected;
      for (const id of fresh) {
        const type = directory.get(id)?.type ?? '';
        const pool = directory.byType(type);
        const out = pool.filter((system) => ejected.has(system.id)).length;
        const { maxShare } = now.policies.forTarget({ systemId: undefined, type, capabilities: [] }).policy
          .ejection;
        const allowed = Math.min(pool.length - 1, Math.max(1, Math.floor(maxShare * pool.length)));
        if (out > allowed)
          return `${id} is ejected as number ${out} of ${pool.length} systems of ${type}, where ${allowed} may be out`;
      }
      return undefined;
    },
  };
}
