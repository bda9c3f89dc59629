import { formatDuration } from '../base/duration-text.ts';
import { type Target, targetToString } from '../base/target.ts';
import { namesTargetsAlone, type EffectivePolicy, type Policy, type PolicyMatch } from './policy.ts';
import { policyContradictions } from './policy-contradictions.ts';
import {
  policyFieldName,
  policyFieldPaths,
  policyFields,
  policyGroupOf,
  type PolicyField,
  policyValueAt,
} from './policy-fields.ts';
import { type ResolvedPolicy, resolvePolicy } from './policy-match.ts';
import { type PolicySystem, subjectsOf, systemsOf } from './policy-subjects.ts';

/** What a policy is looked at beside. */
export interface PolicySurroundings {
  /** The policies as they will be in force, this one among them. */
  readonly policies: readonly Policy[];
  /** What it replaces; undefined: it is new. */
  readonly replaced: Policy | undefined;
  /** Who is registered. */
  readonly systems: readonly PolicySystem[];
}

/** Names that a warning lists; the others are counted. */
const shownMax = 5;

/**
 * What is allowed and may surprise whoever puts the policy, a line for people each; empty when nothing does. What is
 * wrong with it whatever else there is, policyViolations says.
 */
export function policyWarnings(policy: Policy, surroundings: PolicySurroundings): readonly string[] {
  const fields = policyFieldPaths.filter((path) => policyValueAt(policy, path) !== undefined);
  if (fields.length === 0) return ['it sets nothing, so it has no effect'];
  const matched = systemsOf(policy.match, surroundings.systems);
  const resolved = subjectsOf(policy.match, surroundings.systems).map((subject) =>
    resolvePolicy(surroundings.policies, subject),
  );
  const [merged] = resolved;
  return [
    ...reach(policy, matched),
    ...hiding(policy, fields, resolved),
    ...(merged === undefined ? [] : merging(policy, merged.policy)),
    ...(merged === undefined ? [] : timing(policy, merged.policy)),
    ...(merged === undefined ? [] : repeating(policy, merged.policy)),
    ...atOnce(policy, surroundings.replaced, matched),
    ...choosing(policy, fields),
    ...fallbacks(policy, surroundings.systems),
    ...caching(policy),
  ];
}

function* reach({ match }: Policy, matched: readonly PolicySystem[]): Generator<string> {
  const named = [match.systemIds, match.types, match.capabilities].some((entries) => entries.length > 0);
  if (named && matched.length === 0) yield 'no registered system matches it now';
}

/** Fields that more specific policies decide for messages that this one matches. */
function* hiding(
  { name }: Policy,
  fields: readonly PolicyField[],
  resolved: readonly ResolvedPolicy[],
): Generator<string> {
  const decisive = new Set<PolicyField>();
  const hidden = new Map<string, Set<PolicyField>>();
  for (const { provenance } of resolved) {
    for (const field of fields) {
      const from = provenance[field];
      if (from === name) decisive.add(field);
      else hidden.set(from, (hidden.get(from) ?? new Set()).add(field));
    }
  }
  if (decisive.size === 0) {
    yield `more specific policies (${listed([...hidden.keys()])}) decide every field that it sets, wherever it matches now: it has no effect`;
    return;
  }
  for (const [other, covered] of [...hidden].slice(0, shownMax)) {
    const wholly = [...covered].filter((field) => !decisive.has(field));
    const [which, where] =
      wholly.length > 0 ? [wholly, 'wherever it matches now'] : [[...covered], 'for some that it matches'];
    yield `the policy ${JSON.stringify(other)} is more specific and decides ${listed(which.map(policyFieldName))} ${where}`;
  }
}

/** What goes together in this policy, and not with what comes from others and from the defaults. */
function* merging(policy: Policy, merged: EffectivePolicy): Generator<string> {
  for (const { path, message } of policyContradictions({
    ...merged,
    name: policy.name,
    match: policy.match,
  })) {
    yield `together with what other policies and the defaults say, ${path}: ${message}`;
  }
}

function* timing(policy: Policy, merged: EffectivePolicy): Generator<string> {
  const { timeoutMs, attemptTimeoutMs, retry, limits } = merged;
  const says =
    policy.timeoutMs !== undefined ||
    policy.attemptTimeoutMs !== undefined ||
    policy.retry?.attempts !== undefined;
  if (says && attemptTimeoutMs !== undefined && attemptTimeoutMs * retry.attempts > timeoutMs) {
    yield `${retry.attempts} attempts of ${formatDuration(attemptTimeoutMs)} do not fit into the timeout of ${formatDuration(timeoutMs)}: when the first ones run out of time, the last ones get less or none`;
  }
  const { maxCalls, queue, queueTimeMs } = limits.concurrency;
  if (policy.limits?.concurrency !== undefined && maxCalls > 0 && queue > 0 && queueTimeMs >= timeoutMs) {
    yield `limits.concurrency.queue_time (${formatDuration(queueTimeMs)}) is not below the timeout (${formatDuration(timeoutMs)}): a message may spend all of it in the queue`;
  }
}

function* repeating(policy: Policy, merged: EffectivePolicy): Generator<string> {
  const { repeatSafety } = merged;
  if (repeatSafety === 'UNSAFE' && policy.retry !== undefined && merged.retry.attempts > 1) {
    yield 'UNSAFE messages are retried only when it is certain that nothing was executed, whatever retry says';
  }
  const anyMessage = policy.match.messageTypes.length === 0 && policy.match.kinds.length === 0;
  if (anyMessage && policy.repeatSafety !== undefined && policy.repeatSafety !== 'UNSAFE') {
    yield `it promises that every message it matches is ${policy.repeatSafety}, whatever its type and kind: one that is not may act twice`;
  }
  const open = repeatSafety === undefined;
  if (open && (policy.hedge?.attempts ?? 0) > 0) {
    yield 'hedge acts only on messages that are SAFE or IDEMPOTENT by request, route or kind, because no policy says repeat_safety';
  }
  const lastGood = policy.fallback?.some(({ kind }) => kind === 'last_good') === true;
  const needsSafe = [
    ...((policy.replyCache?.ttlMs ?? 0) > 0 ? ['reply_cache'] : []),
    ...(lastGood ? ['last_good'] : []),
  ];
  if (open && needsSafe.length > 0) {
    yield `${needsSafe.join(' and ')} act only on messages that are SAFE by request, route or kind, because no policy says repeat_safety`;
  }
  if (lastGood && !open && repeatSafety !== 'SAFE') {
    yield `last_good acts only on SAFE messages, but another policy says repeat_safety ${repeatSafety}`;
  }
}

/** Groups that act on everything under way to a target, not only on the next message. */
function* atOnce(
  policy: Policy,
  replaced: Policy | undefined,
  matched: readonly PolicySystem[],
): Generator<string> {
  if (!namesTargetsAlone(policy.match) || matched.length === 0) return;
  const changed = new Set<string>();
  for (const path of policyFieldPaths) {
    const { sharedByTarget } = policyFields[path];
    if (sharedByTarget === undefined || sharedByTarget === 'balancing') continue;
    if (sharedByTarget === 'ejection' && !namesWholeTypes(policy.match)) continue;
    const [was, is] = [replaced && policyValueAt(replaced, path), policyValueAt(policy, path)];
    if (JSON.stringify(was) !== JSON.stringify(is)) changed.add(policyFieldName(policyGroupOf(path)));
  }
  if (changed.size === 0) return;
  const systems = matched.map(({ systemId }) => systemId);
  yield `${listed([...changed])} change at once for all messages to ${listed(systems)}: what they counted so far is weighed by the new settings`;
}

/** What acts among several systems, in a policy whose match does not say which those are. */
function* choosing({ match }: Policy, fields: readonly PolicyField[]): Generator<string> {
  const ejects = fields.some((path) => path.startsWith('ejection.') && path !== 'ejection.panicShare');
  if (ejects && !namesWholeTypes(match)) {
    yield 'ejection has no effect, panic_share aside: it compares all systems of a type, by policies that match by types alone or match everything';
  }
  if (match.systemIds.length > 0 && fields.some((path) => path.startsWith('balance'))) {
    yield 'balance and balance_options have no effect: a message that addresses a system has none to choose from';
  }
}

/** Whether a match is about all systems of a type, or of every type. */
function namesWholeTypes({ systemIds, capabilities }: PolicyMatch): boolean {
  return systemIds.length === 0 && capabilities.length === 0;
}

function* fallbacks(policy: Policy, systems: readonly PolicySystem[]): Generator<string> {
  for (const [index, step] of (policy.fallback ?? []).entries()) {
    if (step.kind === 'target' && !systems.some((system) => isNamed(step.target, system))) {
      yield `fallback[${index}]: no registered system is ${targetToString(step.target)} now`;
    }
    if (step.kind === 'same_type' && policy.match.systemIds.length === 0) {
      yield `fallback[${index}]: same_type acts only on messages that address a system; one that addresses a type or capability has asked all of its systems already`;
    }
  }
}

function isNamed(target: Target, { systemId, type, capabilities }: PolicySystem): boolean {
  switch (target.by) {
    case 'system':
      return target.systemId === systemId;
    case 'type':
      return target.type === type;
    case 'capability':
      return capabilities.includes(target.capability);
  }
}

function* caching({ replyCache }: Policy): Generator<string> {
  if (replyCache?.shared !== true) return;
  yield 'reply_cache.shared: a caller gets what another one was told; only where replies do not depend on who asks';
}

function listed(names: readonly string[]): string {
  const rest = names.length - shownMax;
  return names.slice(0, shownMax).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
