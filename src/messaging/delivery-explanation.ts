import type { Clock } from '../base/clock.ts';
import type { ErrorReason } from '../base/error-catalogue.ts';
import type { Message } from '../base/message.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { LimitBoard, LimitState } from '../resilience/limit-board.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { Directory } from './directory.ts';
import { callerOf, questionOf } from './dispatch.ts';
import { explainFallbacks, type ExplainedFallback, systemsOf } from './fallback-explanation.ts';
import { mayHedge } from './hedge.ts';
import { type ReplyCache, usesReplyCache } from './reply-cache.ts';
import { type ExplainedCandidate, explainCandidates } from './route-explanation.ts';
import type { SendOptions } from './delivery.ts';
import type { RoutePlan, Router } from './route.ts';

/** What SendMessage would do with a message, as ExplainRoute shows it. */
export interface DeliveryExplanation {
  readonly plan: RoutePlan;
  readonly candidates: readonly ExplainedCandidate[];
  /** Limits that the message meets: its caller's first, then those of the usable systems in their order. */
  readonly limits: readonly LimitState[];
  readonly fallbacks: readonly ExplainedFallback[];
  /** When a second attempt is begun beside the first, in ms; undefined: never. */
  readonly hedgeDelayMs: number | undefined;
  /** What the reply cache says of it; empty when it is not in use for it. */
  readonly replyCache: string;
  /** Reason with which it would fail at once; undefined: it would be answered, or tried. */
  readonly failure: ErrorReason | undefined;
}

/** What an explanation asks; the same that a delivery asks. */
export interface ExplanationPorts {
  readonly router: Pick<Router, 'plan'>;
  readonly directory: Pick<Directory, 'find'>;
  readonly breakers: Pick<BreakerBoard, 'met'>;
  readonly loads: Pick<LoadBoard, 'inFlight' | 'p95Ms'>;
  readonly limits: Pick<LimitBoard, 'states' | 'callerStates'>;
  readonly replies: Pick<ReplyCache, 'describe' | 'lastGood' | 'holds'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Explains what {@link Dispatcher.send} would do with a message. Sends nothing and takes nothing: no turn, no token. */
export function explainDelivery(
  ports: ExplanationPorts,
  message: Message,
  options: Pick<SendOptions, 'repeatSafety' | 'timeoutMs'>,
): DeliveryExplanation {
  const question = questionOf(message, options);
  const plan = ports.router.plan(question, { dryRun: true });
  const { policy } = plan.policy;
  const boards = { ...ports, messageType: question.messageType };
  const caller = ports.limits.callerStates(callerOf(message), plan.policy);
  const targets = systemsOf(plan.candidates).map((systemId) =>
    ports.limits.states(systemId, message.priority),
  );
  const cached = usesReplyCache(policy.replyCache, plan.repeatSafety.repeatSafety);
  const fallbacks = explainFallbacks(ports, { message, question, plan });
  const isAnswered =
    fallbacks.some(({ usable }) => usable) || (cached && ports.replies.holds(message, policy.replyCache));
  return {
    plan,
    candidates: explainCandidates(plan, boards),
    limits: [...caller, ...targets.flat()],
    fallbacks,
    hedgeDelayMs: hedgeDelayMs(plan, ports.loads),
    replyCache: cached ? ports.replies.describe(message, policy.replyCache) : '',
    failure: refusalBy(caller) ?? (isAnswered ? undefined : (plan.failure?.reason ?? refusalByAll(targets))),
  };
}

function hedgeDelayMs(plan: RoutePlan, loads: Pick<LoadBoard, 'p95Ms'>): number | undefined {
  const [first] = plan.candidates;
  const { hedge } = plan.policy.policy;
  if (first === undefined || hedge.attempts === 0 || plan.attempts < 2 || !mayHedge(plan)) return undefined;
  return hedge.delayMs ?? loads.p95Ms(first);
}

/** The reason with which one of these limits refuses the message now; undefined: none does. */
function refusalBy(limits: readonly LimitState[]): ErrorReason | undefined {
  const refusing = limits.find(({ refuses }) => refuses);
  if (refusing === undefined) return undefined;
  return refusing.limit.endsWith('_rate') ? 'RATE_LIMITED' : 'CONCURRENCY_LIMITED';
}

/** The same where every system has one that does. */
function refusalByAll(targets: readonly (readonly LimitState[])[]): ErrorReason | undefined {
  const refusals = targets.map(refusalBy);
  return refusals.includes(undefined) ? undefined : refusals[0];
}
