import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import type { Message } from '../base/message.ts';
import { type Random, seededRandom } from '../base/random.ts';
import type { Target } from '../base/target.ts';
import {
  type AttemptResult,
  type Endpoint,
  type Protocol,
  protocols,
  type SendOptions,
} from '../base/transport.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { Policy } from '../resilience/policy.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import type { Delivery } from './delivery.ts';
import { DeliveryCore } from './delivery-core.ts';
import type { Provider } from './directory.ts';
import { endpointOf, messageTo, options, timedOut, toType } from './fleet.fixture.ts';
import type { PolicySimulationQuestion } from './policy-simulation.ts';

/** How a system answers an attempt: what with, and after how long. */
export interface Answer {
  readonly result: AttemptResult;
  readonly latencyMs: number;
}

export interface TrafficOptions {
  /** Systems of the type `ledger`. */
  readonly systems: readonly string[];
  readonly policies?: readonly Policy[];
  /** Deliveries, one each `everyMs`. */
  readonly count: number;
  readonly everyMs: number;
  readonly message?: Partial<Message>;
  readonly target?: Target;
  /** `afterMs` is the time since the first message was accepted. */
  readonly answer: (question: { systemId: string; afterMs: number; random: Random }) => Answer;
}

/** Deliveries as a hub would have recorded them, and what a simulation of them needs. */
export async function recordTraffic(
  traffic: TrafficOptions,
): Promise<Omit<PolicySimulationQuestion, 'proposed'>> {
  const { systems, policies = [], count, everyMs, target = toType } = traffic;
  const clock = createFakeClock();
  const startMs = clock.now();
  const random = seededRandom(11);
  const providers = systems.map((systemId): Provider => ({
    systemId,
    type: 'ledger',
    capabilities: ['book'],
    weight: 1,
    zone: '',
    endpoints: [endpointOf(systemId)],
  }));
  const directory = {
    find: (wanted: Target) =>
      providers.filter(({ systemId }) => wanted.by !== 'system' || wanted.systemId === systemId),
    zoneOf: () => '',
  };
  const transport = {
    send: async ({ systemId }: Endpoint, _: Message, { attemptDeadlineMs, signal }: SendOptions) => {
      const { result, latencyMs } = traffic.answer({ systemId, afterMs: clock.now() - startMs, random });
      const givenMs = attemptDeadlineMs - clock.now();
      await clock.sleep(Math.min(latencyMs, givenMs), signal);
      return latencyMs > givenMs ? timedOut : result;
    },
  };
  const transports = Object.fromEntries(protocols.map((protocol) => [protocol, transport])) as Record<
    Protocol,
    typeof transport
  >;
  const core = new DeliveryCore({
    clock,
    random: seededRandom(12),
    directory,
    vitals: { routingStatus: () => 'HEALTHY' },
    transports,
    policies: new PolicyBook(policies),
    targetOf: (systemId) => ({ systemId, type: 'ledger', capabilities: ['book'] }),
    forcedBreakers: { load: async () => [], save: async () => undefined, remove: async () => undefined },
    breakerFeed: new Feed<BreakerSnapshot>({ clock }),
    deliveriesKept: count,
    observe: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  for (const { endpoints } of providers) for (const endpoint of endpoints) core.ensure(endpoint);
  const ids: string[] = [];
  const sends: Promise<unknown>[] = [];
  for (let index = 0; index < count; index += 1) {
    const message = messageTo(target, clock, { id: `m-${index}`, kind: 'QUERY', ...traffic.message });
    ids.push(message.id);
    sends.push(
      core.dispatcher.send(message, options()).catch((error: unknown) => {
        if (!(error instanceof HubError)) throw error;
      }),
    );
    await clock.advance(everyMs);
  }
  await clock.advance(120_000);
  await Promise.all(sends);
  await core.close();
  return {
    deliveries: ids.map((id): Delivery => core.log.get(id)),
    policies,
    directory,
    hubZone: '',
    transports: {} as PolicySimulationQuestion['transports'],
    breakerHistory: core.breakers.history,
    seed: 1,
    signal: new AbortController().signal,
  };
}
