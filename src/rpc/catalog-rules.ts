import { z, type ZodType } from 'zod';
import type { DescriptorSet as DescriptorSetProto } from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { ApplyCatalogRequest } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { System as SystemProto } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Policy as PolicyProto } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { DescriptorSets } from '../base/descriptor-sets.ts';
import type { CheckEndpoint } from '../registry/endpoint.ts';
import type { Registry } from '../registry/registry.ts';
import { list, required, rule, slug } from './field-rules.ts';
import { policyRules } from './policy-rules.ts';
import { systemFieldRules } from './system-rules.ts';

/** Systems, policies and descriptor sets of one catalog. */
export const systemsPerCatalogMax = 10_000;
export const policiesPerCatalogMax = 1000;
export const descriptorSetsPerCatalogMax = 100;
/** Largest descriptor set, in bytes. */
export const descriptorSetDataBytesMax = 1024 * 1024;

/** What a catalog is checked against. */
export interface CatalogRulePorts {
  readonly registry: Pick<Registry, 'descriptorSetsAfter'>;
  readonly checkEndpoint: CheckEndpoint;
  /** Why the bytes are no usable descriptor set; undefined: they are one. */
  readonly checkDescriptorSet: (data: Uint8Array) => string | undefined;
  /** Runs `check`, in which {@link checkEndpoint} sees these descriptor sets in place of those in force. */
  readonly withDescriptorSets: <T>(sets: DescriptorSets, check: () => T) => T;
}

/** The rules of ApplyCatalogRequest. The systems are checked as if the descriptor sets of the same request were there. */
export function applyCatalogRules(ports: CatalogRulePorts): ZodType<ApplyCatalogRequest> {
  const rules = z.object({
    catalog: required(
      z.object({
        name: slug(),
        systems: list<SystemProto>(z.object({ id: slug(), ...systemFieldRules(ports.checkEndpoint) }), {
          max: systemsPerCatalogMax,
          uniqueBy: ({ id }) => id,
        }),
        policies: list<PolicyProto>(policyRules(), {
          max: policiesPerCatalogMax,
          uniqueBy: ({ name }) => name,
        }),
        descriptorSets: list<DescriptorSetProto>(
          z.object({ name: slug(), data: descriptorSetData(ports.checkDescriptorSet) }),
          { max: descriptorSetsPerCatalogMax, uniqueBy: ({ name }) => name },
        ),
      }),
    ),
  });
  return z.custom<ApplyCatalogRequest>().superRefine((request, context) => {
    const { catalog, prune } = request;
    const check = (): ReturnType<typeof rules.safeParse> => rules.safeParse(request);
    const checked =
      catalog === undefined
        ? check()
        : ports.withDescriptorSets(ports.registry.descriptorSetsAfter(catalog, { prune }), check);
    for (const issue of checked.error?.issues ?? []) context.addIssue({ ...issue, continue: true });
  });
}

function descriptorSetData(problemOf: CatalogRulePorts['checkDescriptorSet']): ZodType<Uint8Array> {
  return rule((data) => {
    const { byteLength } = data;
    if (byteLength === 0) return 'is required: a serialized google.protobuf.FileDescriptorSet';
    if (byteLength > descriptorSetDataBytesMax) return `must be at most ${descriptorSetDataBytesMax} bytes`;
    const problem = problemOf(data);
    return problem === undefined
      ? undefined
      : `must be a serialized google.protobuf.FileDescriptorSet with all imports: ${problem}`;
  });
}
