import { create, toBinary } from '@bufbuild/protobuf';
import { CatalogSummarySchema } from '#gen/switchyard/registry/v1/catalog_pb.js';
import {
  GetCompatibilityResponseSchema,
  type RegistryService,
} from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { compatibilityOf } from '../registry/compatibility.ts';
import type { Registry } from '../registry/registry.ts';
import { boundedAnswer, checked } from './answer.ts';
import type { ServiceHandlers } from './call.ts';
import {
  catalogFromProto,
  catalogSummaryToProto,
  compatibilityToProto,
  planToProto,
  systemVersionToProto,
} from './catalog-proto.ts';
import { cutPage, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';

/** The handlers of RegistryService that are about catalogs, versions and compatibility. */
export function createCatalogHandlers(
  registry: Registry,
): Pick<
  ServiceHandlers<typeof RegistryService>,
  'applyCatalog' | 'listCatalogs' | 'listVersions' | 'getCompatibility'
> {
  const { directory } = registry;
  return {
    async applyCatalog({ catalog, prune, validateOnly }) {
      const plan = await registry.apply(catalogFromProto(checked(catalog)), { prune, validateOnly });
      return { plan: planToProto(plan) };
    },

    async listCatalogs({ pageSize, pageToken }) {
      const scope = pageScope('ListCatalogs', '');
      const after = pageTokenFrom(scope, pageToken) ?? '';
      const found = registry
        .catalogs()
        .filter(({ name }) => name > after)
        .map((summary) => create(CatalogSummarySchema, catalogSummaryToProto(summary)));
      const { page, more } = cutPage(found, {
        size: pageSizeOf(pageSize),
        bytesOf: (summary) => toBinary(CatalogSummarySchema, summary).length,
      });
      return {
        catalogs: [...page],
        nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.name ?? '') : '',
      };
    },

    async listVersions({ systemId }) {
      const versions = await registry.versions(systemId);
      const current = directory.get(systemId)?.version;
      return {
        versions: versions.map((each, at) =>
          systemVersionToProto(each, at === 0 && each.version === current),
        ),
      };
    },

    async getCompatibility({ systemId, candidateId }) {
      const compatibility = compatibilityOf(directory.require(systemId), directory.require(candidateId));
      return boundedAnswer(GetCompatibilityResponseSchema, {
        compatibility: compatibilityToProto(compatibility),
      });
    },
  };
}
