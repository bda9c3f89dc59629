import { isSlug, slugBytesMax } from '../base/id.ts';
import type { MessageKind, RepeatSafety } from '../base/message.ts';
import type { AttemptReason } from '../base/transport.ts';

export const repeatScopes = ['SYSTEM', 'TYPE'] as const;
/**
 * Where an IDEMPOTENT or KEYED message may be repeated after an attempt that may have acted. SYSTEM: on the system
 * that may have acted only. TYPE: on any candidate, because they share the state that makes a repeat harmless.
 */
export type RepeatScope = (typeof repeatScopes)[number];

export const balanceStrategies = ['LEAST_LOADED', 'ROUND_ROBIN', 'RANDOM'] as const;
/** How one of several equally healthy candidates is chosen. */
export type BalanceStrategy = (typeof balanceStrategies)[number];

/** Reasons after which an attempt can be repeated at all, if the repeat safety allows it; what `retry.on` may name. */
export const retryableReasons = [
  'name_not_resolved',
  'connect_refused',
  'connect_failed',
  'connect_timeout',
  'tls_failed',
  'refused_stream',
  'goaway',
  'not_executed',
  'rate_limited',
  'timeout',
  'reset',
  'target_error',
  'unavailable',
  'garbage',
  'reply_too_large',
] as const satisfies readonly AttemptReason[];

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
  /** Attempts in all, the first one included; 1..100, default 3. 1 means no retries. */
  readonly attempts: number;
  /** Upper end of the first wait in ms, 0..300,000, default 200. 0 retries at once. */
  readonly initialDelayMs: number;
  /** Growth of the upper end from wait to wait, 1..10, default 2. */
  readonly factor: number;
  /** Largest upper end in ms, 0..3,600,000, default 30,000. */
  readonly maxDelayMs: number;
  /**
   * Reasons that are retried; empty (the default) means every one of {@link retryableReasons}. It only narrows: a
   * reason listed here is still not retried when the repeat safety forbids it.
   */
  readonly on: readonly AttemptReason[];
}

/** When the breaker of one (system, interface) opens and how it closes again. */
export interface BreakerConfig {
  /** Failures in a row that open it, 0..10,000, default 5. 0 turns this rule off. */
  readonly consecutiveFailures: number;
  /** Share of failed calls in the window that opens it, 0..1, default 0.5. 0 turns this rule off. */
  readonly failureRate: number;
  /** Calls in the window below which `failureRate` says nothing, 1..100,000, default 20. */
  readonly minimumCalls: number;
  /** Length of the sliding window in ms, 1000..600,000, default 60,000. */
  readonly windowMs: number;
  /** How long it stays open before trial calls, in ms, 100..3,600,000, default 60,000. */
  readonly openForMs: number;
  /** Trial calls at once while half open, all of which must succeed to close it, 1..100, default 3. */
  readonly halfOpenCalls: number;
}

type Unset<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Settings for delivery, for the messages and targets that `match` names. What is unset comes from less specific policies. */
export interface Policy {
  /** A slug, unique among the policies. */
  readonly name: string;
  readonly match: PolicyMatch;
  /** Longest a synchronous call takes in all, in ms, 1..3,600,000. */
  readonly timeoutMs?: number | undefined;
  /** Longest one attempt takes, in ms, 1..3,600,000. */
  readonly attemptTimeoutMs?: number | undefined;
  readonly retry?: Unset<RetryConfig> | undefined;
  readonly repeatSafety?: RepeatSafety | undefined;
  readonly repeatScope?: RepeatScope | undefined;
  /** Only where `match` names targets alone: a breaker is shared by every message to its target. */
  readonly breaker?: Unset<BreakerConfig> | undefined;
  /** Only where `match` names targets alone. */
  readonly balance?: BalanceStrategy | undefined;
  /** Whether a synchronous call may try UNHEALTHY systems when no better one is left. */
  readonly panic?: boolean | undefined;
}

/** A policy with every field decided. */
export interface EffectivePolicy {
  readonly timeoutMs: number;
  /** Undefined: derived from the time and attempts that remain (attempt-timeout.ts). */
  readonly attemptTimeoutMs: number | undefined;
  readonly retry: RetryConfig;
  /** Undefined: no policy says; the route or the kind decides (repeat-safety.ts). */
  readonly repeatSafety: RepeatSafety | undefined;
  readonly repeatScope: RepeatScope;
  readonly breaker: BreakerConfig;
  readonly balance: BalanceStrategy;
  readonly panic: boolean;
}

/** What applies to a synchronous delivery where no policy says otherwise (architecture.md, "Defaults"). */
export const defaultPolicy: EffectivePolicy = {
  timeoutMs: 60_000,
  attemptTimeoutMs: undefined,
  retry: { attempts: 3, initialDelayMs: 200, factor: 2, maxDelayMs: 30_000, on: [] },
  repeatSafety: undefined,
  repeatScope: 'SYSTEM',
  breaker: {
    consecutiveFailures: 5,
    failureRate: 0.5,
    minimumCalls: 20,
    windowMs: 60_000,
    openForMs: 60_000,
    halfOpenCalls: 3,
  },
  balance: 'LEAST_LOADED',
  panic: true,
};

/** Entries of one list of {@link PolicyMatch}. */
export const matchEntriesMax = 100;

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

/** Whether `match` says nothing about the message itself, so that its policy may decide what all messages to a target share. */
export function namesTargetsAlone(match: PolicyMatch): boolean {
  return match.messageTypes.length === 0 && match.kinds.length === 0 && match.sources.length === 0;
}

interface Bound {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

const ms = (min: number, max: number): Bound => ({ min, max, whole: false });
const count = (min: number, max: number): Bound => ({ min, max, whole: true });

const bounds: { readonly [path: string]: Bound } = {
  timeoutMs: ms(1, 3_600_000),
  attemptTimeoutMs: ms(1, 3_600_000),
  'retry.attempts': count(1, 100),
  'retry.initialDelayMs': ms(0, 300_000),
  'retry.factor': { min: 1, max: 10, whole: false },
  'retry.maxDelayMs': ms(0, 3_600_000),
  'breaker.consecutiveFailures': count(0, 10_000),
  'breaker.failureRate': { min: 0, max: 1, whole: false },
  'breaker.minimumCalls': count(1, 100_000),
  'breaker.windowMs': ms(1000, 600_000),
  'breaker.openForMs': ms(100, 3_600_000),
  'breaker.halfOpenCalls': count(1, 100),
};

function* boundViolations(policy: Policy): Generator<PolicyViolation> {
  for (const [path, { min, max, whole }] of Object.entries(bounds)) {
    const value = numberAt(policy, path);
    if (value === undefined || (value >= min && value <= max && (!whole || Number.isInteger(value))))
      continue;
    const kind = whole ? 'a whole number' : 'a number';
    yield { path, message: `found ${value}, allowed is ${kind} from ${min} to ${max}` };
  }
}

function numberAt(policy: Policy, path: string): number | undefined {
  let value: unknown = policy;
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
  return value as number | undefined;
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
  for (const [index, reason] of (retry.on ?? []).entries()) {
    if ((retryableReasons as readonly string[]).includes(reason)) continue;
    yield {
      path: `retry.on[${index}]`,
      message: `found ${reason}, allowed are ${retryableReasons.join(', ')}`,
    };
  }
}

function* targetOnlyViolations(policy: Policy): Generator<PolicyViolation> {
  if (namesTargetsAlone(policy.match)) return;
  for (const path of ['breaker', 'balance'] as const) {
    if (policy[path] === undefined) continue;
    yield {
      path,
      message: `found in a policy that matches by message type, kind or source, allowed only where the match names targets alone (systems, types, capabilities), because all messages to a target share its ${path === 'breaker' ? 'breaker' : 'balancing'}`,
    };
  }
}
