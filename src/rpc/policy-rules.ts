import { z, type ZodType } from 'zod';
import {
  BalanceSchema,
  type Policy as PolicyProto,
  RepeatScopeSchema,
} from '#gen/switchyard/resilience/v1/policy_pb.js';
import { KindSchema } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafetySchema } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { policyViolations } from '../resilience/policy-violations.ts';
import { definedEnum, duration, list } from './field-rules.ts';
import { policyFromProto } from './policy-proto.ts';

const hourMs = 3_600_000;

/**
 * The rules of a policy: what only the contract's form can break here, everything else by {@link policyViolations}, as
 * for policies of the configuration.
 */
export function policyRules(): ZodType {
  return z
    .looseObject({
      match: z
        .looseObject({ kinds: list(definedEnum(KindSchema, { unspecified: 'refused' }), { max: 100 }) })
        .optional(),
      timeout: duration({ minMs: 1, maxMs: hourMs }),
      attemptTimeout: duration({ minMs: 1, maxMs: hourMs }),
      retry: z
        .looseObject({
          initialDelay: duration({ minMs: 0, maxMs: 300_000 }),
          maxDelay: duration({ minMs: 0, maxMs: hourMs }),
        })
        .optional(),
      repeatSafety: definedEnum(RepeatSafetySchema),
      repeatScope: definedEnum(RepeatScopeSchema),
      breaker: z
        .looseObject({
          window: duration({ minMs: 1000, maxMs: 600_000 }),
          openFor: duration({ minMs: 100, maxMs: hourMs }),
        })
        .optional(),
      balance: definedEnum(BalanceSchema),
    })
    .superRefine((checked, context) => {
      const policy = policyFromProto(checked as unknown as PolicyProto);
      for (const { path, message } of policyViolations(policy)) {
        // Bounds of durations have been told above, in their own unit.
        if (path.endsWith('Ms') && message.includes('a number from')) continue;
        if (path === 'match.kinds') continue;
        context.addIssue({
          code: 'custom',
          path: path
            .replace(/\[(\d+)\]/g, '.$1')
            .split('.')
            .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replace(/Ms$/, ''))),
          message,
          // The texts say what was found.
          params: { found: '' },
        });
      }
    });
}
