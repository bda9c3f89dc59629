import type { MessageKind, RepeatSafety } from '../base/message.ts';
import type { Target } from '../base/target.ts';

export const repeatScopes = ['SYSTEM', 'TYPE'] as const;
/**
 * Where an IDEMPOTENT or KEYED message may be repeated after an attempt that may have acted. SYSTEM: on the system
 * that may have acted only. TYPE: on any candidate, because they share the state that makes a repeat harmless.
 */
export type RepeatScope = (typeof repeatScopes)[number];

export const balanceStrategies = [
  'LEAST_LOADED',
  'ROUND_ROBIN',
  'RANDOM',
  'WEIGHTED',
  'CONSISTENT_HASH',
] as const;
/** How one of several equally healthy candidates is chosen. */
export type BalanceStrategy = (typeof balanceStrategies)[number];

export const breakerScopes = ['INTERFACE', 'MESSAGE_TYPE'] as const;
/** What has a breaker of its own: each interface of a system, or each message type on each of them. */
export type BreakerScope = (typeof breakerScopes)[number];

/**
 * What a policy applies to. Every dimension that lists something must hold; within a list one entry is enough; an
 * empty list matches all. Except for kinds an entry is an exact name, or a prefix `payments.*` that matches every
 * name that begins with `payments.`. At most {@link matchEntriesMax} entries a list.
 */
export interface PolicyMatch {
  readonly messageTypes: readonly string[];
  readonly kinds: readonly MessageKind[];
  /** Systems that send. */
  readonly sources: readonly string[];
  /** Systems that receive. */
  readonly systemIds: readonly string[];
  /** Types of the systems that receive. */
  readonly types: readonly string[];
  /** Capabilities of the systems that receive. */
  readonly capabilities: readonly string[];
}

/** When and how often an attempt is repeated. */
export interface RetryConfig {
  /** Attempts in all, the first one included; 1 means no retries. */
  readonly attempts: number;
  /** Upper end of the first wait in ms; 0 retries at once. */
  readonly initialDelayMs: number;
  /** Growth of the upper end from wait to wait. */
  readonly factor: number;
  /** Largest upper end in ms. */
  readonly maxDelayMs: number;
  /**
   * Conditions that are retried (retry-conditions.ts); empty means every one. It only narrows: what is listed here is
   * still not retried when the repeat safety forbids it.
   */
  readonly on: readonly string[];
  /** Longest wait that a target may ask for, in ms; a longer one is cut to this. */
  readonly maxRetryAfterMs: number;
}

/** Bounds the retries in flight to one target. */
export interface RetryBudgetConfig {
  /** Share of the calls in flight that may be retries, 0..1. */
  readonly share: number;
  /** Retries in flight that are always allowed. */
  readonly minimum: number;
}

/** When a breaker opens and how it closes again. */
export interface BreakerConfig {
  /** Failures in a row that open it; 0 turns this rule off. */
  readonly consecutiveFailures: number;
  /** Share of failed calls in the window that opens it, 0..1; 0 turns this rule off. */
  readonly failureRate: number;
  /** Calls in the window below which the rates say nothing. */
  readonly minimumCalls: number;
  /** Length of the sliding window in ms. */
  readonly windowMs: number;
  /** How long it stays open before trial calls, in ms. */
  readonly openForMs: number;
  /** Trial calls at once while half open, all of which must succeed to close it. */
  readonly halfOpenCalls: number;
  /** Share of slow calls in the window that opens it, 0..1; 0 turns this rule off. */
  readonly slowCallRate: number;
  /** From when on a call is slow, in ms. */
  readonly slowCallTimeMs: number;
  readonly scope: BreakerScope;
}

/** When a system of a type is taken out because it does worse than the others. */
export interface EjectionConfig {
  /** Failures in a row; 0 turns this rule off. */
  readonly consecutiveFailures: number;
  /** Standard deviations below the mean success rate; 0 turns this rule off. */
  readonly deviations: number;
  /** Systems with enough calls that the comparison takes. */
  readonly minimumSystems: number;
  /** Calls in an interval from which on a system is compared. */
  readonly minimumCalls: number;
  /** How often systems are compared, and over which time, in ms. */
  readonly intervalMs: number;
  /** How long it stays out, times how often it went, in ms. */
  readonly baseTimeMs: number;
  /** Longest time out, in ms. */
  readonly maxTimeMs: number;
  /** Share of the systems that may be out; one may always go unless it is the last. 0 turns ejection off. */
  readonly maxShare: number;
  /** When less than this share is usable, ejections are ignored; 0: only when nobody else is. */
  readonly panicShare: number;
}

/** A token bucket. */
export interface RateLimitConfig {
  /** Tokens that come back each second; 0: no limit. */
  readonly perSecond: number;
  /** Tokens that the bucket holds; undefined: those of one second, at least 1. */
  readonly burst: number | undefined;
}

/** A bulkhead with a queue in front. */
export interface ConcurrencyLimitConfig {
  /** Attempts in flight; 0: no limit. */
  readonly maxCalls: number;
  /** Messages that wait for a place. */
  readonly queue: number;
  /** Longest wait for a place, in ms. */
  readonly queueTimeMs: number;
}

/** A limit of attempts in flight that follows the target's latency. */
export interface AdaptiveLimitConfig {
  readonly enabled: boolean;
  readonly minCalls: number;
  readonly maxCalls: number;
  /** How much slower than without load the target may become before the limit shrinks. */
  readonly tolerance: number;
}

export interface LimitsConfig {
  /** Messages of each caller. */
  readonly callerRate: RateLimitConfig;
  /** Attempts at each target system. */
  readonly targetRate: RateLimitConfig;
  /** Attempts in flight at each target system. */
  readonly concurrency: ConcurrencyLimitConfig;
  readonly adaptive: AdaptiveLimitConfig;
}

/** When a second attempt is begun beside the first. */
export interface HedgeConfig {
  /** Further attempts that may be in flight beside the first; 0: none. */
  readonly attempts: number;
  /** Wait before each in ms; undefined: the target's 95th percentile. */
  readonly delayMs: number | undefined;
}

export interface ReplyCacheConfig {
  /** How long a reply stays good, in ms; 0: nothing is kept. */
  readonly ttlMs: number;
  /** Whether callers share replies. */
  readonly shared: boolean;
  /** Message headers that belong to the question, in lower case. */
  readonly vary: readonly string[];
}

export interface BalanceOptions {
  /** What CONSISTENT_HASH goes by: `header:NAME`, `correlation_id`, `source` or `message_id`. */
  readonly hashOn: string;
  /** How far above the mean load a system may go before the next one is taken. */
  readonly hashLoadFactor: number;
  readonly zoneFirst: boolean;
  /** Time over which a system that just came back takes up its full share, in ms; 0: at once. */
  readonly slowStartMs: number;
}

/** One answer instead of the target's. */
export type FallbackStep = {
  /** Time for this step within the deadline, in ms; undefined: {@link fallbackDefaults}. */
  readonly timeoutMs?: number | undefined;
  /** Attempts of this step; undefined: {@link fallbackDefaults}. */
  readonly attempts?: number | undefined;
} & FallbackAnswer;

export type FallbackAnswer =
  | { readonly kind: 'target'; readonly target: Target }
  /** Another system of the type of the system that was addressed. */
  | { readonly kind: 'same_type' }
  | { readonly kind: 'static_reply'; readonly reply: StaticReply }
  | { readonly kind: 'last_good'; readonly maxAgeMs?: number | undefined };

/** A fixed reply. */
export interface StaticReply {
  /** Default `200`. */
  readonly status: string;
  readonly contentType: string;
  /** The payload in base64, at most 64 KiB of it: a policy is plain JSON wherever it is kept. */
  readonly dataBase64: string;
}

/** What holds for a fallback step that says nothing. */
export const fallbackDefaults = { timeoutMs: 30_000, attempts: 2, lastGoodMaxAgeMs: 3_600_000 } as const;

/** Steps of a fallback chain. */
export const fallbackStepsMax = 8;

/** Payload of a static reply, in bytes. */
export const staticReplyBytesMax = 64 * 1024;

/** A policy with every field decided. */
export interface EffectivePolicy {
  readonly timeoutMs: number;
  /** Undefined: derived from the time and attempts that remain (attempt-timeout.ts). */
  readonly attemptTimeoutMs: number | undefined;
  readonly retry: RetryConfig;
  readonly retryBudget: RetryBudgetConfig;
  /** Undefined: no policy says; the route or the kind decides (repeat-safety.ts). */
  readonly repeatSafety: RepeatSafety | undefined;
  readonly repeatScope: RepeatScope;
  readonly breaker: BreakerConfig;
  readonly ejection: EjectionConfig;
  readonly limits: LimitsConfig;
  readonly balance: BalanceStrategy;
  readonly balanceOptions: BalanceOptions;
  readonly fallback: readonly FallbackStep[];
  readonly hedge: HedgeConfig;
  readonly replyCache: ReplyCacheConfig;
  /** Whether a synchronous call may try UNHEALTHY systems when no better one is left. */
  readonly panic: boolean;
}

type Unset<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { readonly [K in keyof T]?: Unset<NonNullable<T[K]>> | undefined };

/** Any of the fields of a policy. */
export type PolicyParts = Unset<EffectivePolicy>;

/**
 * Settings for delivery, for the messages and targets that `match` names. What is unset comes from less specific
 * policies. Bounds, defaults and meaning of each field: policy-fields.ts.
 */
export type Policy = PolicyParts & {
  /** A slug, unique among the policies. */
  readonly name: string;
  readonly match: PolicyMatch;
};

/** Entries of one list of {@link PolicyMatch}. */
export const matchEntriesMax = 100;

/** Whether `match` says nothing about the message itself, so that its policy may decide what all messages to a target share. */
export function namesTargetsAlone(match: PolicyMatch): boolean {
  return match.messageTypes.length === 0 && match.kinds.length === 0 && match.sources.length === 0;
}
