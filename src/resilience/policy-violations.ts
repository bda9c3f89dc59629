import { formatDuration } from '../base/duration-text.ts';
import { isSlug, slugBytesMax } from '../base/id.ts';
import { messageKinds } from '../base/message.ts';
import { fallbackViolations } from './policy-fallback-violations.ts';
import { matchEntriesMax, namesTargetsAlone, type Policy, type PolicyMatch } from './policy.ts';
import { policyContradictions } from './policy-contradictions.ts';
import {
  type PolicyFieldDescription,
  policyFieldName,
  policyFieldPaths,
  policyFields,
  policyGroupOf,
  policyValueAt,
} from './policy-fields.ts';
import { durationShown, isHeaderName, type PolicyViolation, quoted } from './policy-violation.ts';
import { retryConditionFault } from './retry-conditions.ts';

export type { PolicyViolation } from './policy-violation.ts';

/**
 * Everything that is wrong with a policy, all at once; empty when it may be used. Whatever is decidable from the policy
 * alone: what it means beside other policies and the systems that there are, policy-warnings.ts says.
 */
export function policyViolations(policy: Policy): readonly PolicyViolation[] {
  return [
    ...nameViolations(policy),
    ...matchViolations(policy.match),
    ...fieldViolations(policy),
    ...policyContradictions(policy),
    ...fallbackViolations(policy),
    ...targetOnlyViolations(policy),
  ];
}

function* nameViolations({ name }: Policy): Generator<PolicyViolation> {
  if (!isSlug(name)) {
    yield {
      path: 'name',
      message: `found ${quoted(name)}, allowed are dotted lower-case slugs of at most ${slugBytesMax} bytes`,
    };
  }
}

function* matchViolations(match: PolicyMatch): Generator<PolicyViolation> {
  for (const [list, entries] of Object.entries(match) as [keyof PolicyMatch, readonly string[]][]) {
    const path = `match.${policyFieldName(list)}`;
    if (entries.length > matchEntriesMax) {
      yield { path, message: `found ${entries.length} entries, allowed are at most ${matchEntriesMax}` };
    }
    for (const [index, entry] of entries.slice(0, matchEntriesMax).entries()) {
      const allowed = list === 'kinds' ? kindFault(entry) : nameFault(entry);
      if (allowed === undefined) continue;
      yield { path: `${path}[${index}]`, message: `found ${quoted(entry)}, allowed are ${allowed}` };
    }
  }
}

function kindFault(entry: string): string | undefined {
  return (messageKinds as readonly string[]).includes(entry) ? undefined : messageKinds.join(', ');
}

/** Of an entry that no name can have, so that its policy could never match by it. */
function nameFault(entry: string): string | undefined {
  // A prefix leaves room for the dot and a letter of the names that it stands for.
  const isPrefix = entry.endsWith('.*');
  const stem = isPrefix ? entry.slice(0, -2) : entry;
  if (isSlug(stem) && (!isPrefix || stem.length <= slugBytesMax - 2)) return undefined;
  return `names, which are dotted lower-case slugs of at most ${slugBytesMax} bytes, and prefixes such as "payments.*"; an empty list matches all`;
}

function* fieldViolations(policy: Policy): Generator<PolicyViolation> {
  for (const field of policyFieldPaths) {
    const value = policyValueAt(policy, field);
    if (value === undefined) continue;
    const path = policyFieldName(field);
    const message = valueFault(policyFields[field], value);
    if (message !== undefined) yield { path, message };
    else if (field === 'retry.on') yield* conditionViolations(path, value as readonly string[]);
    else if (field === 'replyCache.vary') yield* headerViolations(path, value as readonly string[]);
  }
}

/** What is wrong with a value by itself: out of its bounds, no number at all, none of the choices. */
function valueFault(field: PolicyFieldDescription, value: unknown): string | undefined {
  switch (field.kind) {
    case 'duration':
    case 'number':
    case 'count': {
      const { min, max, kind } = field;
      const found = value as number;
      // Written so that NaN fails it.
      if (found >= min && found <= max && (kind !== 'count' || Number.isInteger(found))) return undefined;
      if (kind === 'duration') {
        return `found ${durationShown(found)}, allowed is ${formatDuration(min)} to ${formatDuration(max)}`;
      }
      return `found ${found}, allowed is ${kind === 'count' ? 'a whole number' : 'a number'} from ${min} to ${max}`;
    }
    case 'flag':
      return typeof value === 'boolean' ? undefined : `found ${String(value)}, allowed are true and false`;
    case 'choice':
      return field.of.includes(value as string)
        ? undefined
        : `found ${quoted(value as string)}, allowed are ${field.of.join(', ')}`;
    case 'text': {
      const { length } = value as string;
      return length <= field.charsMax
        ? undefined
        : `found ${length} characters, allowed are at most ${field.charsMax}`;
    }
    case 'texts':
    case 'fallback': {
      const { length } = value as readonly unknown[];
      return length <= field.entriesMax
        ? undefined
        : `found ${length} entries, allowed are at most ${field.entriesMax}`;
    }
  }
}

function* conditionViolations(path: string, names: readonly string[]): Generator<PolicyViolation> {
  for (const [index, name] of names.entries()) {
    const message = retryConditionFault(name);
    if (message !== undefined) yield { path: `${path}[${index}]`, message };
  }
}

function* headerViolations(path: string, names: readonly string[]): Generator<PolicyViolation> {
  for (const [index, name] of names.entries()) {
    if (!isHeaderName(name)) {
      yield {
        path: `${path}[${index}]`,
        message: `found ${quoted(name)}, allowed are lower-case header names of at most 256 bytes, such as accept-language`,
      };
    } else if (names.indexOf(name) < index) {
      yield { path: `${path}[${index}]`, message: `found ${quoted(name)} again, allowed is each name once` };
    }
  }
}

/** Each group once, however many of its fields are set. */
function* targetOnlyViolations(policy: Policy): Generator<PolicyViolation> {
  if (namesTargetsAlone(policy.match)) return;
  const told = new Set<string>();
  for (const path of policyFieldPaths) {
    const { sharedByTarget } = policyFields[path];
    const group = policyGroupOf(path);
    if (sharedByTarget === undefined || told.has(group) || policyValueAt(policy, path) === undefined)
      continue;
    told.add(group);
    yield {
      path: policyFieldName(group),
      message: `found in a policy that matches by message type, kind or source, allowed only where the match names targets alone (systems, types, capabilities), because all messages to a target share its ${sharedByTarget}`,
    };
  }
}
