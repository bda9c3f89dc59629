import { z } from 'zod';
import {
  DirectionSchema,
  type RegistryService,
  type UpdateSystemRequest,
} from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { leaseTtlMsMax, leaseTtlMsMin } from '../registry/lease.ts';
import type { RequestSchemas } from './call.ts';
import { applyCatalogRules, type CatalogRulePorts } from './catalog-rules.ts';
import {
  definedEnum,
  duration,
  fieldMask,
  list,
  pageSize,
  pageToken,
  required,
  slug,
  slugPrefix,
  target,
  token,
} from './field-rules.ts';
import { systemChangePaths } from './system-proto.ts';
import { systemFieldRules, systemFilterRules } from './system-rules.ts';

/**
 * The rules of each request of RegistryService, as the contract's comments state them.
 */
export function createRegistryRequestSchemas(
  ports: CatalogRulePorts,
): RequestSchemas<typeof RegistryService> {
  const fields = systemFieldRules(ports.checkEndpoint);
  return {
    registerSystem: z.object({
      system: required(z.object({ id: slug(), ...fields })),
      leaseTtl: duration({ minMs: leaseTtlMsMin, maxMs: leaseTtlMsMax }),
    }),
    updateSystem: z
      .object({
        system: required(z.object({ id: slug(), etag: token() })),
        updateMask: fieldMask(systemChangePaths),
      })
      .superRefine((checked, context) => {
        // Fields that the mask does not name are ignored, whatever they hold.
        const { system, updateMask } = checked as unknown as UpdateSystemRequest;
        if (system === undefined) return;
        for (const path of systemChangePaths) {
          if (updateMask?.paths.includes(path) !== true) continue;
          for (const issue of fields[path].safeParse(system[path]).error?.issues ?? []) {
            context.addIssue({ ...issue, path: ['system', path, ...issue.path], continue: true });
          }
        }
      }),
    deregisterSystem: z.object({ systemId: slug(), etag: token(), registrationId: token() }),
    getSystem: z.object({ systemId: slug() }),
    listSystems: z.object({ filter: systemFilterRules(), pageSize: pageSize(), pageToken: pageToken() }),
    watchSystems: z.object({ filter: systemFilterRules(), resumeToken: token() }),
    renewLeases: z.object({
      renewals: list(z.object({ systemId: slug(), registrationId: token({ required: true }) }), {
        min: 1,
        max: 1000,
      }),
    }),
    getDependencies: z.object({ systemId: slug(), direction: definedEnum(DirectionSchema) }),
    getImpact: z.object({ target: required(target()) }),
    listCapabilities: z.object({ prefix: slugPrefix(), pageSize: pageSize(), pageToken: pageToken() }),
    getRegistrySummary: z.object({}),
    applyCatalog: applyCatalogRules(ports),
    listCatalogs: z.object({ pageSize: pageSize(), pageToken: pageToken() }),
    listVersions: z.object({ systemId: slug() }),
    getCompatibility: z.object({ systemId: slug(), candidateId: slug() }),
  };
}
