import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type Catalog as CatalogProto,
  CatalogChange_Action as ActionProto,
  CatalogChange_Resource as ResourceProto,
  type CatalogChangeSchema,
  type CatalogPlan as CatalogPlanProto,
  CatalogPlanSchema,
  type CatalogSummarySchema,
  type SystemVersionSchema,
} from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { CompatibilitySchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { CatalogPlan, PlannedChange } from '../registry/catalog-change.ts';
import { type Catalog, type CatalogField, catalogFields, type CatalogSummary } from '../registry/catalog.ts';
import type { Compatibility } from '../registry/compatibility.ts';
import type { SystemVersion } from '../registry/version-history.ts';
import { policyFieldName } from '../resilience/policy-fields.ts';
import { policyToValue } from '../resilience/policy-value.ts';
import { pageBytesMax } from './page.ts';
import { policyFromProto } from './policy-proto.ts';
import { protocolToProto, timestampToProto } from './proto-values.ts';
import { systemSpecFromProto } from './system-proto.ts';

/** The domain's catalog. The message must have passed the rules of catalog-rules.ts. */
export function catalogFromProto(proto: CatalogProto): Catalog {
  return {
    name: proto.name,
    systems: proto.systems.map((system) => {
      const sets: Readonly<Record<CatalogField, boolean>> = {
        labels: Object.keys(system.labels).length > 0,
        weight: system.weight !== 0,
        owner: system.owner !== '',
      };
      return { spec: systemSpecFromProto(system), decides: catalogFields.filter((field) => sets[field]) };
    }),
    policies: proto.policies.map((policy) => ({
      name: policy.name,
      value: policyToValue(policyFromProto(policy)),
    })),
    // Copied: the message may share its bytes with the whole request.
    descriptorSets: proto.descriptorSets.map(({ name, data }) => ({ name, data: new Uint8Array(data) })),
  };
}

/**
 * The plan as callers see it. It has been carried out, so it is not refused where it is larger than a client takes: then
 * the texts of conflicts are left out, after them what is unchanged, and at last what does not fit.
 */
export function planToProto({ catalog, changes }: CatalogPlan): CatalogPlanProto {
  const made = (each: readonly MessageInitShape<typeof CatalogChangeSchema>[]): CatalogPlanProto =>
    create(CatalogPlanSchema, { catalog, changes: [...each] });
  const fits = (plan: CatalogPlanProto): boolean => toBinary(CatalogPlanSchema, plan).length <= pageBytesMax;
  const whole = made(changes.map((change) => changeToProto(change, { texts: true })));
  if (fits(whole)) return whole;
  const brief = changes.map((change) => changeToProto(change, { texts: false }));
  const without = made(brief);
  if (fits(without)) return without;
  const acting = brief.filter((_, at) => changes[at]?.action !== 'UNCHANGED');
  let kept = acting.length;
  while (kept > 0 && !fits(made(acting.slice(0, kept)))) kept = Math.floor(kept / 2);
  return made(acting.slice(0, kept));
}

export function catalogSummaryToProto(
  summary: CatalogSummary,
): MessageInitShape<typeof CatalogSummarySchema> {
  const { updateTimeMs, ...counts } = summary;
  return { ...counts, updateTime: timestampToProto(updateTimeMs) };
}

/** `current`: whether it is the version of now. */
export function systemVersionToProto(
  { version, firstTimeMs, lastTimeMs, registrations }: SystemVersion,
  current: boolean,
): MessageInitShape<typeof SystemVersionSchema> {
  return {
    version,
    firstTime: timestampToProto(firstTimeMs),
    lastTime: timestampToProto(lastTimeMs),
    registrations,
    current,
  };
}

export function compatibilityToProto(
  compatibility: Compatibility,
): MessageInitShape<typeof CompatibilitySchema> {
  return {
    compatible: compatibility.compatible,
    sharedCapabilities: [...compatibility.sharedCapabilities],
    sharedProtocols: compatibility.sharedProtocols.map(protocolToProto),
    sharedMessageTypes: [...compatibility.sharedMessageTypes],
    differences: compatibility.differences.map((each) => ({ ...each })),
  };
}

function changeToProto(
  { action, resource, id, fields, conflicts }: PlannedChange,
  { texts }: { readonly texts: boolean },
): MessageInitShape<typeof CatalogChangeSchema> {
  return {
    action: ActionProto[action],
    resource: ResourceProto[resource],
    id,
    fields: fields.map((field) => (resource === 'POLICY' ? policyFieldName(field) : field)),
    conflicts: conflicts.map((conflict) => (texts ? { ...conflict } : { ...conflict, message: '' })),
  };
}
