import type { Policy } from './policy.ts';
import { policyFieldName, type PolicyField, policyValueAt } from './policy-fields.ts';
import { durationShown, isHeaderName, type PolicyViolation, quoted } from './policy-violation.ts';

/** Fields of one policy that speak against each other. Bounds of single values: policy-violations.ts. */
export function* policyContradictions(policy: Policy): Generator<PolicyViolation> {
  yield* ordered(policy, 'attemptTimeoutMs', 'timeoutMs', durationShown);
  yield* ordered(policy, 'retry.initialDelayMs', 'retry.maxDelayMs', durationShown);
  yield* ordered(policy, 'ejection.baseTimeMs', 'ejection.maxTimeMs', durationShown);
  yield* ordered(policy, 'limits.adaptive.minCalls', 'limits.adaptive.maxCalls', String);
  yield* burstAlone(policy, 'limits.callerRate');
  yield* burstAlone(policy, 'limits.targetRate');
  yield* hashKey(policy);
  yield* repeatSafetyRules(policy);
}

/** The smaller of two values must not be above the greater. Told at the one that people correct: a timeout's part, a cap. */
function* ordered(
  policy: Policy,
  smaller: PolicyField,
  greater: PolicyField,
  text: (value: number) => string,
): Generator<PolicyViolation> {
  const [low, high] = [policyValueAt(policy, smaller), policyValueAt(policy, greater)] as (
    number | undefined
  )[];
  if (low === undefined || high === undefined || !(low > high)) return;
  if (smaller === 'attemptTimeoutMs') {
    yield {
      path: policyFieldName(smaller),
      message: `found ${text(low)}, allowed is at most ${policyFieldName(greater)} (${text(high)})`,
    };
  } else {
    yield {
      path: policyFieldName(greater),
      message: `found ${text(high)}, allowed is at least ${policyFieldName(smaller)} (${text(low)})`,
    };
  }
}

/** A bucket that never fills: the burst says how much it holds, nothing how much comes back. */
function* burstAlone(
  policy: Policy,
  limit: 'limits.callerRate' | 'limits.targetRate',
): Generator<PolicyViolation> {
  const burst = policyValueAt(policy, `${limit}.burst`) as number | undefined;
  const perSecond = policyValueAt(policy, `${limit}.perSecond`);
  if (burst === undefined || (perSecond !== undefined && perSecond !== 0)) return;
  const path = policyFieldName(limit);
  yield {
    path: `${path}.burst`,
    message: `found ${burst} without a rate, allowed is a burst beside ${path}.per_second above 0`,
  };
}

function* hashKey({ balanceOptions }: Policy): Generator<PolicyViolation> {
  const hashOn = balanceOptions?.hashOn;
  if (hashOn === undefined || ['correlation_id', 'source', 'message_id'].includes(hashOn)) return;
  if (hashOn.startsWith('header:') && isHeaderName(hashOn.slice('header:'.length))) return;
  yield {
    path: 'balance_options.hash_on',
    message: `found ${quoted(hashOn)}, allowed are correlation_id, source, message_id, and header:NAME with a lower-case header name`,
  };
}

/** What acts only on messages of some repeat safety, in a policy that gives them another. */
function* repeatSafetyRules({ repeatSafety, hedge, retry, replyCache }: Policy): Generator<PolicyViolation> {
  const hedges = (hedge?.attempts ?? 0) > 0;
  if (hedges && (repeatSafety === 'UNSAFE' || repeatSafety === 'KEYED')) {
    yield {
      path: 'hedge.attempts',
      message: `found ${hedge?.attempts} in a policy with repeat_safety ${repeatSafety}, allowed is hedging of SAFE and IDEMPOTENT messages only: two attempts run at once`,
    };
  }
  if (hedges && retry?.attempts === 1) {
    yield {
      path: 'hedge.attempts',
      message: `found ${hedge?.attempts} beside retry.attempts 1, allowed is hedging with retry.attempts of 2 or more: the attempts of a hedge are among them`,
    };
  }
  const caches = (replyCache?.ttlMs ?? 0) > 0;
  if (caches && repeatSafety !== undefined && repeatSafety !== 'SAFE') {
    yield {
      path: 'reply_cache.ttl',
      message: `found ${durationShown(replyCache?.ttlMs ?? 0)} in a policy with repeat_safety ${repeatSafety}, allowed are cached replies of SAFE messages only: any other must reach its target`,
    };
  }
}
