import { isSlug, slugBytesMax } from '../base/id.ts';
import { matchEntriesMax, namesTargetsAlone, type Policy, type PolicyMatch } from './policy.ts';
import { policyFieldPaths, policyFields, policyValueAt } from './policy-fields.ts';

export interface PolicyViolation {
  /** Path within the policy: `retry.attempts`, `match.types[0]`. */
  readonly path: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** Everything that is wrong with a policy, all at once; empty when it may be used. */
export function policyViolations(policy: Policy): readonly PolicyViolation[] {
  return [
    ...nameViolations(policy),
    ...matchViolations(policy.match),
    ...boundViolations(policy),
    ...retryViolations(policy.retry),
    ...targetOnlyViolations(policy),
  ];
}

function* boundViolations(policy: Policy): Generator<PolicyViolation> {
  for (const path of policyFieldPaths) {
    const field = policyFields[path];
    if (field.kind !== 'duration' && field.kind !== 'count' && field.kind !== 'number') continue;
    const value = policyValueAt(policy, path) as number | undefined;
    const whole = field.kind === 'count';
    if (
      value === undefined ||
      (value >= field.min && value <= field.max && (!whole || Number.isInteger(value)))
    ) {
      continue;
    }
    const kind = whole ? 'a whole number' : 'a number';
    yield { path, message: `found ${value}, allowed is ${kind} from ${field.min} to ${field.max}` };
  }
}

function* nameViolations({ name }: Policy): Generator<PolicyViolation> {
  if (!isSlug(name)) {
    yield {
      path: 'name',
      message: `found "${name.slice(0, slugBytesMax)}", allowed are dotted lower-case slugs of at most ${slugBytesMax} bytes`,
    };
  }
}

function* matchViolations(match: PolicyMatch): Generator<PolicyViolation> {
  for (const [dimension, entries] of Object.entries(match) as [keyof PolicyMatch, readonly string[]][]) {
    const path = `match.${dimension}`;
    if (entries.length > matchEntriesMax) {
      yield { path, message: `found ${entries.length} entries, allowed are at most ${matchEntriesMax}` };
    }
    for (const [index, entry] of entries.slice(0, matchEntriesMax).entries()) {
      const name = entry.endsWith('.*') ? entry.slice(0, -2) : entry;
      if (name !== '' && !name.includes('*') && entry.length <= slugBytesMax + 2) continue;
      yield {
        path: `${path}[${index}]`,
        message: `found "${entry.slice(0, slugBytesMax)}", allowed are names and prefixes such as "payments.*" of at most ${slugBytesMax} bytes; an empty list matches all`,
      };
    }
  }
}

function* retryViolations(retry: Policy['retry']): Generator<PolicyViolation> {
  if (retry === undefined) return;
  const { initialDelayMs, maxDelayMs } = retry;
  if (initialDelayMs !== undefined && maxDelayMs !== undefined && maxDelayMs < initialDelayMs) {
    yield {
      path: 'retry.maxDelayMs',
      message: `found ${maxDelayMs}, allowed is at least retry.initialDelayMs (${initialDelayMs})`,
    };
  }
}

function* targetOnlyViolations(policy: Policy): Generator<PolicyViolation> {
  if (namesTargetsAlone(policy.match)) return;
  for (const path of policyFieldPaths) {
    const { sharedByTarget } = policyFields[path];
    if (sharedByTarget === undefined || policyValueAt(policy, path) === undefined) continue;
    yield {
      path,
      message: `found in a policy that matches by message type, kind or source, allowed only where the match names targets alone (systems, types, capabilities), because all messages to a target share its ${sharedByTarget}`,
    };
  }
}
