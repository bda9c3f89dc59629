import type { Policy } from '../resilience/policy.ts';
import { nearestAnswers } from './recorded-answers.ts';

/** What was found when a simulation was set up. */
export interface SimulationSetting {
  /** How many deliveries were taken, where there were more than a simulation takes; undefined: all were. */
  readonly newestOnly: number | undefined;
  /** Deliveries that were left out because it is not known how any system that they could go to answers. */
  readonly leftOut: number;
  /** Systems that the traces name and that are not registered any more. */
  readonly gone: number;
  /** Interfaces that answer as others of their type, since no attempt at them is recorded. */
  readonly unseen: number;
  /** All policies, the proposed one among them. */
  readonly policies: readonly Policy[];
}

/** What every simulation takes for granted. */
const always: readonly string[] = [
  `Targets answer as they did: a delivery gets what it was answered then; if it asks more often, it gets one of the ${nearestAnswers} answers of that interface nearest in time, drawn by the seed from those given least often.`,
  'Load changes nothing: a target that gets more or fewer attempts answers no slower or faster, and fails no more or less, than it did.',
  'A target that did not answer in time never answers, however long it is given; an answer that took longer than a shorter attempt timeout comes too late.',
  'Callers send the same messages at the same times, whatever they are answered; those that went away do so again.',
  'Every system counts as HEALTHY: statuses of that time are not kept.',
  'Breakers, limits, ejections, retry budgets and the reply cache start empty, and no breaker is forced.',
];

/** What a simulation takes for granted, for people: what always holds, then what these deliveries and policies bring. */
export function assumptionsOf(setting: SimulationSetting): readonly string[] {
  const { newestOnly, leftOut, gone, unseen, policies } = setting;
  const texts = [...always];
  if (newestOnly !== undefined) {
    texts.push(`Only the newest ${newestOnly} deliveries of that time were taken: there were more.`);
  }
  if (leftOut > 0) {
    texts.push(
      `${count(leftOut, 'delivery was', 'deliveries were')} left out: of no system that could take them an attempt is recorded, so it is not known how it answers.`,
    );
  }
  if (gone > 0) {
    texts.push(
      `${count(gone, 'system that is not registered any more is', 'systems that are not registered any more are')} taken as the traces show them: with weight 1, and the type or capability by which they were addressed.`,
    );
  }
  if (unseen > 0) {
    texts.push(
      `${count(unseen, 'interface of which no attempt is recorded answers', 'interfaces of which no attempt is recorded answer')} as others of the same type.`,
    );
  }
  if (policies.some(({ replyCache }) => (replyCache?.ttlMs ?? 0) > 0)) {
    texts.push(
      'The reply cache goes by target, type, kind, caller and a mark of the payload: headers that belong to the question, and the size of replies, are not kept.',
    );
  }
  if (policies.some(({ balanceOptions }) => balanceOptions?.hashOn?.startsWith('header:') === true)) {
    texts.push('CONSISTENT_HASH by a header falls back to the least loaded: headers are not kept.');
  }
  return texts;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
