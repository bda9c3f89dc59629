import { create } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { Balance, PolicySchema, RepeatScope } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import type { PolicySettings } from './policy-file.ts';
import { durationToText, withoutUnset } from './system-proto.ts';

/** The contract's Policy of a policy in a file. */
export function policyToProto(policy: PolicySettings): Policy {
  const { match, retry, breaker } = policy;
  return create(PolicySchema, {
    name: policy.name,
    match: {
      messageTypes: match.message_types,
      kinds: match.kinds.map((kind) => Kind[kind]),
      sources: match.sources,
      systemIds: match.system_ids,
      types: match.types,
      capabilities: match.capabilities,
    },
    ...durationField('timeout', policy.timeout),
    ...durationField('attemptTimeout', policy.attempt_timeout),
    ...(retry !== undefined && {
      retry: {
        attempts: retry.attempts ?? 0,
        ...durationField('initialDelay', retry.initial_delay),
        factor: retry.factor ?? 0,
        ...durationField('maxDelay', retry.max_delay),
        on: retry.on ?? [],
      },
    }),
    repeatSafety: RepeatSafety[policy.repeat_safety ?? 'UNSPECIFIED'],
    repeatScope: RepeatScope[policy.repeat_scope ?? 'UNSPECIFIED'],
    ...(breaker !== undefined && {
      breaker: {
        ...(breaker.consecutive_failures !== undefined && {
          consecutiveFailures: breaker.consecutive_failures,
        }),
        ...(breaker.failure_rate !== undefined && { failureRate: breaker.failure_rate }),
        minimumCalls: breaker.minimum_calls ?? 0,
        ...durationField('window', breaker.window),
        ...durationField('openFor', breaker.open_for),
        halfOpenCalls: breaker.half_open_calls ?? 0,
      },
    }),
    balance: Balance[policy.balance ?? 'UNSPECIFIED'],
    ...(policy.panic !== undefined && { panic: policy.panic }),
  });
}

/** A policy as a file spells it, without what is unset or output only; ready for YAML. */
export function policyToSettings(policy: Policy): JsonObject {
  const { match, retry, breaker } = policy;
  return {
    ...withoutUnset({
      name: policy.name,
      match:
        match &&
        withoutUnset({
          message_types: match.messageTypes,
          kinds: match.kinds.map((kind) => Kind[kind]),
          sources: match.sources,
          system_ids: match.systemIds,
          types: match.types,
          capabilities: match.capabilities,
        }),
      timeout: durationToText(policy.timeout),
      attempt_timeout: durationToText(policy.attemptTimeout),
      retry:
        retry &&
        withoutUnset({
          attempts: retry.attempts,
          initial_delay: durationToText(retry.initialDelay),
          factor: retry.factor,
          max_delay: durationToText(retry.maxDelay),
          on: retry.on,
        }),
      repeat_safety: nameUnlessUnset(RepeatSafety, policy.repeatSafety),
      repeat_scope: nameUnlessUnset(RepeatScope, policy.repeatScope),
      breaker: breaker && {
        // These two may be set to 0: never by this.
        ...(breaker.consecutiveFailures !== undefined && {
          consecutive_failures: breaker.consecutiveFailures,
        }),
        ...(breaker.failureRate !== undefined && { failure_rate: breaker.failureRate }),
        ...withoutUnset({
          minimum_calls: breaker.minimumCalls,
          window: durationToText(breaker.window),
          open_for: durationToText(breaker.openFor),
          half_open_calls: breaker.halfOpenCalls,
        }),
      },
      balance: nameUnlessUnset(Balance, policy.balance),
    }),
    ...(policy.panic !== undefined && { panic: policy.panic }),
  };
}

function nameUnlessUnset(names: Readonly<Record<number, string>>, value: number): string | undefined {
  return value === 0 ? undefined : (names[value] ?? String(value));
}

function durationField<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [Field in Name]?: Duration } {
  return ms === undefined ? {} : ({ [name]: durationFromMs(ms) } as { readonly [Field in Name]: Duration });
}
