import type { BreakerBoard, BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { Candidate, RoutePlan } from './route.ts';

/** A candidate as ExplainRoute shows it. */
export interface ExplainedCandidate {
  readonly candidate: Candidate;
  /** Whether it may be tried now. */
  readonly usable: boolean;
  /** Why it is out, or why it stands where it stands. */
  readonly reason: string;
  readonly breaker: BreakerSnapshot['state'];
  readonly inFlight: number;
}

/** Says of every candidate of a plan why it is in or out: the usable ones first, in their order. */
export function explainCandidates(
  plan: RoutePlan,
  boards: { readonly breakers: Pick<BreakerBoard, 'get'>; readonly loads: Pick<LoadBoard, 'inFlight'> },
): readonly ExplainedCandidate[] {
  const explain = (candidate: Candidate, place: number | undefined): ExplainedCandidate => {
    const breaker = boards.breakers.get(candidate)?.state ?? 'CLOSED';
    const inFlight = boards.loads.inFlight(candidate);
    return {
      candidate,
      usable: place !== undefined,
      reason:
        place === undefined
          ? objection(candidate, plan)
          : `${place === 0 ? 'tried first' : `choice ${place + 1}`}: ${standing(candidate, plan)}, ${inFlight} in flight` +
            (breaker === 'HALF_OPEN' ? ', as a trial of its half-open breaker' : ''),
      breaker,
      inFlight,
    };
  };
  return [
    ...plan.candidates.map((candidate, place) => explain(candidate, place)),
    ...plan.excluded.map((candidate) => explain(candidate, undefined)),
  ];
}

function standing({ status }: Candidate, { panic }: RoutePlan): string {
  return panic ? `${status}, but nothing better is left` : status;
}

function objection({ status, refusal, takesType }: Candidate, plan: RoutePlan): string {
  if (!takesType) return 'has no route for this message type';
  if (status === 'FAILED' || status === 'DISCONNECTED') return `out of rotation: ${status}`;
  if (refusal !== undefined) {
    const { state, cause, retryAfterMs } = refusal;
    const until =
      state === 'FORCED_OPEN'
        ? 'until it is reset or its time ends'
        : `lets calls through in ${Math.ceil(retryAfterMs / 1000)} s`;
    return `breaker ${state}: ${cause}; ${until}`;
  }
  return plan.policy.policy.panic
    ? `${status}: tried only when nothing better is left`
    : `${status}, and the policy forbids trying it (panic: false)`;
}
