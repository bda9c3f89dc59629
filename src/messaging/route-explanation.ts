import type { Clock } from '../base/clock.ts';
import type { BreakerBoard, BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { BreakerRefusal } from '../resilience/circuit-breaker.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { Candidate, RoutePlan } from './route.ts';

/** A candidate as ExplainRoute shows it. */
export interface ExplainedCandidate {
  readonly candidate: Candidate;
  /** Whether it may be tried now. */
  readonly usable: boolean;
  /** Why it is out, or why it stands where it stands. */
  readonly reason: string;
  /** State of the breaker that the message would meet: of its type, where each has one. */
  readonly breaker: BreakerSnapshot['state'];
  readonly inFlight: number;
}

/** What is asked of the candidates of a plan. */
export interface CandidateBoards {
  /** The message's type. */
  readonly messageType: string;
  readonly breakers: Pick<BreakerBoard, 'met'>;
  readonly loads: Pick<LoadBoard, 'inFlight'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Says of every candidate of a plan why it is in or out: the usable ones first, in their order. */
export function explainCandidates(plan: RoutePlan, boards: CandidateBoards): readonly ExplainedCandidate[] {
  const nowMs = boards.clock.now();
  const explain = (candidate: Candidate, place: number | undefined): ExplainedCandidate => {
    const breaker = boards.breakers.met(candidate, boards.messageType);
    const inFlight = boards.loads.inFlight(candidate);
    return {
      candidate,
      usable: place !== undefined,
      reason:
        place === undefined
          ? objection(candidate, plan, nowMs)
          : `${place === 0 ? 'tried first' : `choice ${place + 1}`}: ${standing({ candidate, plan, breaker, inFlight })}`,
      breaker: breaker?.state ?? 'CLOSED',
      inFlight,
    };
  };
  return [
    ...plan.candidates.map((candidate, place) => explain(candidate, place)),
    ...plan.excluded.map((candidate) => explain(candidate, undefined)),
  ];
}

/** Why a usable candidate stands where it stands. */
function standing({
  candidate,
  plan: { panic, balancing },
  breaker,
  inFlight,
}: {
  readonly candidate: Candidate;
  readonly plan: RoutePlan;
  readonly breaker: BreakerSnapshot | undefined;
  readonly inFlight: number;
}): string {
  const { status, zone, weight, effectiveWeight, ejectedUntilMs, systemId } = candidate;
  const parts = [panic ? `${status}, but nothing better is left` : status, `${inFlight} in flight`];
  const zoneFirst = balancing?.zone ?? '';
  if (zoneFirst !== '')
    parts.push(zone === zoneFirst ? `in zone ${zone}, which goes first` : `not in zone ${zoneFirst}`);
  if (balancing?.passedOver.includes(systemId) === true)
    parts.push('its hash comes first, but it has its share of the load');
  if (effectiveWeight < weight) parts.push(`slow start, ${share(effectiveWeight / weight)} of its weight`);
  if (ejectedUntilMs !== undefined) parts.push('ejected, but too few others are usable');
  if (breaker?.state === 'HALF_OPEN') parts.push(`as a trial of its half-open breaker${ofType(breaker)}`);
  return parts.join(', ');
}

/** Why a candidate is out. */
function objection(candidate: Candidate, plan: RoutePlan, nowMs: number): string {
  const { status, refusal, takesType, ejectedUntilMs } = candidate;
  if (!takesType) return 'has no route for this message type';
  if (status === 'FAILED' || status === 'DISCONNECTED') return `out of rotation: ${status}`;
  if (refusal !== undefined) return `breaker ${refusal.state}: ${refusal.cause}; ${waitFor(refusal)}`;
  if (status === 'UNHEALTHY') {
    return plan.policy.policy.panic
      ? `${status}: tried only when nothing better is left`
      : `${status}, and the policy forbids trying it (panic: false)`;
  }
  const backMs = (ejectedUntilMs ?? nowMs) - nowMs;
  return `ejected: does worse than the others of its type; back in ${Math.ceil(backMs / 1000)} s`;
}

function waitFor({ retryAfterMs }: BreakerRefusal): string {
  return retryAfterMs === undefined
    ? 'stays open until somebody resets it'
    : `lets calls through in ${Math.ceil(retryAfterMs / 1000)} s`;
}

/** What a breaker is of, where it is not its interface's own. */
function ofType({ messageType }: BreakerSnapshot): string {
  return messageType === '' ? '' : ` for ${messageType}`;
}

function share(part: number): string {
  return `${Math.round(part * 100)} %`;
}
