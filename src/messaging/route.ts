import { HubError } from '../base/error.ts';
import type { ErrorReason } from '../base/error-catalogue.ts';
import type { HealthStatus } from '../base/health-status.ts';
import { type MessageKind, repeatSafeties, type RepeatSafety } from '../base/message.ts';
import { type Target, targetToString } from '../base/target.ts';
import type { Random } from '../base/random.ts';
import { findRoute, type Route, takesMessageType } from '../base/route.ts';
import type { Endpoint, Protocol } from '../base/transport.ts';
import { type BalancerCandidate, orderCandidates } from '../resilience/balancer.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { BreakerRefusal } from '../resilience/circuit-breaker.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import type { PolicySubject, ResolvedPolicy } from '../resilience/policy-match.ts';
import type { BalanceStrategy } from '../resilience/policy.ts';
import { type ResolvedRepeatSafety, resolveRepeatSafety } from '../resilience/repeat-safety.ts';
import type { Turns } from '../resilience/turns.ts';
import type { Directory, Provider, Vitals } from './directory.ts';

/** What routing needs to know about a message. */
export interface RouteQuestion {
  readonly target: Target;
  readonly messageType: string;
  readonly kind: MessageKind;
  readonly source: string;
  /** What the request declares; undefined leaves it to policy and kind. */
  readonly repeatSafety: RepeatSafety | undefined;
  /** Caps the policy's attempts. */
  readonly maxAttempts: number | undefined;
  /** Caps the policy's timeout, in ms. */
  readonly timeoutMs: number | undefined;
}

/** One way to deliver: an interface of a system. */
export interface Candidate extends BalancerCandidate {
  readonly endpoint: Endpoint;
  /** The status that routing goes by. */
  readonly status: HealthStatus;
  /** What its breaker refuses with; undefined when it lets calls through. */
  readonly refusal: BreakerRefusal | undefined;
  /** Whether the interface takes messages of this type: one with routes takes those of its routes only. */
  readonly takesType: boolean;
}

/** Why a plan has nothing to try. */
export interface RouteFailure {
  readonly reason: Extract<
    ErrorReason,
    'SYSTEM_NOT_FOUND' | 'NO_ROUTE' | 'NO_HEALTHY_SYSTEM' | 'BREAKER_OPEN'
  >;
  readonly message: string;
  /** When an open breaker lets calls through again, in ms from now. */
  readonly retryAfterMs?: number;
}

/** What SendMessage does with a message and ExplainRoute shows: one and the same. */
export interface RoutePlan {
  /** Whom to try, in this order. */
  readonly candidates: readonly Candidate[];
  /** Who else was considered, and is out; route-explanation.ts says why. */
  readonly excluded: readonly Candidate[];
  /** Only UNHEALTHY systems are left, and the policy lets a synchronous call try them. */
  readonly panic: boolean;
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
  readonly directory: Directory;
  readonly vitals: Vitals;
  readonly breakers: Pick<BreakerBoard, 'peek'>;
  readonly loads: Pick<LoadBoard, 'inFlight' | 'latencyMs'>;
  readonly turns: Turns;
  readonly random: Random;
  /** The settings for a message by the policies in force now. */
  readonly policyOf: (subject: PolicySubject) => ResolvedPolicy;
  /** What the route's operation promises about sending twice, as the protocol's transport knows it. */
  readonly routeRepeatSafety: (protocol: Protocol, operation: Route['operation']) => RepeatSafety | undefined;
}

/** Finds out who could get a message, in which order, and by which rules. Changes nothing. */
export class Router {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** `dryRun` takes no turn of a balancer that goes in turn. */
  plan(question: RouteQuestion, options: { readonly dryRun?: boolean } = {}): RoutePlan {
    const providers = this.#options.directory.find(question.target);
    const policy = this.#options.policyOf(policySubject(question, providers));
    const { timeoutMs, retry } = policy.policy;
    const turns = this.#options.turns;
    const group = targetToString(question.target);
    const turn = options.dryRun === true ? turns.peek(group) : turns.take(group);
    const selected = this.#select(question, providers, { policy, turn });
    return {
      ...selected,
      policy,
      repeatSafety: this.#repeatSafety(question, policy, selected.candidates),
      attempts: Math.min(retry.attempts, question.maxAttempts ?? Infinity),
      timeoutMs: Math.min(timeoutMs, question.timeoutMs ?? Infinity),
    };
  }

  /** A plan with the candidates as they stand now, for the next attempt: health, breakers and load may have changed. */
  refresh(question: RouteQuestion, plan: RoutePlan): RoutePlan {
    const providers = this.#options.directory.find(question.target);
    const turn = this.#options.turns.peek(targetToString(question.target));
    const selected = this.#select(question, providers, { policy: plan.policy, turn });
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
    const resolved = candidates.map(({ endpoint }) =>
      resolveRepeatSafety({ request, policy, route: this.#routeSafety(endpoint, messageType), kind }),
    );
    const [first, ...rest] = resolved;
    if (first === undefined) return resolveRepeatSafety({ request, policy, route: undefined, kind });
    return rest.reduce(lesser, first);
  }

  /** What an interface's route for a message type promises; undefined when none does. */
  #routeSafety({ protocol, routes }: Endpoint, messageType: string): RepeatSafety | undefined {
    const route = findRoute(routes, messageType);
    return route?.repeatSafety ?? (route && this.#options.routeRepeatSafety(protocol, route.operation));
  }

  #select(
    { target, messageType }: RouteQuestion,
    providers: readonly Provider[],
    { policy: { policy }, turn }: { readonly policy: ResolvedPolicy; readonly turn: number },
  ): Pick<RoutePlan, 'candidates' | 'excluded' | 'panic' | 'failure'> {
    const all = providers.flatMap((provider) =>
      provider.endpoints.map((endpoint) => this.#assess(provider, endpoint, messageType)),
    );
    const open = all.filter(({ refusal, takesType }) => refusal === undefined && takesType);
    const ready = open.filter(({ status }) => tierOf[status] <= tiers.degraded);
    const lastResort = open.filter(({ status }) => tierOf[status] === tiers.unhealthy);
    const panic = ready.length === 0 && lastResort.length > 0 && policy.panic;
    const usable = panic ? lastResort : ready;
    return {
      candidates: this.#order(usable, { strategy: policy.balance, turn }),
      excluded: usable.length === all.length ? [] : all.filter((candidate) => !usable.includes(candidate)),
      panic,
      failure: usable.length > 0 ? undefined : routeFailure({ target, messageType }, providers, all),
    };
  }

  #assess({ systemId, weight }: Provider, endpoint: Endpoint, messageType: string): Candidate {
    return {
      systemId,
      interface: endpoint.interface,
      weight,
      endpoint,
      status: this.#options.vitals.routingStatus(systemId, endpoint.interface),
      refusal: this.#options.breakers.peek(endpoint),
      takesType: takesMessageType(endpoint.routes, messageType),
    };
  }

  /**
   * Systems before other interfaces of the same systems: each system's best interface, the better tiers first and
   * balanced within a tier, then what else leads to them.
   */
  #order(
    usable: readonly Candidate[],
    balancing: { readonly strategy: BalanceStrategy; readonly turn: number },
  ): readonly Candidate[] {
    if (usable.length <= 1) return usable;
    const best = new Map<string, Candidate>();
    for (const candidate of usable) {
      const known = best.get(candidate.systemId);
      // Interfaces come in their declared order, so an equal tier keeps the earlier one.
      if (known === undefined || tierOf[candidate.status] < tierOf[known.status]) {
        best.set(candidate.systemId, candidate);
      }
    }
    const { loads: board, random } = this.#options;
    const inTiers = (
      candidates: readonly Candidate[],
      order: (equals: Candidate[]) => Candidate[],
    ): Candidate[] =>
      Object.values(tiers).flatMap((tier) =>
        order(candidates.filter((candidate) => tierOf[candidate.status] === tier)),
      );
    const alternatives = usable.filter((candidate) => best.get(candidate.systemId) !== candidate);
    return [
      ...inTiers([...best.values()], (equals) => orderCandidates(equals, { ...balancing, board, random })),
      ...inTiers(alternatives, (equals) => equals),
    ];
  }
}

/** The one that allows less; of equals the first. */
function lesser(one: ResolvedRepeatSafety, other: ResolvedRepeatSafety): ResolvedRepeatSafety {
  const rank = ({ repeatSafety }: ResolvedRepeatSafety): number => repeatSafeties.indexOf(repeatSafety);
  return rank(other) > rank(one) ? other : one;
}

/** The error for a plan that has nothing to try. */
export function routeError(failure: RouteFailure, target: Target): HubError {
  const name = targetToString(target);
  return new HubError({
    reason: failure.reason,
    message: failure.message,
    metadata: { target: name },
    executed: 'no',
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    resource: { type: target.by, name: name.slice(name.indexOf(':') + 1) },
  });
}

/** Candidates of a better tier go first; within a tier the balancer decides. */
const tiers = { healthy: 0, degraded: 1, unhealthy: 2, out: 3 } as const;

const tierOf: Readonly<Record<HealthStatus, number>> = {
  HEALTHY: tiers.healthy,
  UNKNOWN: tiers.healthy,
  DEGRADED: tiers.degraded,
  UNHEALTHY: tiers.unhealthy,
  FAILED: tiers.out,
  DISCONNECTED: tiers.out,
};

/**
 * Whom policies are matched against: what the caller addressed, and what every provider of it has in common, so
 * that the answer does not depend on whom the balancer picks.
 */
function policySubject(question: RouteQuestion, providers: readonly Provider[]): PolicySubject {
  const { target } = question;
  const [first] = providers;
  const oneType = first !== undefined && providers.every(({ type }) => type === first.type);
  return {
    messageType: question.messageType,
    kind: question.kind,
    source: question.source,
    systemId: target.by === 'system' ? target.systemId : undefined,
    type: target.by === 'type' ? target.type : oneType ? first.type : undefined,
    capabilities:
      target.by === 'system'
        ? (first?.capabilities ?? [])
        : target.by === 'capability'
          ? [target.capability]
          : [],
  };
}

function routeFailure(
  { target, messageType }: Pick<RouteQuestion, 'target' | 'messageType'>,
  providers: readonly Provider[],
  assessed: readonly Candidate[],
): RouteFailure {
  const name = targetToString(target);
  if (providers.length === 0) {
    return target.by === 'system'
      ? {
          reason: 'SYSTEM_NOT_FOUND',
          message: `No system "${target.systemId}" is registered; list them with ListSystems, or register it.`,
        }
      : {
          reason: 'NO_ROUTE',
          message: `No registered system provides ${name}; register one, or check the spelling with ListCapabilities and GetRegistrySummary.`,
        };
  }
  if (assessed.length === 0) {
    return { reason: 'NO_ROUTE', message: `No system of ${name} has an interface that this hub can use.` };
  }
  const all = assessed.filter(({ takesType }) => takesType);
  if (all.length === 0) {
    return {
      reason: 'NO_ROUTE',
      message: `No interface of ${name} has a route for the message type ${JSON.stringify(messageType)}; there are routes for ${routedTypes(assessed)}.`,
    };
  }
  const refused = all.filter(({ status, refusal }) => tierOf[status] < tiers.out && refusal !== undefined);
  const [soonest] = refused.sort((a, b) => (a.refusal?.retryAfterMs ?? 0) - (b.refusal?.retryAfterMs ?? 0));
  if (soonest?.refusal !== undefined) {
    const { state, retryAfterMs, cause } = soonest.refusal;
    const forced = state === 'FORCED_OPEN';
    const when = forced
      ? 'stays open until it is reset or its time ends'
      : `lets calls through in ${Math.ceil(retryAfterMs / 1000)} s`;
    return {
      reason: 'BREAKER_OPEN',
      message: `The breaker of every usable interface of ${name} refuses calls; the first is ${soonest.systemId}/${soonest.interface} (${state}: ${cause}), which ${when}.`,
      ...(forced ? {} : { retryAfterMs }),
    };
  }
  const states = all.map((one) => `${one.systemId}/${one.interface} ${one.status}`);
  const shown = states.slice(0, 5).join(', ') + (states.length > 5 ? ` and ${states.length - 5} more` : '');
  return {
    reason: 'NO_HEALTHY_SYSTEM',
    message: `Every interface of ${name} is out of rotation (${shown}); see \`switchyard health\`.`,
  };
}

/** The message types that have a route, the first few of them. */
function routedTypes(candidates: readonly Candidate[]): string {
  const types = [
    ...new Set(candidates.flatMap(({ endpoint }) => endpoint.routes.map(({ messageType }) => messageType))),
  ];
  return types.slice(0, 10).join(', ') + (types.length > 10 ? ` and ${types.length - 10} more` : '');
}
