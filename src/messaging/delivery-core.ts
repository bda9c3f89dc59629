import type { Clock } from '../base/clock.ts';
import type { Feed } from '../base/feed.ts';
import type { Random } from '../base/random.ts';
import type { Endpoint, Protocol, Transport } from '../base/transport.ts';
import { BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import type { ForcedBreakers } from '../resilience/forced-breakers.ts';
import { Balancer } from '../resilience/balancer.ts';
import { type Ejection, EjectionBoard, type PoolMember } from '../resilience/ejection-board.ts';
import { LimitBoard } from '../resilience/limit-board.ts';
import { LoadBoard } from '../resilience/load-board.ts';
import type { PolicyBook } from '../resilience/policy-book.ts';
import type { PolicyTarget } from '../resilience/policy-match.ts';
import { RetryBudgets } from '../resilience/retry-budgets.ts';
import { WarmUps } from '../resilience/warm-up.ts';
import { tierOf, tiers } from './candidate.ts';
import { DeliveryLog } from './delivery-log.ts';
import type { AttemptOutcome, DeliveryEvent } from './delivery-ports.ts';
import type { Directory, Vitals } from './directory.ts';
import { Dispatcher } from './dispatch.ts';
import { ReplyCache, replyBytesMaxDefault } from './reply-cache.ts';
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
  /** Bytes of replies that are kept; undefined: {@link replyBytesMaxDefault}. */
  readonly replyBytesMax?: number;
  /** Everyone outside who learns from an attempt: health, metrics. */
  readonly observe: (outcome: AttemptOutcome) => void;
  /** Told what happens to deliveries beside their attempts, for metrics; nobody when unset. */
  readonly note?: (event: DeliveryEvent) => void;
  /** Told when something durable could not be brought up to date; harmless. */
  readonly onFault: (error: unknown) => void;
  /** Where this hub stands; empty when unset. Asked whenever a message's sender has no zone and its policy says zone first. */
  readonly hubZone?: () => string;
  /** A system is ejected from its type's pool, or back in it. */
  readonly onEjection?: (change: 'ejected' | 'returned', ejection: Ejection) => void;
}

/**
 * Routing, dispatch and everything that protects callers and targets, put together once: for the hub, for the
 * simulation, for tests and benchmarks. The owner says which endpoints there are ({@link ensure}, {@link forget}), which
 * bounds everything that is kept by endpoint.
 */
export class DeliveryCore {
  readonly breakers: BreakerBoard;
  readonly loads: LoadBoard;
  readonly ejections: EjectionBoard;
  readonly directory: Directory;
  readonly router: Router;
  readonly dispatcher: Dispatcher;
  readonly log: DeliveryLog;
  readonly replies: ReplyCache;
  readonly budgets = new RetryBudgets();
  readonly limits: LimitBoard;
  readonly #options: DeliveryCoreOptions;
  readonly #warmUps: WarmUps;
  readonly #stopListening: () => void;

  constructor(options: DeliveryCoreOptions) {
    const { clock, random, directory, vitals, transports, policies, observe } = options;
    this.#options = options;
    this.directory = directory;
    this.loads = new LoadBoard({ clock });
    this.#warmUps = new WarmUps(clock);
    this.breakers = new BreakerBoard({
      clock,
      feed: options.breakerFeed,
      forced: options.forcedBreakers,
      configOf: ({ systemId }) => policies.forTarget(options.targetOf(systemId)).policy.breaker,
      onFault: options.onFault,
      onTransition: ({ systemId, messageType, from, to }) => {
        // Where each message type has a breaker of its own, the system got the others all the while.
        if (messageType === '' && to === 'CLOSED' && from !== 'FORCED_CLOSED') this.returned(systemId);
      },
    });
    this.ejections = new EjectionBoard({
      clock,
      configOf: (type) => policies.forTarget({ systemId: undefined, type, capabilities: [] }).policy.ejection,
      membersOf: (type) => this.#membersOf(type),
      onEject: (ejection) => options.onEjection?.('ejected', ejection),
      onReturn: (ejection) => {
        this.returned(ejection.systemId);
        options.onEjection?.('returned', ejection);
      },
    });
    this.limits = new LimitBoard({
      clock,
      targetOf: (systemId) => policies.forTarget(options.targetOf(systemId)),
    });
    const stopPolicies = policies.onTargetsChange(() => {
      this.breakers.reconfigure();
      this.ejections.reconfigure();
      this.limits.reconfigure();
    });
    const stopVitals = vitals.onStatusChange?.(({ systemId, from, to }) => {
      if (tierOf[from] >= tiers.unhealthy && tierOf[to] < tiers.unhealthy) this.returned(systemId);
    });
    this.#stopListening = () => {
      stopPolicies();
      stopVitals?.();
    };
    this.log = new DeliveryLog(options.deliveriesKept);
    this.replies = new ReplyCache({ clock, bytesMax: options.replyBytesMax ?? replyBytesMaxDefault });
    this.router = new Router({
      directory,
      vitals,
      clock,
      breakers: this.breakers,
      ejections: this.ejections,
      warmUps: this.#warmUps,
      balancer: new Balancer({ loads: this.loads, random }),
      hubZone: options.hubZone ?? (() => ''),
      policyOf: (subject) => policies.resolve(subject),
      routeRepeatSafety: (protocol, operation) => transports[protocol].routeRepeatSafety?.(operation),
    });
    this.dispatcher = new Dispatcher({
      router: this.router,
      directory,
      transports,
      breakers: this.breakers,
      loads: this.loads,
      replies: this.replies,
      limits: this.limits,
      budgets: this.budgets,
      log: this.log,
      clock,
      random,
      observe: (outcome) => {
        const { endpoint, signal } = outcome;
        const { type } = options.targetOf(endpoint.systemId);
        if (type !== undefined) this.ejections.record(endpoint.systemId, type, signal);
        observe(outcome);
      },
      note: options.note ?? (() => undefined),
    });
  }

  /** Reads what is durable. Call once, at the start. */
  async load(): Promise<void> {
    await this.breakers.load();
  }

  /** An endpoint is there, or its system changed. */
  ensure(endpoint: Endpoint): void {
    this.breakers.ensure(endpoint);
    this.limits.ensure(endpoint.systemId);
    this.ejections.membersChanged();
  }

  /** A system is there again: registered anew, well again. Its share of the traffic grows slowly where a policy says so. */
  returned(systemId: string): void {
    if (this.#options.targetOf(systemId).type !== undefined) this.#warmUps.begin(systemId);
  }

  /** An endpoint is gone, or moved: what its old place did says nothing about the new one. */
  forget(key: EndpointKey): void {
    this.breakers.forget(key);
    this.loads.forget(key);
    // Its system went with it, or stays for its other interfaces.
    if (this.#options.targetOf(key.systemId).type !== undefined) return;
    this.ejections.forget(key.systemId);
    this.limits.forget(key.systemId);
    this.#warmUps.forget(key.systemId);
  }

  /** Stops timers and waits for durable changes that were begun. */
  async close(): Promise<void> {
    this.#stopListening();
    this.ejections.close();
    this.limits.close();
    await this.breakers.close();
  }

  /** The systems of a type, and which of them routing could use if they were not ejected. */
  #membersOf(type: string): readonly PoolMember[] {
    const { directory, vitals } = this.#options;
    return directory.find({ by: 'type', type }).map(({ systemId, endpoints }) => ({
      systemId,
      usable: endpoints.some(
        (endpoint) =>
          tierOf[vitals.routingStatus(systemId, endpoint.interface)] < tiers.unhealthy &&
          this.breakers.peek(endpoint, '') === undefined,
      ),
    }));
  }
}
