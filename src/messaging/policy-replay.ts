import { createFakeClock } from '../base/fake-clock.ts';
import { HubError } from '../base/error.ts';
import { Feed } from '../base/feed.ts';
import { seededRandom } from '../base/random.ts';
import { type Protocol, protocols, type Transport } from '../base/transport.ts';
import type { BreakerHistory } from '../resilience/breaker-history.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { Policy } from '../resilience/policy.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import type { Delivery } from './delivery.ts';
import { DeliveryCore } from './delivery-core.ts';
import { AnswersReplay, type RecordedAnswers } from './recorded-answers.ts';
import type { RecordedFleet } from './recorded-fleet.ts';
import { repeatedMessage, repeatedOptions } from './repeated-delivery.ts';
import { type DeliveriesOutcome, OutcomeTally } from './simulated-outcome.ts';

export interface ReplayQuestion {
  /** In order of acceptance. */
  readonly deliveries: readonly Delivery[];
  readonly policies: readonly Policy[];
  /** Systems whose answers are known. */
  readonly fleet: RecordedFleet;
  readonly answers: RecordedAnswers;
  readonly transports: Readonly<Record<Protocol, Pick<Transport, 'routeRepeatSafety'>>>;
  readonly hubZone: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface Replayed {
  readonly outcome: DeliveriesOutcome;
  /** How many deliveries each policy matched, by its name. */
  readonly matched: ReadonlyMap<string, number>;
}

/** Runs recorded deliveries again under some policies: real routing, dispatch and resilience on a clock of their own. */
export async function replay(question: ReplayQuestion): Promise<Replayed> {
  const { deliveries, fleet, answers, transports, hubZone, seed, signal } = question;
  const clock = createFakeClock(deliveries[0]?.acceptTimeMs);
  const targets = new AnswersReplay({ answers, clock, random: seededRandom(seed ^ answersSalt) });
  const core = new DeliveryCore({
    clock,
    random: seededRandom(seed),
    directory: fleet,
    vitals: { routingStatus: () => 'HEALTHY' },
    transports: Object.fromEntries(
      protocols.map((protocol) => [
        protocol,
        {
          send: targets.send.bind(targets),
          routeRepeatSafety: (operation) => transports[protocol].routeRepeatSafety?.(operation),
        } satisfies Pick<Transport, 'send' | 'routeRepeatSafety'>,
      ]),
    ) as Record<Protocol, Pick<Transport, 'send' | 'routeRepeatSafety'>>,
    policies: new PolicyBook(question.policies),
    targetOf: (systemId) => fleet.targetOf(systemId),
    forcedBreakers: { load: async () => [], save: async () => undefined, remove: async () => undefined },
    breakerFeed: new Feed<BreakerSnapshot>({ clock }),
    deliveriesKept: deliveries.length,
    hubZone: () => hubZone,
    observe: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  for (const endpoint of fleet.endpoints()) core.ensure(endpoint);

  const tally = new OutcomeTally();
  const matched = new Map<string, number>();
  let underWay = 0;
  const defects: unknown[] = [];
  const run = async (delivery: Delivery): Promise<void> => {
    underWay += 1;
    try {
      await core.dispatcher.send(repeatedMessage(delivery), repeatedOptions(delivery, clock));
    } catch (error) {
      // How a delivery failed stands in the log; anything but a HubError is a defect.
      if (!(error instanceof HubError)) defects.push(error);
    } finally {
      underWay -= 1;
      targets.ended(delivery.messageId);
    }
    const ended = core.log.get(delivery.messageId);
    tally.add(ended);
    for (const name of ended.policies) matched.set(name, (matched.get(name) ?? 0) + 1);
  };

  const advance = async (ms: number): Promise<void> => {
    signal.throwIfAborted();
    await clock.advance(ms);
    if (defects.length > 0) throw defects[0];
  };
  try {
    for (const delivery of deliveries) {
      if (delivery.acceptTimeMs > clock.now()) await advance(delivery.acceptTimeMs - clock.now());
      void run(delivery);
    }
    while (underWay > 0) await advance(tailStepMs);
  } finally {
    await core.close();
  }
  return { outcome: tally.outcome(countOpens(core.breakers.history)), matched };
}

/** How often breakers opened, of the transitions that a history remembers; `from` and `to` in epoch ms, both included. */
export function countOpens(
  history: Pick<BreakerHistory, 'newestFirst'>,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number } = {
    fromMs: -Infinity,
    toMs: Infinity,
  },
): number {
  let opens = 0;
  for (const { to, timeMs } of history.newestFirst()) {
    if (to === 'OPEN' && timeMs >= fromMs && timeMs <= toMs) opens += 1;
  }
  return opens;
}

/** Keeps the draws of answers apart from those of balancing and backoff. */
const answersSalt = 0x5eed;

/** Steps in which the clock goes on once the last message was accepted: every delivery ends by its deadline. */
const tailStepMs = 1000;
