import type { BreakerHistory } from '../resilience/breaker-history.ts';
import type { Policy } from '../resilience/policy.ts';
import type { Delivery } from './delivery.ts';
import type { Directory } from './directory.ts';
import { assumptionsOf } from './policy-assumptions.ts';
import { countOpens, replay, type ReplayQuestion } from './policy-replay.ts';
import { RecordedAnswers } from './recorded-answers.ts';
import { RecordedFleet } from './recorded-fleet.ts';
import { type DeliveriesOutcome, OutcomeTally } from './simulated-outcome.ts';

/** What a proposed policy would have come to. */
export interface PolicySimulation {
  /** Deliveries that were simulated. */
  readonly deliveries: number;
  /** Those among them that the proposed policy matches. */
  readonly matched: number;
  /** When the first and the last of them was accepted, epoch ms; undefined when there were none. */
  readonly startTimeMs: number | undefined;
  readonly endTimeMs: number | undefined;
  readonly recorded: DeliveriesOutcome;
  /** With the policies in force: what differs from `recorded` is the error of the simulation. */
  readonly current: DeliveriesOutcome;
  readonly proposed: DeliveriesOutcome;
  /** What is taken for granted, for people. */
  readonly assumptions: readonly string[];
}

/** Deliveries that one simulation takes; of more, the newest. */
export const simulatedDeliveriesMax = 10_000;

export interface PolicySimulationQuestion extends Pick<ReplayQuestion, 'transports' | 'signal'> {
  /** Deliveries that have ended, as they were recorded, in the order in which they began. */
  readonly deliveries: readonly Delivery[];
  /** The policies in force, in the order in which they are booked. */
  readonly policies: readonly Policy[];
  /** Takes the place of the one of its name, or comes last in addition. Must be one that could be put. */
  readonly proposed: Policy;
  /** The systems that are registered. */
  readonly directory: Directory;
  /** Where the hub stands. */
  readonly hubZone: string;
  /** How breakers changed while the deliveries were recorded. */
  readonly breakerHistory: Pick<BreakerHistory, 'newestFirst'>;
  /** Equal seeds give equal results. */
  readonly seed: number;
}

/**
 * Runs recorded deliveries again on a virtual clock, once with the policies in force and once with a proposed one, by the
 * real routing and dispatch; targets answer as they did then (recorded-answers.ts). Sends nothing and changes nothing. The
 * event loop gets a turn at every instant at which something happens. Rejects with the signal's reason.
 */
export async function simulatePolicy(question: PolicySimulationQuestion): Promise<PolicySimulation> {
  const { directory, policies, proposed } = question;
  const proposedPolicies = withPolicy(policies, proposed);
  const ended = withOwnIds(question.deliveries.slice(-simulatedDeliveriesMax));
  const everyone = RecordedFleet.of(ended, { directory, policies: [...policies, proposed] });
  const answers = new RecordedAnswers(ended, (systemId) => everyone.typeOf(systemId));
  const fleet = everyone.only((endpoint) => answers.knows(endpoint));
  const deliveries = ended
    .filter(({ subject: { target } }) => fleet.find(target).length > 0 || everyone.find(target).length === 0)
    .sort((a, b) => a.acceptTimeMs - b.acceptTimeMs || (a.id < b.id ? -1 : 1));

  const replayed = { ...question, deliveries, fleet, answers };
  const current = await replay({ ...replayed, policies });
  const changed = await replay({ ...replayed, policies: proposedPolicies });
  const unseen = [...fleet.endpoints()].filter((endpoint) => !answers.saw(endpoint)).length;
  return {
    deliveries: deliveries.length,
    matched: changed.matched.get(proposed.name) ?? 0,
    startTimeMs: deliveries[0]?.acceptTimeMs,
    endTimeMs: deliveries.at(-1)?.acceptTimeMs,
    recorded: recordedOutcome(deliveries, question.breakerHistory),
    current: current.outcome,
    proposed: changed.outcome,
    assumptions: assumptionsOf({
      newestOnly: question.deliveries.length > ended.length ? ended.length : undefined,
      leftOut: ended.length - deliveries.length,
      gone: everyone.gone,
      unseen,
      policies: proposedPolicies,
    }),
  };
}

/** A message that was sent again has the id of the first; here each delivery is told apart by its own. */
function withOwnIds(deliveries: readonly Delivery[]): readonly Delivery[] {
  const times = new Map<string, number>();
  return deliveries.map((delivery) => {
    const time = (times.get(delivery.id) ?? 0) + 1;
    times.set(delivery.id, time);
    if (time === 1) return delivery;
    const id = `${delivery.id}#${time}`;
    return { ...delivery, id, messageId: id };
  });
}

function withPolicy(policies: readonly Policy[], proposed: Policy): readonly Policy[] {
  const others = policies.map((policy) => (policy.name === proposed.name ? proposed : policy));
  return others.includes(proposed) ? others : [...others, proposed];
}

function recordedOutcome(
  deliveries: readonly Delivery[],
  history: Pick<BreakerHistory, 'newestFirst'>,
): DeliveriesOutcome {
  const tally = new OutcomeTally();
  let toMs = -Infinity;
  for (const delivery of deliveries) {
    tally.add(delivery);
    toMs = Math.max(toMs, delivery.acceptTimeMs + (delivery.latencyMs ?? 0));
  }
  return tally.outcome(countOpens(history, { fromMs: deliveries[0]?.acceptTimeMs ?? Infinity, toMs }));
}
