import { repeatSafeties } from '../base/message.ts';
import {
  balanceStrategies,
  breakerScopes,
  type EffectivePolicy,
  fallbackStepsMax,
  type PolicyMatch,
  type PolicyParts,
  repeatScopes,
} from './policy.ts';

/** What a field of a policy holds, and within which bounds. `default` undefined: something else decides (`says` tells what). */
export type PolicyFieldShape =
  /** Milliseconds; the contract has a Duration and files a text such as `200ms`. Its path ends in `Ms`, which they leave out. */
  | { readonly kind: 'duration'; readonly min: number; readonly max: number; readonly default?: number }
  /** A whole number. */
  | { readonly kind: 'count'; readonly min: number; readonly max: number; readonly default?: number }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly default: number }
  | { readonly kind: 'flag'; readonly default: boolean }
  | { readonly kind: 'choice'; readonly of: readonly string[]; readonly default?: string }
  | { readonly kind: 'text'; readonly charsMax: number; readonly default: string }
  | { readonly kind: 'texts'; readonly entriesMax: number; readonly default: readonly string[] }
  | { readonly kind: 'fallback'; readonly entriesMax: number; readonly default: readonly [] };

export type PolicyFieldDescription = PolicyFieldShape & {
  /**
   * Set where all messages to a target share it, so that it comes only from policies whose match names targets
   * alone; the text says what is shared.
   */
  readonly sharedByTarget?: string;
  /** What it does, for people, without bounds and default. */
  readonly says: string;
};

type LeafPaths<T, Prefix extends string = ''> = {
  [K in keyof T & string]: NonNullable<T[K]> extends readonly unknown[] | string | number | boolean
    ? `${Prefix}${K}`
    : LeafPaths<NonNullable<T[K]>, `${Prefix}${K}.`>;
}[keyof T & string];

/** A field of {@link EffectivePolicy} by its path: `timeoutMs`, `limits.callerRate.perSecond`. */
export type PolicyField = LeafPaths<EffectivePolicy>;

type GroupPaths<T, Prefix extends string = ''> = {
  [K in keyof T & string]: NonNullable<T[K]> extends readonly unknown[] | string | number | boolean
    ? never
    : `${Prefix}${K}` | GroupPaths<NonNullable<T[K]>, `${Prefix}${K}.`>;
}[keyof T & string];

/** What holds fields of {@link EffectivePolicy}, by its path: `retry`, `limits.callerRate`. */
export type PolicyGroup = GroupPaths<EffectivePolicy>;

const hourMs = 3_600_000;

/**
 * Every field of a policy, once: what is checked, merged, kept, spelled in files and shown is derived from this table.
 * The contract (policy.proto) has the same fields under the same paths in its own spelling; a test holds them together.
 */
export const policyFields: { readonly [F in PolicyField]: PolicyFieldDescription } = {
  timeoutMs: {
    kind: 'duration',
    min: 1,
    max: hourMs,
    default: 60_000,
    says: 'Time for a synchronous delivery in all',
  },
  attemptTimeoutMs: {
    kind: 'duration',
    min: 1,
    max: hourMs,
    says: 'Time for one attempt; from the time and attempts that remain when no policy says',
  },
  'retry.attempts': {
    kind: 'count',
    min: 1,
    max: 100,
    default: 3,
    says: 'Attempts in all, the first included',
  },
  'retry.initialDelayMs': {
    kind: 'duration',
    min: 0,
    max: 300_000,
    default: 200,
    says: 'Upper end of the first wait',
  },
  'retry.factor': {
    kind: 'number',
    min: 1,
    max: 10,
    default: 2,
    says: 'Growth of the wait from attempt to attempt',
  },
  'retry.maxDelayMs': {
    kind: 'duration',
    min: 0,
    max: hourMs,
    default: 30_000,
    says: 'Upper end of the longest wait',
  },
  'retry.on': {
    kind: 'texts',
    entriesMax: 50,
    default: [],
    says: 'Conditions that are retried; all when empty',
  },
  'retry.maxRetryAfterMs': {
    kind: 'duration',
    min: 0,
    max: hourMs,
    default: 300_000,
    says: 'Longest wait that a target may ask for; a longer one is cut to this',
  },
  'retryBudget.share': {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.2,
    sharedByTarget: 'retry budget',
    says: 'Share of the calls in flight to a target that may be retries',
  },
  'retryBudget.minimum': {
    kind: 'count',
    min: 0,
    max: 1000,
    default: 3,
    sharedByTarget: 'retry budget',
    says: 'Retries in flight to a target that are always allowed',
  },
  repeatSafety: {
    kind: 'choice',
    of: repeatSafeties,
    says: 'What delivering a message twice does; from route or kind when no policy says',
  },
  repeatScope: {
    kind: 'choice',
    of: repeatScopes,
    default: 'SYSTEM',
    says: 'Where an unknown outcome of a repeatable message may be repeated',
  },
  'breaker.consecutiveFailures': {
    kind: 'count',
    min: 0,
    max: 10_000,
    default: 5,
    sharedByTarget: 'breaker',
    says: 'Failures in a row that open it; 0: never by this',
  },
  'breaker.failureRate': {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.5,
    sharedByTarget: 'breaker',
    says: 'Share of failed calls that opens it; 0: never by this',
  },
  'breaker.minimumCalls': {
    kind: 'count',
    min: 1,
    max: 100_000,
    default: 20,
    sharedByTarget: 'breaker',
    says: 'Calls within the window before the shares count',
  },
  'breaker.windowMs': {
    kind: 'duration',
    min: 1000,
    max: 600_000,
    default: 60_000,
    sharedByTarget: 'breaker',
    says: 'Window of the shares',
  },
  'breaker.openForMs': {
    kind: 'duration',
    min: 100,
    max: hourMs,
    default: 60_000,
    sharedByTarget: 'breaker',
    says: 'How long it stays open',
  },
  'breaker.halfOpenCalls': {
    kind: 'count',
    min: 1,
    max: 100,
    default: 3,
    sharedByTarget: 'breaker',
    says: 'Trial calls while half-open',
  },
  'breaker.slowCallRate': {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0,
    sharedByTarget: 'breaker',
    says: 'Share of slow calls that opens it; 0: never by this',
  },
  'breaker.slowCallTimeMs': {
    kind: 'duration',
    min: 1,
    max: 600_000,
    default: 5000,
    sharedByTarget: 'breaker',
    says: 'From when on a call is slow',
  },
  'breaker.scope': {
    kind: 'choice',
    of: breakerScopes,
    default: 'INTERFACE',
    sharedByTarget: 'breaker',
    says: 'What has a breaker of its own',
  },
  'ejection.consecutiveFailures': {
    kind: 'count',
    min: 0,
    max: 10_000,
    default: 0,
    sharedByTarget: 'ejection',
    says: 'Failures in a row that take a system out; 0: never by this, since the breaker does the same',
  },
  'ejection.deviations': {
    kind: 'number',
    min: 0,
    max: 10,
    default: 1.9,
    sharedByTarget: 'ejection',
    says: 'Standard deviations below the mean success rate that take a system out; 0: never by this',
  },
  'ejection.minimumSystems': {
    kind: 'count',
    min: 3,
    max: 1000,
    default: 5,
    sharedByTarget: 'ejection',
    says: 'Systems with enough calls that the comparison takes',
  },
  'ejection.minimumCalls': {
    kind: 'count',
    min: 1,
    max: 100_000,
    default: 100,
    sharedByTarget: 'ejection',
    says: 'Calls in an interval from which on a system is compared',
  },
  'ejection.intervalMs': {
    kind: 'duration',
    min: 1000,
    max: 600_000,
    default: 10_000,
    sharedByTarget: 'ejection',
    says: 'How often systems are compared, and the time over which they are',
  },
  'ejection.baseTimeMs': {
    kind: 'duration',
    min: 100,
    max: hourMs,
    default: 30_000,
    sharedByTarget: 'ejection',
    says: 'How long a system stays out, times how often it went',
  },
  'ejection.maxTimeMs': {
    kind: 'duration',
    min: 100,
    max: 24 * hourMs,
    default: 300_000,
    sharedByTarget: 'ejection',
    says: 'Longest time out',
  },
  'ejection.maxShare': {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.1,
    sharedByTarget: 'ejection',
    says: 'Share of the systems of a type that may be out at a time; one may always go, unless it is the last. 0 turns ejection off',
  },
  'ejection.panicShare': {
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.5,
    sharedByTarget: 'ejection',
    says: 'When less than this share of the systems is usable, ejections are ignored; 0: only when none is',
  },
  'limits.callerRate.perSecond': {
    kind: 'number',
    min: 0,
    max: 1_000_000,
    default: 0,
    says: 'Messages a second that each caller may send; 0: no limit',
  },
  'limits.callerRate.burst': {
    kind: 'count',
    min: 1,
    max: 1_000_000,
    says: 'Messages that a caller may send at once; as many as come back in a second when no policy says',
  },
  'limits.targetRate.perSecond': {
    kind: 'number',
    min: 0,
    max: 1_000_000,
    default: 0,
    sharedByTarget: 'limit',
    says: 'Attempts a second that each target system gets; 0: no limit',
  },
  'limits.targetRate.burst': {
    kind: 'count',
    min: 1,
    max: 1_000_000,
    sharedByTarget: 'limit',
    says: 'Attempts that a target system gets at once; as many as come back in a second when no policy says',
  },
  'limits.concurrency.maxCalls': {
    kind: 'count',
    min: 0,
    max: 100_000,
    default: 0,
    sharedByTarget: 'limit',
    says: 'Attempts in flight at each target system; 0: no limit',
  },
  'limits.concurrency.queue': {
    kind: 'count',
    min: 0,
    max: 10_000,
    default: 100,
    sharedByTarget: 'limit',
    says: 'Messages that wait for a place, the highest priority first',
  },
  'limits.concurrency.queueTimeMs': {
    kind: 'duration',
    min: 1,
    max: 300_000,
    default: 1000,
    sharedByTarget: 'limit',
    says: 'Longest wait for a place',
  },
  'limits.adaptive.enabled': {
    kind: 'flag',
    default: false,
    sharedByTarget: 'limit',
    says: 'Whether the hub finds by itself how many attempts in flight a target system can take',
  },
  'limits.adaptive.minCalls': {
    kind: 'count',
    min: 1,
    max: 10_000,
    default: 4,
    sharedByTarget: 'limit',
    says: 'Least limit',
  },
  'limits.adaptive.maxCalls': {
    kind: 'count',
    min: 1,
    max: 100_000,
    default: 1000,
    sharedByTarget: 'limit',
    says: 'Greatest limit',
  },
  'limits.adaptive.tolerance': {
    kind: 'number',
    min: 1,
    max: 10,
    default: 1.5,
    sharedByTarget: 'limit',
    says: 'How much slower than without load the target may become before the limit shrinks',
  },
  balance: {
    kind: 'choice',
    of: balanceStrategies,
    default: 'LEAST_LOADED',
    sharedByTarget: 'balancing',
    says: 'How one of several systems is chosen',
  },
  'balanceOptions.hashOn': {
    kind: 'text',
    charsMax: 128,
    default: 'correlation_id',
    sharedByTarget: 'balancing',
    says: 'What CONSISTENT_HASH goes by: header:NAME, correlation_id, source or message_id',
  },
  'balanceOptions.hashLoadFactor': {
    kind: 'number',
    min: 1,
    max: 10,
    default: 1.25,
    sharedByTarget: 'balancing',
    says: 'How far above the mean load a system may go before CONSISTENT_HASH passes on to the next',
  },
  'balanceOptions.zoneFirst': {
    kind: 'flag',
    default: false,
    sharedByTarget: 'balancing',
    says: "Whether systems of the sender's zone come first, else of the hub's",
  },
  'balanceOptions.slowStartMs': {
    kind: 'duration',
    min: 0,
    max: hourMs,
    default: 0,
    sharedByTarget: 'balancing',
    says: 'Time over which a system that just came back takes up its full share; 0: at once',
  },
  fallback: {
    kind: 'fallback',
    entriesMax: fallbackStepsMax,
    default: [],
    says: 'What answers instead when the target does not, in this order',
  },
  'hedge.attempts': {
    kind: 'count',
    min: 0,
    max: 5,
    default: 0,
    says: 'Further attempts that may be in flight beside the first; only for SAFE and IDEMPOTENT messages',
  },
  'hedge.delayMs': {
    kind: 'duration',
    min: 1,
    max: 60_000,
    says: "Wait before each of them; the target's 95th percentile of latency when no policy says",
  },
  'replyCache.ttlMs': {
    kind: 'duration',
    min: 0,
    max: 24 * hourMs,
    default: 0,
    says: 'How long a reply is given again without asking the target; only for SAFE messages. 0: never',
  },
  'replyCache.shared': { kind: 'flag', default: false, says: 'Whether callers share replies' },
  'replyCache.vary': {
    kind: 'texts',
    entriesMax: 20,
    default: [],
    says: 'Message headers that belong to the question, beside target, type, kind and payload',
  },
  panic: {
    kind: 'flag',
    default: true,
    says: 'Whether a synchronous call may try UNHEALTHY systems when nothing better is left',
  },
};

/** What the fields of each group are about. */
export const policyGroups: { readonly [G in PolicyGroup]: string } = {
  retry: 'When and how often an attempt is repeated, as far as repeat safety allows',
  retryBudget: 'Bounds the retries in flight to each target',
  breaker: 'When the breaker opens, and how it closes again',
  ejection: 'When a system is taken out because it does worse than the others of its type',
  limits: 'How much a caller may ask and a target may get',
  'limits.callerRate': 'Messages that each caller may send, of those that the policy matches',
  'limits.targetRate': 'Attempts that each target system gets',
  'limits.concurrency': 'Attempts in flight at each target system, with a queue in front',
  'limits.adaptive': 'Finds the number of attempts in flight that a target system can take by itself',
  balanceOptions: 'More about how systems are chosen',
  hedge: 'When a second attempt is begun before the first has ended',
  replyCache: 'When a reply is given again without asking the target',
};

/** What each list of a match names. */
export const matchLists: { readonly [L in keyof PolicyMatch]: string } = {
  messageTypes: 'Message types, or prefixes such as payments.*',
  kinds: 'Kinds of message',
  sources: 'Systems that send: ids, or prefixes',
  systemIds: 'Systems that receive: ids, or prefixes',
  types: 'Types of the systems that receive, or prefixes',
  capabilities: 'Capabilities of the systems that receive, or prefixes',
};

/** Every path of {@link policyFields}, in the table's order. */
export const policyFieldPaths = Object.keys(policyFields) as readonly PolicyField[];

/**
 * A path as people meet it, in files, in the contract and in texts: `retry.initialDelayMs` is `retry.initial_delay`.
 * Takes paths into lists (`fallback[0].timeoutMs`) and of a match too.
 */
export function policyFieldName(path: string): string {
  return path.replace(/Ms\b/g, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a field is shared or refused with: its group, or itself where it has none. */
export function policyGroupOf(path: PolicyField): string {
  const end = path.lastIndexOf('.');
  return end < 0 ? path : path.slice(0, end);
}

/** Split once: policies are merged for each new kind of message. */
const stepsOf: ReadonlyMap<string, readonly string[]> = new Map(
  policyFieldPaths.map((path) => [path, path.split('.')]),
);

/** The value at a path of a policy, whole or in part; undefined when it is unset. */
export function policyValueAt(policy: object, path: string): unknown {
  let value: unknown = policy;
  for (const step of stepsOf.get(path) ?? path.split('.')) {
    value = (value as Record<string, unknown> | undefined)?.[step];
  }
  return value;
}

/** Puts a value at a path, with what leads there: the inverse of {@link policyValueAt}. */
export function setPolicyValue(policy: Record<string, unknown>, path: string, value: unknown): void {
  const steps = stepsOf.get(path) ?? path.split('.');
  let place = policy;
  for (const [index, step] of steps.entries()) {
    if (index === steps.length - 1) place[step] = value;
    else place = (place[step] ??= {}) as Record<string, unknown>;
  }
}

/** A policy with what `read` gives for each field; undefined where it gives that. */
export function policyFromFields(read: (path: PolicyField) => unknown): EffectivePolicy {
  const policy: Record<string, unknown> = {};
  for (const path of policyFieldPaths) setPolicyValue(policy, path, read(path));
  return policy as unknown as EffectivePolicy;
}

/** What `read` gives for each field, without fields and groups that it gives nothing for. */
export function policyPartsFromFields(read: (path: PolicyField) => unknown): PolicyParts {
  const policy: Record<string, unknown> = {};
  for (const path of policyFieldPaths) {
    const value = read(path);
    if (value !== undefined) setPolicyValue(policy, path, value);
  }
  return policy;
}

/** What applies to a synchronous delivery where no policy says otherwise (architecture.md, "Defaults"). */
export const defaultPolicy: EffectivePolicy = policyFromFields((path) => policyFields[path].default);
