import { HubError } from '../base/error.ts';
import type { CatalogPolicy } from '../registry/catalog-book.ts';
import type { CatalogPolicyEntry } from '../resilience/policy-book.ts';
import { policyFromValue } from '../resilience/policy-value.ts';

/**
 * The policies that the registry keeps for catalogs, as resilience takes them. Throws STORE_UNAVAILABLE for one that this
 * version of the hub cannot read: it must not run with half of its policies.
 */
export function policyEntries(policies: readonly CatalogPolicy[]): readonly CatalogPolicyEntry[] {
  return policies.map(({ name, catalog, value }) => {
    const policy = policyFromValue(value);
    if (!('problem' in policy)) return { catalog, policy };
    throw new HubError({
      reason: 'STORE_UNAVAILABLE',
      message: `The policy ${JSON.stringify(name)} of the catalog ${JSON.stringify(catalog)} in the store cannot be read: ${policy.problem}. Restore the data folder from a copy, or use the version of the hub that wrote it.`,
      metadata: { policy: name, catalog },
    });
  });
}
