import type { Clock } from '../base/clock.ts';
import { type MessageKind, repeatSafeties, type RepeatSafety } from '../base/message.ts';
import { findRoute, type Route, takesMessageType } from '../base/route.ts';
import { type Target, targetToString } from '../base/target.ts';
import type { Endpoint, Protocol } from '../base/transport.ts';
import type { Balancer } from '../resilience/balancer.ts';
import type { BreakerRefusal } from '../resilience/circuit-breaker.ts';
import type { EjectionBoard } from '../resilience/ejection-board.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import type { PolicySubject, ResolvedPolicy } from '../resilience/policy-match.ts';
import { type ResolvedRepeatSafety, resolveRepeatSafety } from '../resilience/repeat-safety.ts';
import type { WarmUps } from '../resilience/warm-up.ts';
import type { Candidate } from './candidate.ts';
import type { Directory, Provider, Vitals } from './directory.ts';
import { hashKeyOf } from './hash-key.ts';
import { type RouteFailure, routeFailure } from './route-failure.ts';
import { orderCandidates, type RouteBalancing } from './route-order.ts';
import { selectUsable } from './route-selection.ts';
import { RouteSubjects } from './route-subject.ts';

export type { Candidate } from './candidate.ts';
export { routeError, type RouteFailure } from './route-failure.ts';
export type { RouteBalancing } from './route-order.ts';

/** What routing needs to know about a message. */
export interface RouteQuestion {
  readonly target: Target;
  readonly messageType: string;
  readonly kind: MessageKind;
  readonly source: string;
  /** The message's id; empty when it has none yet. */
  readonly messageId: string;
  /** Empty when the caller did not say. */
  readonly correlationId: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the request declares; undefined leaves it to policy and kind. */
  readonly repeatSafety: RepeatSafety | undefined;
  /** Caps the policy's attempts. */
  readonly maxAttempts: number | undefined;
  /** Caps the policy's timeout, in ms. */
  readonly timeoutMs: number | undefined;
}

/** What SendMessage does with a message and ExplainRoute shows: one and the same. */
export interface RoutePlan {
  /** Whom to try, in this order. */
  readonly candidates: readonly Candidate[];
  /** Who else was considered, and is out; route-explanation.ts says why. */
  readonly excluded: readonly Candidate[];
  /** Only UNHEALTHY systems are left, and the policy lets a synchronous call try them. */
  readonly panic: boolean;
  /** Some candidates are ejected and in all the same, because too few others are usable. */
  readonly ejectionsIgnored: boolean;
  /** How the candidates came into their order; undefined when there are not two to choose from. */
  readonly balancing: RouteBalancing | undefined;
  /** Set exactly when there is no candidate. */
  readonly failure: RouteFailure | undefined;
  readonly policy: ResolvedPolicy;
  readonly repeatSafety: ResolvedRepeatSafety;
  /** Most attempts in all. */
  readonly attempts: number;
  /** Time for everything, in ms. */
  readonly timeoutMs: number;
}

export interface RouterOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly directory: Directory;
  readonly vitals: Vitals;
  readonly breakers: { peek(key: EndpointKey, messageType: string): BreakerRefusal | undefined };
  readonly ejections: Pick<EjectionBoard, 'ejectedUntilMs'>;
  readonly warmUps: Pick<WarmUps, 'share'>;
  readonly balancer: Balancer;
  /** Where this hub stands, for senders that have no zone; empty: nowhere in particular. */
  readonly hubZone: () => string;
  /** The settings for a message by the policies in force now. */
  readonly policyOf: (subject: PolicySubject) => ResolvedPolicy;
  /** What the route's operation promises about sending twice, as the protocol's transport knows it. */
  readonly routeRepeatSafety: (protocol: Protocol, operation: Route['operation']) => RepeatSafety | undefined;
}

type Selected = Pick<
  RoutePlan,
  'candidates' | 'excluded' | 'panic' | 'ejectionsIgnored' | 'balancing' | 'failure'
>;

/** Finds out who could get a message, in which order, and by which rules. Changes nothing but whose turn it is. */
export class Router {
  readonly #options: RouterOptions;
  readonly #subjects = new RouteSubjects();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** `dryRun` takes no turn of a balancer that goes in turn. */
  plan(question: RouteQuestion, { dryRun }: { readonly dryRun?: boolean } = {}): RoutePlan {
    const providers = this.#options.directory.find(question.target);
    const policy = this.#options.policyOf(this.#subjects.of(question, providers));
    const { timeoutMs, retry } = policy.policy;
    const { candidates, excluded, panic, ejectionsIgnored, balancing, failure } = this.#select(
      question,
      providers,
      { policy, take: dryRun !== true },
    );
    return {
      candidates,
      excluded,
      panic,
      ejectionsIgnored,
      balancing,
      failure,
      policy,
      // Where nobody may be asked now, by those who would be: a fallback goes by it.
      repeatSafety: this.#repeatSafety(
        question,
        policy,
        candidates.length > 0 ? candidates : excluded.filter(takesType),
      ),
      attempts: Math.min(retry.attempts, question.maxAttempts ?? Infinity),
      timeoutMs: Math.min(timeoutMs, question.timeoutMs ?? Infinity),
    };
  }

  /** A plan with the candidates as they stand now, for the next attempt: health, breakers and load may have changed. */
  refresh(question: RouteQuestion, plan: RoutePlan): RoutePlan {
    const providers = this.#options.directory.find(question.target);
    const selected = this.#select(question, providers, { policy: plan.policy, take: false });
    // A newcomer's route may promise less than those that the plan was made for.
    const repeatSafety = this.#repeatSafety(question, plan.policy, selected.candidates);
    return { ...plan, ...selected, repeatSafety: lesser(plan.repeatSafety, repeatSafety) };
  }

  /** The least that holds for any candidate, because the message may go to each: one without a promise goes by the kind. */
  #repeatSafety(
    { messageType, kind, repeatSafety: request }: RouteQuestion,
    { policy: { repeatSafety: policy } }: ResolvedPolicy,
    candidates: readonly Candidate[],
  ): ResolvedRepeatSafety {
    let least: ResolvedRepeatSafety | undefined;
    for (const { endpoint } of candidates) {
      const route = this.#routeSafety(endpoint, messageType);
      const resolved = resolveRepeatSafety({ request, policy, route, kind });
      least = least === undefined ? resolved : lesser(least, resolved);
    }
    return least ?? resolveRepeatSafety({ request, policy, route: undefined, kind });
  }

  /** What an interface's route for a message type promises; undefined when none does. */
  #routeSafety({ protocol, routes }: Endpoint, messageType: string): RepeatSafety | undefined {
    const route = findRoute(routes, messageType);
    return route?.repeatSafety ?? (route && this.#options.routeRepeatSafety(protocol, route.operation));
  }

  /** Candidates of a system come in a row, in the order of its interfaces. */
  #select(
    question: RouteQuestion,
    providers: readonly Provider[],
    { policy: { policy }, take }: { readonly policy: ResolvedPolicy; readonly take: boolean },
  ): Selected {
    const { slowStartMs } = policy.balanceOptions;
    // One reading for all, so that their weights compare.
    const nowMs = slowStartMs === 0 ? 0 : this.#options.clock.monotonic();
    const all: Candidate[] = [];
    for (const provider of providers) {
      const { systemId, weight } = provider;
      const ejectedUntilMs = this.#options.ejections.ejectedUntilMs(systemId);
      const effectiveWeight =
        slowStartMs === 0 ? weight : weight * this.#options.warmUps.share(systemId, slowStartMs, nowMs);
      for (const endpoint of provider.endpoints) {
        all.push(this.#assess(provider, endpoint, { question, effectiveWeight, ejectedUntilMs }));
      }
    }
    const { usable, excluded, panic, ejectionsIgnored } = selectUsable(all, policy);
    if (usable.length < 2) {
      const failure = usable.length === 1 ? undefined : routeFailure(question, providers.length, all);
      return { candidates: usable, excluded, panic, ejectionsIgnored, balancing: undefined, failure };
    }
    const { hashOn, hashLoadFactor, zoneFirst } = policy.balanceOptions;
    const { candidates, balancing } = orderCandidates(usable, {
      balancer: this.#options.balancer,
      balancing: {
        strategy: policy.balance,
        group: targetToString(question.target),
        take,
        hashKey: policy.balance === 'CONSISTENT_HASH' ? hashKeyOf(question, hashOn) : undefined,
        hashLoadFactor,
      },
      zone: zoneFirst ? this.#zoneOf(question.source) : '',
    });
    return { candidates, excluded, panic, ejectionsIgnored, balancing, failure: undefined };
  }

  #assess(
    { systemId, weight, zone }: Provider,
    endpoint: Endpoint,
    rest: {
      readonly question: RouteQuestion;
      readonly effectiveWeight: number;
      readonly ejectedUntilMs: number | undefined;
    },
  ): Candidate {
    const { messageType } = rest.question;
    return {
      systemId,
      interface: endpoint.interface,
      weight,
      effectiveWeight: rest.effectiveWeight,
      endpoint,
      zone,
      status: this.#options.vitals.routingStatus(systemId, endpoint.interface),
      refusal: this.#options.breakers.peek(endpoint, messageType),
      ejectedUntilMs: rest.ejectedUntilMs,
      takesType: takesMessageType(endpoint.routes, messageType),
    };
  }

  /** The zone that a message comes from: its sender's, else the hub's. */
  #zoneOf(source: string): string {
    const zone = source === '' ? '' : this.#options.directory.zoneOf(source);
    return zone === '' ? this.#options.hubZone() : zone;
  }
}

function takesType(candidate: Candidate): boolean {
  return candidate.takesType;
}

/** The one that allows less; of equals the first. */
function lesser(one: ResolvedRepeatSafety, other: ResolvedRepeatSafety): ResolvedRepeatSafety {
  if (one.repeatSafety === other.repeatSafety) return one;
  return repeatSafeties.indexOf(other.repeatSafety) > repeatSafeties.indexOf(one.repeatSafety) ? other : one;
}
