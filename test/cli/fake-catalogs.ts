import { equals } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import type { ServiceImpl } from '@connectrpc/connect';
import {
  type Catalog,
  CatalogChange_Action,
  CatalogChange_Resource,
  type CatalogChangeSchema,
} from '#gen/switchyard/registry/v1/catalog_pb.js';
import type { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { type System, SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { type Policy, PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';

/** Makes the error that a hub would answer with. */
type HubFailure = (
  reason: string,
  code: Code,
  message: string,
  details?: { readonly violations?: { field: string; description: string }[] },
) => Error;
type Change = MessageInitShape<typeof CatalogChangeSchema>;

/**
 * Catalogs of a hub that a test can foresee: kept per name, compared whole. A system in the zone `refused` is refused at
 * its first interface's URI; one in the zone `owned` conflicts in its interfaces.
 */
export function createFakeCatalogs(
  systems: Map<string, System>,
  hubFailure: HubFailure,
): {
  readonly registry: Pick<ServiceImpl<typeof RegistryService>, 'applyCatalog' | 'listCatalogs'>;
  readonly resilience: Pick<ServiceImpl<typeof ResilienceService>, 'listPolicies' | 'getPolicy'>;
} {
  const policies = new Map<string, Policy>();
  const catalogs = new Map<string, Catalog>();
  return {
    registry: {
      applyCatalog({ catalog, prune, validateOnly }) {
        if (catalog === undefined)
          throw hubFailure('INVALID_FIELD', Code.InvalidArgument, 'catalog: is required');
        const violations = violationsOf(catalog);
        if (violations.length > 0) {
          throw hubFailure('INVALID_FIELD', Code.InvalidArgument, 'catalog.systems: is refused', {
            violations,
          });
        }
        const before = catalogs.get(catalog.name);
        const changes: Change[] = [
          ...catalog.systems.map((system) => systemChange(systems.get(system.id), system)),
          ...catalog.policies.map((policy) => policyChange(policies.get(policy.name), policy)),
        ];
        if (prune) {
          for (const { id } of before?.systems ?? []) {
            if (catalog.systems.some((system) => system.id === id)) continue;
            changes.push({
              action: CatalogChange_Action.DELETE,
              resource: CatalogChange_Resource.SYSTEM,
              id,
            });
            if (!validateOnly) systems.delete(id);
          }
        }
        if (!validateOnly) {
          catalogs.set(catalog.name, catalog);
          for (const system of catalog.systems) systems.set(system.id, system);
          for (const policy of catalog.policies)
            policies.set(policy.name, { ...policy, origin: `catalog:${catalog.name}` });
        }
        return { plan: { catalog: catalog.name, changes } };
      },
      listCatalogs: () => ({
        catalogs: [...catalogs.values()].map((catalog) => ({
          name: catalog.name,
          systems: catalog.systems.length,
          policies: catalog.policies.length,
        })),
      }),
    },
    resilience: {
      listPolicies: () => ({ policies: [...policies.values()] }),
      getPolicy({ name }) {
        const policy = policies.get(name);
        if (policy === undefined) {
          throw hubFailure('POLICY_NOT_FOUND', Code.NotFound, `There is no policy "${name}".`);
        }
        return { policy };
      },
    },
  };
}

function violationsOf(catalog: Catalog): { field: string; description: string }[] {
  return catalog.systems.flatMap(({ zone }, index) =>
    zone === 'refused'
      ? [{ field: `catalog.systems[${index}].interfaces[0].uri`, description: 'must be another' }]
      : [],
  );
}

function systemChange(before: System | undefined, after: System): Change {
  const change = { resource: CatalogChange_Resource.SYSTEM, id: after.id };
  if (before === undefined) return { ...change, action: CatalogChange_Action.CREATE };
  const conflicts =
    after.zone === 'owned'
      ? [{ field: 'interfaces', owner: 'registration', message: 'the live registration keeps its own' }]
      : [];
  if (equals(SystemSchema, before, after)) {
    return { ...change, action: CatalogChange_Action.UNCHANGED, conflicts };
  }
  const fields = (['version', 'interfaces', 'labels', 'weight', 'zone'] as const).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return { ...change, action: CatalogChange_Action.UPDATE, fields, conflicts };
}

function policyChange(before: Policy | undefined, after: Policy): Change {
  const change = { resource: CatalogChange_Resource.POLICY, id: after.name };
  if (before === undefined) return { ...change, action: CatalogChange_Action.CREATE };
  return equals(PolicySchema, { ...before, origin: '' }, after)
    ? { ...change, action: CatalogChange_Action.UNCHANGED }
    : { ...change, action: CatalogChange_Action.UPDATE, fields: ['timeout'] };
}
