import { z } from 'zod';
import { messageKinds, repeatSafeties } from '../base/message.ts';
import { balanceStrategies, type Policy, repeatScopes } from './policy.ts';
import { retryableReasons } from './retry-conditions.ts';

/** A policy as plain JSON, for whoever keeps it. */
export interface PolicyValue {
  readonly [key: string]: PolicyJson;
}
type PolicyJson = string | number | boolean | null | readonly PolicyJson[] | PolicyValue;

/** The policy as JSON; what is unset is left out. {@link policyFromValue} reads it. */
export function policyToValue(policy: Policy): PolicyValue {
  return JSON.parse(JSON.stringify(policy)) as PolicyValue;
}

/** The policy, or what is wrong with the JSON of one, in one line. */
export function policyFromValue(value: PolicyValue): Policy | { readonly problem: string } {
  const parsed = policySchema.safeParse(value);
  return parsed.success
    ? parsed.data
    : { problem: z.prettifyError(parsed.error).replaceAll('\n', ' ').slice(0, 500) };
}

const names = z.array(z.string());
const policySchema = z.strictObject({
  name: z.string(),
  match: z.strictObject({
    messageTypes: names,
    kinds: z.array(z.enum(messageKinds)),
    sources: names,
    systemIds: names,
    types: names,
    capabilities: names,
  }),
  timeoutMs: z.number().optional(),
  attemptTimeoutMs: z.number().optional(),
  retry: z
    .strictObject({
      attempts: z.number().optional(),
      initialDelayMs: z.number().optional(),
      factor: z.number().optional(),
      maxDelayMs: z.number().optional(),
      on: z.array(z.enum(retryableReasons)).optional(),
    })
    .optional(),
  repeatSafety: z.enum(repeatSafeties).optional(),
  repeatScope: z.enum(repeatScopes).optional(),
  breaker: z
    .strictObject({
      consecutiveFailures: z.number().optional(),
      failureRate: z.number().optional(),
      minimumCalls: z.number().optional(),
      windowMs: z.number().optional(),
      openForMs: z.number().optional(),
      halfOpenCalls: z.number().optional(),
    })
    .optional(),
  balance: z.enum(balanceStrategies).optional(),
  panic: z.boolean().optional(),
});
