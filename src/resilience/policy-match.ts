import type { MessageKind } from '../base/message.ts';
import { type EffectivePolicy, namesTargetsAlone, type Policy, type PolicyMatch } from './policy.ts';
import {
  defaultPolicy,
  type PolicyField,
  policyFields,
  policyFromFields,
  policyValueAt,
} from './policy-fields.ts';

/** The receiving side of a delivery. */
export interface PolicyTarget {
  /** The system, when it is known; undefined while only a type or capability is addressed. */
  readonly systemId: string | undefined;
  /** The system's type, or the one that all systems have that are addressed; undefined when they have several. */
  readonly type: string | undefined;
  /** The system's capabilities, or those that all systems have that are addressed. */
  readonly capabilities: readonly string[];
}

/** What a policy is looked up for. */
export interface PolicySubject extends PolicyTarget {
  readonly messageType: string;
  readonly kind: MessageKind;
  /** The sending system; empty when the caller did not say. */
  readonly source: string;
}

export interface ResolvedPolicy {
  readonly policy: EffectivePolicy;
  /** Which policy each field came from, or `default`. */
  readonly provenance: Readonly<Record<PolicyField, string>>;
  /** Names of the policies that match, most specific first. */
  readonly matched: readonly string[];
}

/**
 * The settings for a subject: of all policies that match, each field comes from the most specific one that sets it.
 *
 * A policy is more specific than another when it is in the first of these dimensions in which they differ:
 * systemIds, types, capabilities, messageTypes, kinds, sources. Within a dimension an exact name beats a prefix, a
 * longer prefix beats a shorter one, and any of them beats an empty list. Policies that are equally specific: the
 * later one in the list wins.
 *
 * What all messages to a target share (`sharedByTarget` in policy-fields.ts: its breaker, limits, balancing) comes only
 * from policies whose match names targets alone, whatever the others say.
 */
export function resolvePolicy(
  policies: readonly Policy[],
  subject: PolicySubject,
  base: EffectivePolicy = defaultPolicy,
): ResolvedPolicy {
  const matching = matchingPolicies(policies, subject);
  if (matching.length === 0 && base === defaultPolicy) return unmatchedPolicy;
  return mergePolicies(matching, base);
}

/** The settings that all messages to a target share: by the same order, from policies whose match names targets alone. */
export function resolveTargetPolicy(policies: readonly Policy[], target: PolicyTarget): ResolvedPolicy {
  const forTargets = policies.filter(({ match }) => namesTargetsAlone(match));
  return resolvePolicy(forTargets, { ...target, messageType: '', kind: 'REQUEST', source: '' });
}

/** The policies that match, most specific first. */
export function matchingPolicies(policies: readonly Policy[], subject: PolicySubject): readonly Policy[] {
  const ranked: { readonly policy: Policy; readonly specificity: Specificity; readonly index: number }[] = [];
  policies.forEach((policy, index) => {
    const specificity = specificityOf(policy.match, subject);
    if (specificity !== undefined) ranked.push({ policy, specificity, index });
  });
  ranked.sort((a, b) => compareSpecificity(b.specificity, a.specificity) || b.index - a.index);
  return ranked.map(({ policy }) => policy);
}

/** Whether the lists that name receiving systems hold for this one. */
export function matchesTarget(match: PolicyMatch, target: PolicyTarget): boolean {
  return (
    rankOf(match.systemIds, target.systemId) >= 0 &&
    rankOf(match.types, target.type) >= 0 &&
    bestRank(match.capabilities, target.capabilities) >= 0
  );
}

/** One rank per dimension, the most important first; see {@link rankOf}. */
type Specificity = readonly number[];

function specificityOf(match: PolicyMatch, subject: PolicySubject): Specificity | undefined {
  const ranks = [
    rankOf(match.systemIds, subject.systemId),
    rankOf(match.types, subject.type),
    bestRank(match.capabilities, subject.capabilities),
    rankOf(match.messageTypes, subject.messageType),
    match.kinds.length === 0 ? 0 : match.kinds.includes(subject.kind) ? Infinity : -1,
    rankOf(match.sources, subject.source),
  ];
  return ranks.includes(-1) ? undefined : ranks;
}

/** How exactly a list names `name`: Infinity by an exact entry, the longest prefix's length, 0 as an empty list, -1 not at all. */
function rankOf(entries: readonly string[], name: string | undefined): number {
  if (entries.length === 0) return 0;
  if (name === undefined) return -1;
  let rank = -1;
  for (const entry of entries) {
    if (entry === name) return Infinity;
    // The dot stays: `pay.*` matches `pay.eu`, neither `pay` nor `payroll`.
    if (entry.endsWith('.*') && name.startsWith(entry.slice(0, -1))) rank = Math.max(rank, entry.length - 1);
  }
  return rank;
}

function bestRank(entries: readonly string[], names: readonly string[]): number {
  if (entries.length === 0) return 0;
  return names.reduce((best, name) => Math.max(best, rankOf(entries, name)), -1);
}

function compareSpecificity(a: Specificity, b: Specificity): number {
  for (const [dimension, rank] of a.entries()) {
    const other = b[dimension] ?? 0;
    if (rank !== other) return rank > other ? 1 : -1;
  }
  return 0;
}

function mergePolicies(matching: readonly Policy[], base: EffectivePolicy): ResolvedPolicy {
  const provenance = {} as Record<PolicyField, string>;
  const forTargets = matching.filter(({ match }) => namesTargetsAlone(match));
  const policy = policyFromFields((path) => {
    const from = policyFields[path].sharedByTarget === undefined ? matching : forTargets;
    const source = from.find((candidate) => policyValueAt(candidate, path) !== undefined);
    provenance[path] = source?.name ?? 'default';
    return policyValueAt(source ?? base, path);
  });
  return { policy, provenance, matched: matching.map(({ name }) => name) };
}

/** The answer where nothing matches, shared so that a hub without policies allocates nothing here. */
export const unmatchedPolicy: ResolvedPolicy = mergePolicies([], defaultPolicy);
