import type { Clock } from '../base/clock.ts';
import type { Feed } from '../base/feed.ts';
import type { Random } from '../base/random.ts';
import type { Endpoint, Protocol, Transport } from '../base/transport.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import type { ForcedBreakers } from '../resilience/forced-breakers.ts';
import { LoadBoard } from '../resilience/load-board.ts';
import type { PolicyBook } from '../resilience/policy-book.ts';
import type { PolicyTarget } from '../resilience/policy-match.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { Turns } from '../resilience/turns.ts';
import { DeliveryLog } from './delivery-log.ts';
import type { AttemptOutcome } from './delivery-run.ts';
import type { Directory, Vitals } from './directory.ts';
import { Dispatcher } from './dispatch.ts';
import { Router } from './route.ts';

/** What delivery takes from the world. */
export interface DeliveryCoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly vitals: Vitals;
  readonly transports: Readonly<Record<Protocol, Pick<Transport, 'send' | 'routeRepeatSafety'>>>;
  readonly policies: Pick<PolicyBook, 'resolve' | 'forTarget' | 'onTargetsChange'>;
  /** The system as policies match it, for what all messages to it share. */
  readonly targetOf: (systemId: string) => PolicyTarget;
  /** Durable memory of breakers that a person forces. */
  readonly forcedBreakers: ForcedBreakers;
  /** Gets every change of a breaker. */
  readonly breakerFeed: Feed<BreakerSnapshot>;
  /** Deliveries that are remembered. */
  readonly deliveriesKept: number;
  /** Everyone outside who learns from an attempt: health, metrics. */
  readonly observe: (outcome: AttemptOutcome) => void;
  /** Told when something durable could not be brought up to date; harmless. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Routing, dispatch and everything that protects callers and targets, put together once: for the hub, for the
 * simulation, for tests and benchmarks. The owner says which endpoints there are ({@link ensure}, {@link forget}), which
 * bounds everything that is kept by endpoint.
 */
export class DeliveryCore {
  readonly breakers: BreakerBoard;
  readonly loads: LoadBoard;
  readonly router: Router;
  readonly dispatcher: Dispatcher;
  readonly log: DeliveryLog;
  readonly #stopListening: () => void;

  constructor(options: DeliveryCoreOptions) {
    const { clock, random, directory, vitals, transports, policies, observe } = options;
    this.loads = new LoadBoard({ clock });
    this.breakers = new BreakerBoard({
      clock,
      feed: options.breakerFeed,
      forced: options.forcedBreakers,
      configOf: ({ systemId }) => policies.forTarget(options.targetOf(systemId)).policy.breaker,
      onFault: options.onFault,
    });
    this.#stopListening = policies.onTargetsChange(() => this.breakers.reconfigure());
    this.log = new DeliveryLog(options.deliveriesKept);
    this.router = new Router({
      directory,
      vitals,
      breakers: this.breakers,
      loads: this.loads,
      turns: new Turns(),
      random,
      policyOf: (subject) => policies.resolve(subject),
      routeRepeatSafety: (protocol, operation) => transports[protocol].routeRepeatSafety?.(operation),
    });
    this.dispatcher = new Dispatcher({
      router: this.router,
      transports,
      breakers: this.breakers,
      loads: this.loads,
      budget: new RetryBudget(),
      log: this.log,
      clock,
      random,
      observe,
    });
  }

  /** Reads what is durable. Call once, at the start. */
  async load(): Promise<void> {
    await this.breakers.load();
  }

  /** An endpoint is there, or its system changed. */
  ensure(endpoint: Endpoint): void {
    this.breakers.ensure(endpoint);
  }

  /** An endpoint is gone, or moved: what its old place did says nothing about the new one. */
  forget(key: EndpointKey): void {
    this.breakers.forget(key);
    this.loads.forget(key);
  }

  /** Stops timers and waits for durable changes that were begun. */
  async close(): Promise<void> {
    this.#stopListening();
    await this.breakers.close();
  }
}
