import { create } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { policyFromContract, policyToContract } from './policy-contract.ts';
import type { PolicySettings } from './policy-file.ts';
import { policyFromSettings, policyToSettings as settingsOf } from './policy-settings.ts';

/** The contract's Policy of a policy in a file. */
export function policyToProto(policy: PolicySettings): Policy {
  return create(PolicySchema, policyToContract(policyFromSettings(policy)));
}

/** A policy as a file spells it, without what is unset or output only; ready for YAML. */
export function policyToSettings(policy: Policy): JsonObject {
  return settingsOf(policyFromContract(policy));
}
