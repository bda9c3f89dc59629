import { create } from '@bufbuild/protobuf';
import type { Catalog as CatalogProto, CatalogPlan } from '#gen/switchyard/registry/v1/catalog_pb.js';
import { ApplyCatalogRequestSchema } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { invalidFields } from '../base/error.ts';
import type { Registry } from '../registry/registry.ts';
import { catalogFromProto, planToProto } from './catalog-proto.ts';
import { applyCatalogRules, type CatalogRulePorts } from './catalog-rules.ts';
import { violationsOf } from './validation.ts';

/** Checks and applies a catalog as ApplyCatalog does, without a call: for catalogs that the hub loads itself. */
export type ApplyCatalog = (
  catalog: CatalogProto,
  options?: { readonly prune?: boolean; readonly validateOnly?: boolean },
) => Promise<CatalogPlan>;

/**
 * The same rules, the same effect and the same errors as the call, INVALID_FIELD among them, whose fields begin with
 * `catalog.`. Only the limit on the size of a request is not there.
 */
export function createApplyCatalog(
  ports: CatalogRulePorts & { readonly registry: Pick<Registry, 'apply'> },
): ApplyCatalog {
  const rules = applyCatalogRules(ports);
  return async (catalog, { prune = false, validateOnly = false } = {}) => {
    const request = create(ApplyCatalogRequestSchema, { catalog, prune, validateOnly });
    const violations = violationsOf(ApplyCatalogRequestSchema, rules, request);
    if (violations.length > 0) throw invalidFields(violations);
    return planToProto(await ports.registry.apply(catalogFromProto(catalog), { prune, validateOnly }));
  };
}
