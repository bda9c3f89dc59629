import type { Clock } from '../base/clock.ts';
import type { Deadline } from '../base/deadline.ts';
import type { Message } from '../base/message.ts';
import type { Random } from '../base/random.ts';
import type { AttemptResult, Endpoint, Protocol, Transport } from '../base/transport.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { BreakerSignal } from '../resilience/breaker-signal.ts';
import type { LimitBoard } from '../resilience/limit-board.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { FallbackStep } from '../resilience/policy.ts';
import type { RetryBudgets } from '../resilience/retry-budgets.ts';
import type { SendOptions } from './delivery.ts';
import type { DeliveryLog } from './delivery-log.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import type { Directory } from './directory.ts';
import type { ReplyCache } from './reply-cache.ts';
import type { RoutePlan, Router, RouteQuestion } from './route.ts';

/** How one attempt ended, for everyone who learns from it: health, metrics. */
export interface AttemptOutcome {
  readonly endpoint: Endpoint;
  readonly messageType: string;
  readonly result: AttemptResult;
  readonly latencyMs: number;
  readonly signal: BreakerSignal;
}

/** Something that happened to a delivery beside its attempts, for metrics. */
export type DeliveryEvent =
  /** A limit of the hub refused it: the path of the limit in the policy. */
  | { readonly kind: 'limit_refused'; readonly limit: string }
  /** A further attempt was begun beside another. */
  | { readonly kind: 'hedge_begun' }
  /** Such an attempt gave the reply. */
  | { readonly kind: 'hedge_won' }
  /** A fallback was tried, and gave the reply or did not. */
  | { readonly kind: 'fallback'; readonly step: FallbackStep['kind']; readonly answered: boolean }
  /** A message that may be answered from the reply cache was, or was not. */
  | { readonly kind: 'reply_cache'; readonly hit: boolean };

/** What deliveries take from the rest of the hub. */
export interface DeliveryPorts {
  readonly router: Pick<Router, 'plan' | 'refresh'>;
  readonly directory: Pick<Directory, 'find'>;
  readonly transports: Readonly<Record<Protocol, Pick<Transport, 'send'>>>;
  readonly breakers: Pick<BreakerBoard, 'acquire'>;
  readonly limits: Pick<LimitBoard, 'takeCaller' | 'enter'>;
  readonly loads: Pick<LoadBoard, 'begin' | 'p95Ms'>;
  readonly budgets: Pick<RetryBudgets, 'of'>;
  readonly replies: Pick<ReplyCache, 'serve' | 'rememberGood' | 'lastGood' | 'generation'>;
  readonly log: Pick<DeliveryLog, 'begin'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: (outcome: AttemptOutcome) => void;
  readonly note: (event: DeliveryEvent) => void;
}

/** A delivery that is under way. */
export interface DeliveryInput {
  readonly message: Message;
  readonly options: SendOptions;
  readonly question: RouteQuestion;
  /** For the target that the message names. */
  readonly plan: RoutePlan;
  readonly record: DeliveryRecord;
  /** When all of it must have ended, epoch ms. */
  readonly deadlineMs: Deadline;
}
