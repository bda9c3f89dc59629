import type { PolicySettings } from '../catalog/policy-file.ts';
import type { Policy } from '../resilience/policy.ts';

/** The domain's policy of one entry of `policies`. */
export function policyFromSettings(settings: PolicySettings): Policy {
  const { match, retry, breaker } = settings;
  return {
    name: settings.name,
    match: {
      messageTypes: match.message_types,
      kinds: match.kinds,
      sources: match.sources,
      systemIds: match.system_ids,
      types: match.types,
      capabilities: match.capabilities,
    },
    timeoutMs: settings.timeout,
    attemptTimeoutMs: settings.attempt_timeout,
    retry: retry && {
      attempts: retry.attempts,
      initialDelayMs: retry.initial_delay,
      factor: retry.factor,
      maxDelayMs: retry.max_delay,
      on: retry.on,
    },
    repeatSafety: settings.repeat_safety,
    repeatScope: settings.repeat_scope,
    breaker: breaker && {
      consecutiveFailures: breaker.consecutive_failures,
      failureRate: breaker.failure_rate,
      minimumCalls: breaker.minimum_calls,
      windowMs: breaker.window,
      openForMs: breaker.open_for,
      halfOpenCalls: breaker.half_open_calls,
    },
    balance: settings.balance,
    panic: settings.panic,
  };
}

/** Where a path of a domain policy stands in the file: `retry.initialDelayMs` is `retry.initial_delay`. */
export function settingPath(policyPath: string): string {
  return policyPath.replace(/Ms\b/g, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
