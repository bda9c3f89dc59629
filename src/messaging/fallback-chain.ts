import type { HubError } from '../base/error.ts';
import { type Message, repeatSafeties, type Reply } from '../base/message.ts';
import { type Target, targetToString } from '../base/target.ts';
import { type FallbackStep, fallbackDefaults, type StaticReply } from '../resilience/policy.ts';
import type { ResolvedRepeatSafety } from '../resilience/repeat-safety.ts';
import type { DeliveryInput, DeliveryPorts } from './delivery-ports.ts';
import { DeliveryRun } from './delivery-run.ts';
import type { Directory } from './directory.ts';
import type { RouteQuestion } from './route.ts';
import {
  deliveryError,
  type FailedFallback,
  fallbackUnknownError,
  withExecuted,
  withFallbacks,
} from './outcome.ts';

/** What a chain came to: a reply and who gave it, or the error for the caller. */
export type FallbackEnd =
  | {
      readonly answered: true;
      readonly reply: Reply;
      /** The step, as Delivery.fallbackUsed names it. */
      readonly name: string;
      /** The system that replied; empty: none did. */
      readonly systemId: string;
      /** Age of the last good reply, in ms; undefined for any other. */
      readonly ageMs: number | undefined;
    }
  /** `exhausted`: no step answered, and the error is the target's own. */
  | { readonly answered: false; readonly error: HubError; readonly exhausted: boolean };

/** How the target that the message names ended. */
export interface FailedTarget {
  readonly error: HubError;
  /** Systems that were asked. */
  readonly asked: ReadonlySet<string>;
}

/** Steps that ask a system. */
export type AskingStep = Extract<FallbackStep, { kind: 'target' | 'same_type' }>;

/**
 * Time that the target leaves for its fallbacks, in ms: as much as the first step that asks somebody wants, at most half of
 * `totalMs`; 0 when no step asks anybody.
 */
export function reservedMs(fallback: readonly FallbackStep[], target: Target, totalMs: number): number {
  const step = fallback.find(
    ({ kind }) => kind === 'target' || (kind === 'same_type' && target.by === 'system'),
  );
  return step === undefined ? 0 : Math.min(step.timeoutMs ?? fallbackDefaults.timeoutMs, totalMs / 2);
}

/** What a step is called, in traces and plans: the target that it asks, or its kind. */
export function fallbackName(step: FallbackStep, target: Target, directory: Pick<Directory, 'find'>): string {
  if (step.kind !== 'target' && step.kind !== 'same_type') return step.kind;
  const asks = targetOf(step, target, directory);
  return asks === undefined ? step.kind : targetToString(asks);
}

/**
 * Tries the steps of the policy in their order, after the target itself failed without having acted, or with a SAFE
 * message. Each has its own time and attempts within the message's deadline; no system is asked that was asked before, and
 * a fallback has no fallbacks. A step that may have acted ends the chain, unless the message is SAFE.
 */
export async function runFallbacks(
  ports: DeliveryPorts,
  input: DeliveryInput,
  failed: FailedTarget,
): Promise<FallbackEnd> {
  const chain = new Chain(ports, input, failed);
  for (const step of input.plan.policy.policy.fallback) {
    const end = await chain.try(step);
    ports.note({ kind: 'fallback', step: step.kind, answered: end?.answered ?? false });
    if (end !== undefined) return end;
  }
  // What the target ended with says that nothing was done; a step that may have acted knows better.
  const told = failed.error.executed === 'no' ? chain.acted : undefined;
  return {
    answered: false,
    error: withFallbacks(told ?? failed.error, chain.failed),
    exhausted: told === undefined,
  };
}

class Chain {
  readonly failed: FailedFallback[] = [];
  /** The error of the last step that may have acted, with a SAFE message. */
  acted: HubError | undefined;
  readonly #ports: DeliveryPorts;
  readonly #input: DeliveryInput;
  readonly #target: FailedTarget;
  readonly #asked: Set<string>;

  constructor(ports: DeliveryPorts, input: DeliveryInput, target: FailedTarget) {
    this.#ports = ports;
    this.#input = input;
    this.#target = target;
    this.#asked = new Set(target.asked);
  }

  /** Undefined: the next step is to be tried. */
  async try(step: FallbackStep): Promise<FallbackEnd | undefined> {
    switch (step.kind) {
      case 'static_reply':
        return answer(step.kind, staticReply(step.reply));
      case 'last_good':
        return this.#lastGood(step.maxAgeMs ?? fallbackDefaults.lastGoodMaxAgeMs);
      case 'target':
      case 'same_type':
        return this.#ask(step);
    }
  }

  #lastGood(maxAgeMs: number): FallbackEnd | undefined {
    const { message, plan } = this.#input;
    if (plan.repeatSafety.repeatSafety !== 'SAFE') {
      return this.#without(
        'last_good',
        `only for SAFE messages, and this is ${plan.repeatSafety.repeatSafety}`,
      );
    }
    const good = this.#ports.replies.lastGood(message, plan.policy.policy.replyCache, maxAgeMs);
    if (good === undefined) return this.#without('last_good', 'no reply that is new enough is kept');
    return { ...answer('last_good', good.reply), ageMs: good.ageMs };
  }

  async #ask(step: AskingStep): Promise<FallbackEnd | undefined> {
    const { clock, router, budgets } = this.#ports;
    const { message, options, question, plan: primary, record, deadlineMs: untilMs } = this.#input;
    const asked = fallbackQuestion(step, question, this.#ports.directory);
    const name = fallbackName(step, message.target, this.#ports.directory);
    if (asked === undefined) return this.#without(name, 'the type of the system is not known');
    const nowMs = clock.now();
    if (nowMs >= untilMs) return this.#without(name, 'no time was left');
    if (step.kind === 'same_type' && message.target.by === 'system') this.#asked.add(message.target.systemId);

    const { target, maxAttempts: attempts, timeoutMs } = asked;
    const own = router.plan(asked);
    if (own.failure !== undefined) return this.#without(name, own.failure.reason);
    const plan = { ...own, repeatSafety: lesser(primary.repeatSafety, own.repeatSafety) };
    const { policy } = plan.policy;
    const deadlineMs = Math.min(untilMs, nowMs + timeoutMs);
    const end = await new DeliveryRun(this.#ports, {
      message,
      options,
      question: asked,
      plan,
      record,
      budget: budgets.of(targetToString(target), policy.retryBudget),
      attempts,
      deadlineMs,
      startUntilMs: deadlineMs,
      granted: {
        timeoutMs,
        attemptTimeoutMs: atMost(policy.attemptTimeoutMs, timeoutMs),
        retry: { attempts },
      },
      fallback: name,
      excluded: this.#asked,
    }).run();
    if (end.replied) return { ...answer(name, end.reply), systemId: end.systemId };

    if (end.refusal !== undefined) this.#ports.note({ kind: 'limit_refused', limit: end.refusal.limit });
    const failed = { ...end, deliveryId: message.id, timeoutMs };
    if (end.executed !== 'no' && end.repeatSafety.repeatSafety !== 'SAFE') {
      return { answered: false, error: fallbackUnknownError(name, failed), exhausted: false };
    }
    const error = deliveryError(failed);
    if (end.stop === 'cancelled') {
      // The caller went away during this step, which hides nothing of what was done before it.
      const before = this.acted ?? this.#target.error;
      const told = error.executed === 'no' ? withExecuted(error, before.executed) : error;
      return { answered: false, error: told, exhausted: false };
    }
    if (end.executed !== 'no') this.acted = error;
    for (const { endpoint } of end.attempts) this.#asked.add(endpoint.systemId);
    const nobodyNew = end.stop === 'candidates' && end.attempts.length === 0;
    return this.#without(
      name,
      nobodyNew ? 'every system was asked already, or its breaker is open' : error.reason,
    );
  }

  /** The step gave no answer: the next one is to be tried. */
  #without(name: string, end: string): FallbackEnd | undefined {
    this.failed.push({ name, end });
    return undefined;
  }
}

function answer(name: string, reply: Reply): Extract<FallbackEnd, { answered: true }> {
  return { answered: true, reply, name, systemId: '', ageMs: undefined };
}

/** What a step asks of routing: its own target, in its own time and attempts; undefined: whom it asks cannot be said. */
export function fallbackQuestion(
  step: AskingStep,
  question: RouteQuestion,
  directory: Pick<Directory, 'find'>,
): (RouteQuestion & { readonly maxAttempts: number; readonly timeoutMs: number }) | undefined {
  const target = targetOf(step, question.target, directory);
  if (target === undefined) return undefined;
  return {
    ...question,
    target,
    maxAttempts: Math.min(step.attempts ?? fallbackDefaults.attempts, question.maxAttempts ?? Infinity),
    timeoutMs: step.timeoutMs ?? fallbackDefaults.timeoutMs,
  };
}

/** Whom a step asks; undefined: that cannot be said. */
function targetOf(
  step: AskingStep,
  addressed: Message['target'],
  directory: Pick<Directory, 'find'>,
): Target | undefined {
  if (step.kind === 'target') return step.target;
  if (addressed.by !== 'system') return undefined;
  const [system] = directory.find(addressed);
  return system === undefined ? undefined : { by: 'type', type: system.type };
}

function staticReply({ status, contentType, dataBase64 }: StaticReply): Reply {
  return { status, contentType, headers: {}, data: Buffer.from(dataBase64, 'base64') };
}

/** The one that allows less: what may be sent once to the target may be sent once to its fallback. */
function lesser(one: ResolvedRepeatSafety, other: ResolvedRepeatSafety): ResolvedRepeatSafety {
  return repeatSafeties.indexOf(other.repeatSafety) > repeatSafeties.indexOf(one.repeatSafety) ? other : one;
}

function atMost(value: number | undefined, bound: number): number | undefined {
  return value === undefined ? undefined : Math.min(value, bound);
}
