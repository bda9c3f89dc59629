import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { policyToContract } from '../catalog/policy-contract.ts';
import type { BookedPolicy } from '../resilience/policy-book.ts';
import { optionalTimestamp } from './proto-values.ts';

/** The domain's policy; nothing is checked (see policyViolations). */
export { policyFromContract as policyFromProto } from '../catalog/policy-contract.ts';

/** A policy in force as callers see it. */
export function policyToProto({
  policy,
  origin,
  etag,
  updateTimeMs,
}: BookedPolicy): MessageInitShape<typeof PolicySchema> {
  return {
    ...policyToContract(policy),
    origin,
    etag: etag ?? '',
    ...optionalTimestamp('updateTime', updateTimeMs),
  };
}
