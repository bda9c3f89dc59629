import type { Policy } from './policy.ts';
import { type PolicyField, policyFieldPaths, policyValueAt } from './policy-fields.ts';
import { resolvePolicy } from './policy-match.ts';
import { type PolicySystem, subjectsOf } from './policy-subjects.ts';

/** What a field becomes for messages that a policy matched, once it is gone. */
export interface PolicyFieldChange {
  readonly field: PolicyField;
  readonly before: unknown;
  /** Undefined: no policy says, and there is no default. */
  readonly after: unknown;
  /** The policy that it then comes from, or `default`. */
  readonly from: string;
}

/**
 * What falls back to what when `policy` goes: for each field that it decides, what holds in its place for the messages
 * that its match describes. A field comes more than once where that differs between them, and not at all where a more
 * specific policy decides it anyway.
 */
export function changesWithout(
  policy: Policy,
  {
    before,
    after,
    systems,
  }: {
    /** The policies in force, and those that stay. */
    readonly before: readonly Policy[];
    readonly after: readonly Policy[];
    readonly systems: readonly PolicySystem[];
  },
): readonly PolicyFieldChange[] {
  const set = policyFieldPaths.filter((path) => policyValueAt(policy, path) !== undefined);
  const found = new Map<string, PolicyFieldChange>();
  for (const subject of subjectsOf(policy.match, systems)) {
    const [was, becomes] = [resolvePolicy(before, subject), resolvePolicy(after, subject)];
    for (const field of set) {
      if (was.provenance[field] !== policy.name) continue;
      const change: PolicyFieldChange = {
        field,
        before: policyValueAt(was.policy, field),
        after: policyValueAt(becomes.policy, field),
        from: becomes.provenance[field],
      };
      found.set(JSON.stringify([field, change.after, change.from]), change);
    }
  }
  return [...found.values()].sort(
    (a, b) => policyFieldPaths.indexOf(a.field) - policyFieldPaths.indexOf(b.field),
  );
}
