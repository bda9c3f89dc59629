import { z } from 'zod';
import { HubError } from '../base/error.ts';
import type { Store, TableRow } from '../base/table.ts';
import type { PutPolicy } from '../resilience/policy-book.ts';
import { policyFromValue, policyToValue, type PolicyValue } from '../resilience/policy-value.ts';
import type { PutPolicyStore } from '../resilience/put-policies.ts';

/** A policy on disk, version 1. */
const record = z.object({
  v: z.literal(1),
  updateTimeMs: z.number(),
  policy: z.record(z.string(), z.unknown()),
});

const pageRows = 1000;

/** Keeps the policies that were put in a table of the store, by name. */
export async function openPutPolicyTable(store: Store): Promise<PutPolicyStore> {
  const table = await store.table('put-policies');
  return {
    async load() {
      const rows: TableRow[] = [];
      for (let after: string | undefined; ;) {
        const page = await table.scan('', { limit: pageRows, ...(after === undefined ? {} : { after }) });
        rows.push(...page);
        after = page.at(-1)?.key;
        if (page.length < pageRows) break;
      }
      // The store's revisions grow from commit to commit.
      return rows.sort((a, b) => a.revision - b.revision).map(readRow);
    },
    async save(policy, updateTimeMs) {
      const value = Buffer.from(JSON.stringify({ v: 1, updateTimeMs, policy: policyToValue(policy) }));
      const committed = await table.commit([{ key: policy.name, value }]);
      if (!committed.committed) throw new TypeError('A commit without an expectation was not made.');
      return { policy, updateTimeMs, etag: etagOf(committed.revision, updateTimeMs) };
    },
    async remove(name) {
      await table.commit([{ key: name, value: undefined }]);
    },
  };
}

function readRow({ key, value, revision }: TableRow): PutPolicy {
  const { policy: kept, updateTimeMs } = parsed(key, () =>
    record.parse(JSON.parse(new TextDecoder().decode(value))),
  );
  const policy = policyFromValue(kept as PolicyValue);
  if ('problem' in policy) throw unreadable(key, policy.problem);
  return { policy, updateTimeMs, etag: etagOf(revision, updateTimeMs) };
}

/** The time keeps etags of a store that was set up anew apart from those of the old one. */
function etagOf(revision: number, updateTimeMs: number): string {
  return `${revision.toString(36)}-${updateTimeMs.toString(36)}`;
}

function parsed<T>(key: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw unreadable(key, 'it is of another form', cause);
  }
}

function unreadable(key: string, problem: string, cause?: unknown): HubError {
  return new HubError({
    reason: 'STORE_UNAVAILABLE',
    message: `The policy ${JSON.stringify(key)} that was put cannot be read from the store: ${problem}. Use the version of the hub that wrote it, or restore the data folder from a copy.`,
    metadata: { policy: key },
    cause,
  });
}
