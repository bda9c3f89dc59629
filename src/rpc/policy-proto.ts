import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  Balance as BalanceProto,
  type Policy as PolicyProto,
  type PolicyMatch as MatchProto,
  type PolicySchema,
  RepeatScope as ScopeProto,
} from '#gen/switchyard/resilience/v1/policy_pb.js';
import { Kind as KindProto } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { messageKinds } from '../base/message.ts';
import type { AttemptReason } from '../base/transport.ts';
import type { BookedPolicy } from '../resilience/policy-book.ts';
import { balanceStrategies, type Policy, type PolicyMatch, repeatScopes } from '../resilience/policy.ts';
import {
  durationFromProto,
  optionalDuration,
  repeatSafetyFromProto,
  repeatSafetyToProto,
} from './proto-values.ts';

/** The domain's policy. What the contract takes for unset is unset; nothing is checked (see policyViolations). */
export function policyFromProto(proto: PolicyProto): Policy {
  const { retry, breaker } = proto;
  return {
    name: proto.name,
    match: matchFromProto(proto.match),
    timeoutMs: durationFromProto(proto.timeout),
    attemptTimeoutMs: durationFromProto(proto.attemptTimeout),
    retry: retry && {
      attempts: unlessZero(retry.attempts),
      initialDelayMs: durationFromProto(retry.initialDelay),
      factor: unlessZero(retry.factor),
      maxDelayMs: durationFromProto(retry.maxDelay),
      // policyViolations says which are none.
      on: retry.on.length === 0 ? undefined : (retry.on as readonly AttemptReason[]),
    },
    repeatSafety: repeatSafetyFromProto(proto.repeatSafety),
    // The numbers of these enums are the places in the lists, from 1.
    repeatScope: repeatScopes[proto.repeatScope - 1],
    breaker: breaker && {
      consecutiveFailures: breaker.consecutiveFailures,
      failureRate: breaker.failureRate,
      minimumCalls: unlessZero(breaker.minimumCalls),
      windowMs: durationFromProto(breaker.window),
      openForMs: durationFromProto(breaker.openFor),
      halfOpenCalls: unlessZero(breaker.halfOpenCalls),
    },
    balance: balanceStrategies[proto.balance - 1],
    panic: proto.panic,
  };
}

/** A policy in force as callers see it. */
export function policyToProto({ policy, origin }: BookedPolicy): MessageInitShape<typeof PolicySchema> {
  const { match, retry, breaker } = policy;
  return {
    name: policy.name,
    ...(namesAnything(match) && {
      match: {
        messageTypes: [...match.messageTypes],
        kinds: match.kinds.map((kind) => KindProto[kind]),
        sources: [...match.sources],
        systemIds: [...match.systemIds],
        types: [...match.types],
        capabilities: [...match.capabilities],
      },
    }),
    ...optionalDuration('timeout', policy.timeoutMs),
    ...optionalDuration('attemptTimeout', policy.attemptTimeoutMs),
    ...(retry !== undefined && {
      retry: {
        attempts: retry.attempts ?? 0,
        ...optionalDuration('initialDelay', retry.initialDelayMs),
        factor: retry.factor ?? 0,
        ...optionalDuration('maxDelay', retry.maxDelayMs),
        on: [...(retry.on ?? [])],
      },
    }),
    ...(policy.repeatSafety !== undefined && { repeatSafety: repeatSafetyToProto(policy.repeatSafety) }),
    ...(policy.repeatScope !== undefined && { repeatScope: ScopeProto[policy.repeatScope] }),
    ...(breaker !== undefined && {
      breaker: {
        // These two may be set to 0: never by this.
        ...(breaker.consecutiveFailures !== undefined && {
          consecutiveFailures: breaker.consecutiveFailures,
        }),
        ...(breaker.failureRate !== undefined && { failureRate: breaker.failureRate }),
        minimumCalls: breaker.minimumCalls ?? 0,
        ...optionalDuration('window', breaker.windowMs),
        ...optionalDuration('openFor', breaker.openForMs),
        halfOpenCalls: breaker.halfOpenCalls ?? 0,
      },
    }),
    ...(policy.balance !== undefined && { balance: BalanceProto[policy.balance] }),
    ...(policy.panic !== undefined && { panic: policy.panic }),
    origin,
  };
}

/** The name of a policy's field in the contract: `timeoutMs` is `timeout`, `repeatSafety` is `repeat_safety`. */
export function policyFieldName(field: string): string {
  return field.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function matchFromProto(proto: MatchProto | undefined): PolicyMatch {
  return {
    messageTypes: [...(proto?.messageTypes ?? [])],
    kinds: (proto?.kinds ?? []).flatMap((kind) => messageKinds[kind - 1] ?? []),
    sources: [...(proto?.sources ?? [])],
    systemIds: [...(proto?.systemIds ?? [])],
    types: [...(proto?.types ?? [])],
    capabilities: [...(proto?.capabilities ?? [])],
  };
}

function namesAnything(match: PolicyMatch): boolean {
  return Object.values(match).some((entries: readonly string[]) => entries.length > 0);
}

function unlessZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}
