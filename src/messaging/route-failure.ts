import { HubError } from '../base/error.ts';
import type { ErrorReason } from '../base/error-catalogue.ts';
import { type Target, targetToString } from '../base/target.ts';
import { type Candidate, tierOf, tiers } from './candidate.ts';

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

/** Why none of the candidates can be tried; `providers` is how many systems the target names. */
export function routeFailure(
  { target, messageType }: { readonly target: Target; readonly messageType: string },
  providers: number,
  assessed: readonly Candidate[],
): RouteFailure {
  const name = targetToString(target);
  if (providers === 0) {
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
  return breakerOpen(name, all) ?? outOfRotation(name, all);
}

/** Undefined when no breaker stands in the way of a system that is well enough. */
function breakerOpen(name: string, all: readonly Candidate[]): RouteFailure | undefined {
  const refused = all.filter(({ status, refusal }) => tierOf[status] < tiers.out && refusal !== undefined);
  const [soonest] = refused.sort((a, b) => waitOf(a) - waitOf(b));
  if (soonest?.refusal === undefined) return undefined;
  const { state, retryAfterMs, cause } = soonest.refusal;
  const when =
    retryAfterMs === undefined
      ? 'stays open until somebody resets it'
      : `lets calls through in ${Math.ceil(retryAfterMs / 1000)} s`;
  return {
    reason: 'BREAKER_OPEN',
    message: `The breaker of every usable interface of ${name} refuses calls; the first is ${soonest.systemId}/${soonest.interface} (${state}: ${cause}), which ${when}.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function outOfRotation(name: string, all: readonly Candidate[]): RouteFailure {
  const states = all.map((one) => `${one.systemId}/${one.interface} ${one.status}`);
  const shown = states.slice(0, 5).join(', ') + (states.length > 5 ? ` and ${states.length - 5} more` : '');
  return {
    reason: 'NO_HEALTHY_SYSTEM',
    message: `Every interface of ${name} is out of rotation (${shown}); see \`switchyard health\`.`,
  };
}

/** In how many ms a refused candidate's breaker lets calls through. */
function waitOf({ refusal }: Candidate): number {
  return refusal?.retryAfterMs ?? Infinity;
}

/** The message types that have a route, the first few of them. */
function routedTypes(candidates: readonly Candidate[]): string {
  const types = [
    ...new Set(candidates.flatMap(({ endpoint }) => endpoint.routes.map(({ messageType }) => messageType))),
  ];
  return types.slice(0, 10).join(', ') + (types.length > 10 ? ` and ${types.length - 10} more` : '');
}
