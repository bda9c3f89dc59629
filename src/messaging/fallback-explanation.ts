import type { Clock } from '../base/clock.ts';
import type { Message } from '../base/message.ts';
import { formatDuration } from '../base/duration-text.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import { type FallbackStep, fallbackDefaults } from '../resilience/policy.ts';
import type { Candidate } from './candidate.ts';
import type { Directory } from './directory.ts';
import { type AskingStep, fallbackName, fallbackQuestion } from './fallback-chain.ts';
import type { ReplyCache } from './reply-cache.ts';
import { type ExplainedCandidate, explainCandidates } from './route-explanation.ts';
import type { RoutePlan, Router, RouteQuestion } from './route.ts';

/** A step of a fallback chain, as ExplainRoute shows it. */
export interface ExplainedFallback {
  /** As Delivery.fallbackUsed names it. */
  readonly name: string;
  /** Whether it would be tried if everything before it failed now without having acted. */
  readonly usable: boolean;
  /** Why it is in or out. */
  readonly reason: string;
  readonly candidates: readonly ExplainedCandidate[];
}

/** What an explanation of fallbacks asks. */
export interface FallbackExplanationPorts {
  readonly router: Pick<Router, 'plan'>;
  readonly directory: Pick<Directory, 'find'>;
  readonly breakers: Pick<BreakerBoard, 'met'>;
  readonly loads: Pick<LoadBoard, 'inFlight'>;
  readonly replies: Pick<ReplyCache, 'lastGood'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Says of every step of a message's fallback chain whether it could answer now, in their order. */
export function explainFallbacks(
  ports: FallbackExplanationPorts,
  input: { readonly message: Message; readonly question: RouteQuestion; readonly plan: RoutePlan },
): readonly ExplainedFallback[] {
  const { message, question, plan } = input;
  const { policy } = plan.policy;
  /** Systems that were asked before: as many as there are attempts, each of another as long as there is one. */
  const asked = new Set(systemsOf(plan.candidates).slice(0, plan.attempts));

  const explain = (step: FallbackStep): ExplainedFallback => {
    switch (step.kind) {
      case 'static_reply':
        return answer(step.kind, true, `answers with status ${step.reply.status}, asks nobody`);
      case 'last_good':
        return lastGood(step.maxAgeMs ?? fallbackDefaults.lastGoodMaxAgeMs);
      case 'target':
      case 'same_type':
        return ask(step);
    }
  };

  const lastGood = (maxAgeMs: number): ExplainedFallback => {
    const { repeatSafety } = plan.repeatSafety;
    if (repeatSafety !== 'SAFE') {
      return answer('last_good', false, `only for SAFE messages, and this is ${repeatSafety}`);
    }
    const good = ports.replies.lastGood(message, policy.replyCache, maxAgeMs, { dryRun: true });
    return good === undefined
      ? answer(
          'last_good',
          false,
          `no reply to this question of the last ${formatDuration(maxAgeMs)} is kept`,
        )
      : answer('last_good', true, `the reply that is ${age(good.ageMs)} old, marked as stale`);
  };

  const ask = (step: AskingStep): ExplainedFallback => {
    const name = fallbackName(step, question.target, ports.directory);
    const stepQuestion = fallbackQuestion(step, question, ports.directory);
    if (stepQuestion === undefined) return answer(name, false, 'the type of the system is not known');
    if (step.kind === 'same_type' && question.target.by === 'system') asked.add(question.target.systemId);
    const own = ports.router.plan(stepQuestion, { dryRun: true });
    const left = own.candidates.filter(({ systemId }) => !asked.has(systemId));
    const boards = { ...ports, messageType: question.messageType };
    const repeated = own.candidates.filter(({ systemId }) => asked.has(systemId));
    const candidates = [
      ...explainCandidates({ ...own, candidates: left }, boards),
      ...explainCandidates({ ...own, candidates: repeated, excluded: [] }, boards).map((one) => ({
        ...one,
        usable: false,
        reason: 'was asked before',
      })),
    ];
    if (own.failure !== undefined) return { name, usable: false, reason: own.failure.message, candidates };
    if (left.length === 0)
      return { name, usable: false, reason: 'every system was asked before', candidates };
    // A step has its own attempts and time, whatever the policy of its target says.
    const { maxAttempts, timeoutMs } = stepQuestion;
    const systems = systemsOf(left).slice(0, maxAttempts);
    for (const systemId of systems) asked.add(systemId);
    const times = maxAttempts === 1 ? '1 attempt' : `at most ${maxAttempts} attempts`;
    const reason = `asks ${systems[0]} first, ${times} in ${formatDuration(timeoutMs)}`;
    return { name, usable: true, reason, candidates };
  };

  return policy.fallback.map(explain);
}

/** The systems of candidates, each once, in their order. */
export function systemsOf(candidates: readonly Candidate[]): readonly string[] {
  return [...new Set(candidates.map(({ systemId }) => systemId))];
}

function answer(name: string, usable: boolean, reason: string): ExplainedFallback {
  return { name, usable, reason, candidates: [] };
}

function age(ms: number): string {
  return formatDuration(ms < 1000 ? Math.round(ms) : Math.round(ms / 1000) * 1000);
}
