import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import { HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import type { SystemFilter as SystemFilterProto } from '#gen/switchyard/registry/v1/system_pb.js';
import { HubError } from '../base/error.ts';
import type { FeedFilter } from '../base/feed.ts';
import type { HealthMonitor } from '../health/monitor.ts';
import type { ReportedStatus } from '../health/status-reducer.ts';
import type { SystemHealth } from '../health/system-health.ts';
import type { Directory } from '../registry/directory.ts';
import { createSystemFilter } from '../registry/system-filter.ts';
import { systemNotFound } from '../registry/system.ts';
import { defineService, type ServiceDefinition } from './call.ts';
import { healthSummaryToProto, systemHealthToProto } from './health-proto.ts';
import { healthRequestSchemas } from './health-requests.ts';
import { cutPage, pageBytesMax, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { durationFromProto, healthStatusFromProto } from './proto-values.ts';
import { systemFilterFromProto } from './system-proto.ts';
import { inPieces } from './watch-pieces.ts';
import { watchFeed } from './watch.ts';

export interface HealthServiceOptions {
  readonly monitor: HealthMonitor;
  readonly directory: Pick<Directory, 'get'>;
}

/** Systems that one CheckHealth probes at most. */
export const checkedSystemsMax = 1000;

/** The handlers of switchyard.health.v1.HealthService. */
export function createHealthService({
  monitor,
  directory,
}: HealthServiceOptions): ServiceDefinition<typeof HealthService> {
  /** A filter speaks of systems as they are registered, so each health is matched with its system's record. */
  const filterOf = (proto: SystemFilterProto | undefined): FeedFilter<SystemHealth> => {
    const filter = createSystemFilter(systemFilterFromProto(proto));
    return {
      key: filter.key,
      matches(health) {
        const system = directory.get(health.systemId);
        return system !== undefined && filter.matches(system, health.status);
      },
    };
  };

  return defineService({
    service: HealthService,
    schemas: healthRequestSchemas,
    handlers: {
      async checkHealth({ systemId, filter }, context) {
        const ids = systemId === '' ? matchingIds(monitor, filterOf(filter)) : [systemId];
        const health = await monitor.check(ids, context.signal);
        checkSize(health);
        return { health: health.map(systemHealthToProto) };
      },

      async getHealth({ systemId }) {
        const health = monitor.get(systemId);
        if (health === undefined) throw systemNotFound(systemId);
        return { health: systemHealthToProto(health) };
      },

      async listHealth({ filter, pageSize, pageToken }) {
        const wanted = filterOf(filter);
        const scope = pageScope('ListHealth', wanted.key);
        const after = pageTokenFrom(scope, pageToken) ?? '';
        const size = pageSizeOf(pageSize);
        const found: SystemHealth[] = [];
        for (const id of monitor.ids()) {
          if (id <= after) continue;
          const health = monitor.get(id);
          if (health !== undefined && wanted.matches(health)) found.push(health);
          // One more than fits tells whether there is another page.
          if (found.length > size) break;
        }
        const { page, more } = cutPage(found, { size, bytesOf: bytesOfHealth });
        return {
          health: page.map(systemHealthToProto),
          nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.systemId ?? '') : '',
        };
      },

      watchHealth({ filter, resumeToken }, context) {
        // Without a filter the feed need not remember what it has sent.
        const wanted = filter === undefined ? undefined : filterOf(filter);
        const events = watchFeed(monitor.feed, {
          filter: wanted,
          resumeToken,
          context,
          toItem: (health): SizedHealth => ({
            proto: systemHealthToProto(health),
            bytes: bytesOfHealth(health),
          }),
        });
        return protosOf(inPieces(events, { bytesMax: pageBytesMax, bytesOf: ({ bytes }) => bytes }));
      },

      async getHealthSummary() {
        return { summary: healthSummaryToProto(monitor.summary()) };
      },

      async reportHealth({ systemId, status, cause, validFor, registrationId }) {
        const health = monitor.report({
          systemId,
          status: reportedStatus(healthStatusFromProto(status)),
          cause,
          validForMs: durationFromProto(validFor),
          registrationId: registrationId === '' ? undefined : registrationId,
        });
        return { health: systemHealthToProto(health) };
      },
    },
  });
}

function matchingIds(monitor: HealthMonitor, filter: FeedFilter<SystemHealth>): string[] {
  const ids: string[] = [];
  for (const health of monitor.list()) {
    if (!filter.matches(health)) continue;
    if (ids.length === checkedSystemsMax) {
      throw new HubError({
        reason: 'INVALID_FIELD',
        message: `filter matches more than ${checkedSystemsMax} systems, the most that one call probes; narrow it.`,
        metadata: { limit: String(checkedSystemsMax) },
        violations: [
          { field: 'filter', description: `must match at most ${checkedSystemsMax} systems; found more` },
        ],
      });
    }
    ids.push(health.systemId);
  }
  return ids;
}

/** Refuses an answer that a client could not take: it has one message for all that was probed. */
function checkSize(health: readonly SystemHealth[]): void {
  const bytes = health.reduce((sum, each) => sum + bytesOfHealth(each), 0);
  if (bytes <= pageBytesMax) return;
  throw new HubError({
    reason: 'ANSWER_TOO_LARGE',
    message: `All ${health.length} systems were probed, but their health would have about ${bytes} bytes, more than the ${pageBytesMax} that one message may hold; read it by ListHealth, or check fewer at once.`,
    metadata: { bytes: String(bytes), limit: String(pageBytesMax) },
  });
}

/** The request rules let only these through. */
function reportedStatus(status: ReturnType<typeof healthStatusFromProto>): ReportedStatus {
  if (status === 'HEALTHY' || status === 'DEGRADED' || status === 'UNHEALTHY' || status === 'FAILED')
    return status;
  throw new RangeError(`a status that nobody may report: ${status}`);
}

/** About as large as the message is on the wire, never less: texts count three bytes a UTF-16 unit. */
function bytesOfHealth({ systemId, type, cause, interfaces }: SystemHealth): number {
  const fixedBytes = 120;
  const own = fixedBytes + systemId.length + type.length + cause.length * 3;
  return interfaces.reduce((sum, each) => sum + fixedBytes + each.name.length + each.cause.length * 3, own);
}

interface SizedHealth {
  readonly proto: MessageInitShape<typeof SystemHealthSchema>;
  readonly bytes: number;
}

/** Takes the sizes off again, which only the cutting needed. */
async function* protosOf(events: ReturnType<typeof inPieces<SizedHealth>>) {
  for await (const { event } of events) {
    switch (event.case) {
      case 'snapshot': {
        const { items, last } = event.value;
        yield {
          event: { case: event.case, value: { items: items.map(({ proto }) => proto), last } },
        } as const;
        break;
      }
      case 'update':
        yield {
          event: { case: event.case, value: { items: event.value.items.map(({ proto }) => proto) } },
        } as const;
        break;
      default:
        yield { event };
    }
  }
}
