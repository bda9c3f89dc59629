import { z, type ZodType } from 'zod';
import type { Policy as PolicyProto } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { policyFromContract } from '../catalog/policy-contract.ts';
import { policyViolations } from '../resilience/policy-violations.ts';
import { valueProblem } from './payload.ts';

/**
 * The rules of a policy: {@link policyViolations}, as for policies of the configuration, and the JSON of static replies,
 * which only the contract's form can break.
 */
export function policyRules(): ZodType<PolicyProto> {
  return z.custom<PolicyProto>().superRefine((proto, context) => {
    const report = (path: PropertyKey[], message: string): void =>
      // The texts say what was found.
      context.addIssue({ code: 'custom', path, message, params: { found: '' } });
    for (const { path, message } of policyViolations(policyFromContract(proto))) {
      report(stepsOf(path), message);
    }
    for (const [index, { step }] of proto.fallback.entries()) {
      if (step.case !== 'staticReply' || step.value.payload.case !== 'json') continue;
      const problem = valueProblem(step.value.payload.value);
      if (problem === undefined) continue;
      report(['fallback', index, 'static_reply', 'json'], `${problem.message}; found ${problem.found}`);
    }
  });
}

/** `fallback[1].timeout` as steps. */
function stepsOf(path: string): PropertyKey[] {
  return path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
