import { create, toBinary } from '@bufbuild/protobuf';
import {
  CapabilitySchema,
  Direction,
  GetDependenciesResponseSchema,
  GetImpactResponseSchema,
  GetRegistrySummaryResponseSchema,
  RegistryService,
} from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { type System as SystemProto, SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { protocols } from '../base/transport.ts';
import type { Registry } from '../registry/registry.ts';
import { dependencyGraph } from '../registry/graph.ts';
import { impactOf } from '../registry/impact.ts';
import { createSystemFilter } from '../registry/system-filter.ts';
import type { System } from '../registry/system.ts';
import { boundedAnswer, checked } from './answer.ts';
import { defineService, type ServiceDefinition } from './call.ts';
import { createCatalogHandlers } from './catalog-handlers.ts';
import type { CatalogRulePorts } from './catalog-rules.ts';
import { cutPage, pageBytesMax, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { durationFromProto, protocolToProto, targetFromProto, targetToProto } from './proto-values.ts';
import { createRegistryRequestSchemas } from './registry-requests.ts';
import {
  leaseToProto,
  systemChangeFromProto,
  systemFilterFromProto,
  systemSpecFromProto,
  systemToProto,
  wholeMs,
} from './system-proto.ts';
import { inPieces } from './watch-pieces.ts';
import { watchFeed } from './watch.ts';

export interface RegistryServiceOptions extends CatalogRulePorts {
  readonly registry: Registry;
}

/** RegistryService: requests turned into questions to the registry, and its answers into messages. */
export function createRegistryService(
  options: RegistryServiceOptions,
): ServiceDefinition<typeof RegistryService> {
  const { registry } = options;
  const { directory } = registry;
  const encoded = createProtoCache();

  return defineService({
    service: RegistryService,
    schemas: createRegistryRequestSchemas(options),
    handlers: {
      ...createCatalogHandlers(registry),

      async registerSystem({ system, ifAbsent, leaseTtl, validateOnly }) {
        const registered = await registry.register(systemSpecFromProto(checked(system)), {
          ifAbsent,
          leaseTtlMs: wholeMs(durationFromProto(leaseTtl)),
          validateOnly,
        });
        return { system: systemToProto(registered), registrationId: registered.registrationId };
      },

      async updateSystem({ system, updateMask, validateOnly }) {
        const proto = checked(system);
        const change = systemChangeFromProto(proto, updateMask?.paths ?? []);
        const updated = await registry.update(proto.id, change, { etag: proto.etag, validateOnly });
        return { system: systemToProto(updated) };
      },

      async deregisterSystem({ systemId, etag, registrationId, validateOnly }) {
        const removed = await registry.deregister(systemId, { etag, registrationId, validateOnly });
        return { system: systemToProto(removed) };
      },

      async getSystem({ systemId }) {
        return { system: systemToProto(directory.require(systemId)) };
      },

      async listSystems({ filter, pageSize, pageToken }) {
        const systemFilter = createSystemFilter(systemFilterFromProto(filter));
        const scope = pageScope('ListSystems', systemFilter.key);
        const after = pageTokenFrom(scope, pageToken);
        const size = pageSizeOf(pageSize);
        // One more than fits tells whether there is another page.
        const found = await registry.list(systemFilter, { after, limit: size + 1 });
        const { page, more } = cutPage(found, { size, bytesOf: (system) => encoded.of(system).bytes });
        return {
          systems: page.map((system) => encoded.of(system).proto),
          nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.id ?? '') : '',
        };
      },

      watchSystems({ filter, resumeToken }, context) {
        const watchable = directory.watchable(createSystemFilter(systemFilterFromProto(filter)));
        // Renewals are not published, so the newest expiry of a lease is looked up when an item is sent.
        const toItem = (system: System): SystemProto => encoded.of(directory.get(system.id) ?? system).proto;
        const events = watchFeed(watchable.feed, { filter: watchable.filter, resumeToken, context, toItem });
        return inPieces(events, { bytesMax: pageBytesMax, bytesOf: (item) => encoded.bytesOf(item) });
      },

      async renewLeases({ renewals }) {
        const { renewed, lost } = registry.renewLeases(renewals);
        return {
          renewed: renewed.map(({ systemId, lease }) => ({
            systemId,
            ...(lease === undefined ? {} : { lease: leaseToProto(lease) }),
          })),
          lost: lost.map((each) => ({ ...each })),
        };
      },

      async getDependencies({ systemId, direction, transitive }) {
        const graph = dependencyGraph(directory, systemId, {
          direction: direction === Direction.DEPENDENTS ? 'DEPENDENTS' : 'DEPENDENCIES',
          transitive,
        });
        return boundedAnswer(GetDependenciesResponseSchema, {
          systems: graph.systems.map((system) => encoded.of(system).proto),
          edges: graph.edges.map(({ fromId, toId, target, optional }) => ({
            fromSystemId: fromId,
            toSystemId: toId,
            target: targetToProto(target),
            optional,
          })),
          missing: graph.missing.map((each) => ({ ...each, target: targetToProto(each.target) })),
          cycles: graph.cycles.map((ring) => ({ systemIds: [...ring] })),
        });
      },

      async getImpact({ target }) {
        const impact = impactOf(directory, checked(targetFromProto(target)));
        return boundedAnswer(GetImpactResponseSchema, {
          goneSystemIds: [...impact.goneIds],
          impacted: impact.impacted.map((each) => ({
            systemId: each.systemId,
            distance: each.distance,
            target: targetToProto(each.target),
            becauseSystemId: each.becauseId,
          })),
          lostCapabilities: [...impact.lostCapabilities],
        });
      },

      async listCapabilities({ prefix, pageSize, pageToken }) {
        const scope = pageScope('ListCapabilities', prefix);
        const after = pageTokenFrom(scope, pageToken) ?? '';
        const size = pageSizeOf(pageSize);
        const names = directory
          .capabilityNames()
          .filter((name) => name.startsWith(prefix) && name > after)
          .slice(0, size + 1);
        const capabilities = names.map((name) =>
          create(CapabilitySchema, {
            name,
            systemIds: directory
              .byCapability(name)
              .map(({ id }) => id)
              .sort(),
          }),
        );
        const { page, more } = cutPage(capabilities, {
          size,
          bytesOf: (capability) => toBinary(CapabilitySchema, capability).length,
        });
        return {
          capabilities: [...page],
          nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.name ?? '') : '',
        };
      },

      async getRegistrySummary() {
        const summary = await registry.summary();
        return boundedAnswer(GetRegistrySummaryResponseSchema, {
          summary: {
            systems: summary.systems,
            byType: Object.fromEntries(summary.byType),
            byCapability: Object.fromEntries(summary.byCapability),
            byProtocol: protocols
              .filter((protocol) => summary.byProtocol.has(protocol))
              .map((protocol) => ({
                protocol: protocolToProto(protocol),
                systems: summary.byProtocol.get(protocol) ?? 0,
              })),
            byVersion: Object.fromEntries(summary.byVersion),
            byStatus: Object.fromEntries(
              [...summary.byStatus].map(([status, count]) => [`HEALTH_STATUS_${status}`, count]),
            ),
          },
        });
      },
    },
  });
}

/** Messages and sizes of systems, each made once as long as the system stays as it is. */
function createProtoCache(): {
  of(system: System): { readonly proto: SystemProto; readonly bytes: number };
  bytesOf(proto: SystemProto): number;
} {
  const entries = new WeakMap<System, { readonly proto: SystemProto; readonly bytes: number }>();
  const sizes = new WeakMap<SystemProto, number>();
  return {
    of(system) {
      const known = entries.get(system);
      if (known !== undefined) return known;
      const proto = create(SystemSchema, systemToProto(system));
      const entry = { proto, bytes: toBinary(SystemSchema, proto).length };
      entries.set(system, entry);
      sizes.set(proto, entry.bytes);
      return entry;
    },
    bytesOf: (proto) => sizes.get(proto) ?? toBinary(SystemSchema, proto).length,
  };
}
