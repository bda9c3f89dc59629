import type { Store } from '../base/table.ts';
import type { Directory } from '../registry/directory.ts';
import { PutPolicies } from '../resilience/put-policies.ts';
import type { HubBase } from './hub-base.ts';
import { openPutPolicyTable } from './put-policy-table.ts';

/** Reads the policies that were put, and puts them in force beside the configuration's and the catalogs'. */
export async function openPutPolicies(
  { policies, clock }: HubBase,
  { store, directory }: { readonly store: Store; readonly directory: Pick<Directory, 'systems'> },
): Promise<PutPolicies> {
  const putPolicies = new PutPolicies({
    store: await openPutPolicyTable(store),
    book: policies,
    clock,
    systems: () =>
      [...directory.systems()].map(({ id, type, capabilities }) => ({ systemId: id, type, capabilities })),
  });
  await putPolicies.load();
  return putPolicies;
}
