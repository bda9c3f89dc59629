import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  RouteCandidateSchema,
  RouteFallbackSchema,
  RouteLimitSchema,
  RoutePlanSchema,
} from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import type { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { policyToContract } from '../catalog/policy-contract.ts';
import type { DeliveryExplanation } from '../messaging/delivery-explanation.ts';
import type { ExplainedFallback } from '../messaging/fallback-explanation.ts';
import type { ExplainedCandidate } from '../messaging/route-explanation.ts';
import type { RoutePlan } from '../messaging/route.ts';
import type { LimitState } from '../resilience/limit-board.ts';
import { policyFieldName } from '../resilience/policy-fields.ts';
import { breakerStateToProto } from './breaker-proto.ts';
import {
  durationToProto,
  healthStatusToProto,
  optionalDuration,
  optionalTimestamp,
  protocolToProto,
  repeatSafetyToProto,
} from './proto-values.ts';

/** What SendMessage would do, as ExplainRoute tells it. */
export function explanationToProto(
  explanation: DeliveryExplanation,
): MessageInitShape<typeof RoutePlanSchema> {
  const { plan, candidates, limits, fallbacks, hedgeDelayMs, replyCache, failure } = explanation;
  const { policy, provenance, matched } = plan.policy;
  return {
    candidates: candidates.map(candidateToProto),
    repeatSafety: repeatSafetyToProto(plan.repeatSafety.repeatSafety),
    repeatSafetyFrom: plan.repeatSafety.from,
    attempts: plan.attempts,
    timeout: durationToProto(plan.timeoutMs),
    ...optionalDuration('attemptTimeout', policy.attemptTimeoutMs),
    initialDelay: durationToProto(policy.retry.initialDelayMs),
    delayFactor: policy.retry.factor,
    maxDelay: durationToProto(policy.retry.maxDelayMs),
    balance: policy.balance,
    panic: plan.panic,
    policies: [...matched],
    provenance: Object.fromEntries(
      Object.entries(provenance)
        .filter(([, name]) => name !== 'default')
        .map(([field, name]) => [policyFieldName(field), name]),
    ),
    failure: failure ?? '',
    policy: mergedPolicyToProto(plan),
    limits: limits.map(limitToProto),
    fallbacks: fallbacks.map(fallbackToProto),
    ...optionalDuration('hedgeDelay', hedgeDelayMs),
    replyCache,
  };
}

/** The merged policy: it has no name of its own, and matches this one message. */
function mergedPolicyToProto({ policy: { policy } }: RoutePlan): MessageInitShape<typeof PolicySchema> {
  return policyToContract({ name: '', match: matchesThis, ...policy });
}

const matchesThis = { messageTypes: [], kinds: [], sources: [], systemIds: [], types: [], capabilities: [] };

function candidateToProto(explained: ExplainedCandidate): MessageInitShape<typeof RouteCandidateSchema> {
  const { candidate, usable, reason, breaker, inFlight } = explained;
  return {
    systemId: candidate.systemId,
    interface: candidate.interface,
    protocol: protocolToProto(candidate.endpoint.protocol),
    usable,
    reason,
    status: healthStatusToProto(candidate.status),
    breaker: breakerStateToProto(breaker),
    inFlight,
    zone: candidate.zone,
    effectiveWeight: candidate.effectiveWeight,
    ...optionalTimestamp('ejectedUntilTime', candidate.ejectedUntilMs),
  };
}

function limitToProto({ retryAfterMs, ...limit }: LimitState): MessageInitShape<typeof RouteLimitSchema> {
  return { ...limit, ...optionalDuration('retryDelay', retryAfterMs) };
}

function fallbackToProto({
  candidates,
  ...fallback
}: ExplainedFallback): MessageInitShape<typeof RouteFallbackSchema> {
  return { ...fallback, candidates: candidates.map(candidateToProto) };
}
