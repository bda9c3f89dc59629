import { CatalogChange_Action as Action, type CatalogPlan } from '#gen/switchyard/registry/v1/catalog_pb.js';

/** What a plan comes to, for the log. */
export interface PlanSummary {
  /** Resources that it creates, changes or deletes. */
  readonly changes: number;
  /** What the catalog says and does not get, one line each. */
  readonly conflicts: readonly string[];
}

export function summarizePlan({ changes }: CatalogPlan): PlanSummary {
  return {
    changes: changes.filter(({ action }) => action !== Action.UNCHANGED).length,
    conflicts: changes.flatMap(({ id, conflicts }) =>
      conflicts.map(
        ({ field, owner, message }) => `${id}${field === '' ? '' : `.${field}`} (${owner}): ${message}`,
      ),
    ),
  };
}
