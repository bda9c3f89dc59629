import { z } from 'zod';
import type { CheckHealthRequest, HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import type { RequestSchemas } from './call.ts';
import { duration, optionalSlug, pageSize, pageToken, rule, slug, text, token } from './field-rules.ts';
import { systemFilterRules } from './system-rules.ts';

const dayMs = 86_400_000;

/** What a system may say of itself: the rest is for the hub to find out. */
const reportable: readonly number[] = [
  HealthStatus.HEALTHY,
  HealthStatus.DEGRADED,
  HealthStatus.UNHEALTHY,
  HealthStatus.FAILED,
];

/** The rules of each request of HealthService, as the contract's comments state them. */
export const healthRequestSchemas: RequestSchemas<typeof HealthService> = {
  checkHealth: z
    .object({ systemId: optionalSlug(), filter: systemFilterRules() })
    .superRefine((request, context) => {
      const { systemId, filter } = request as unknown as CheckHealthRequest;
      if ((systemId === '') !== (filter === undefined)) return;
      context.addIssue({
        code: 'custom',
        path: ['systemId'],
        message: 'exactly one of system_id and filter must be set; an empty filter means all',
        params: { found: systemId === '' ? 'neither' : 'both' },
      });
    }),
  getHealth: z.object({ systemId: slug() }),
  listHealth: z.object({ filter: systemFilterRules(), pageSize: pageSize(), pageToken: pageToken() }),
  watchHealth: z.object({ filter: systemFilterRules(), resumeToken: token() }),
  getHealthSummary: z.object({}),
  reportHealth: z.object({
    systemId: slug(),
    status: rule<number>((status) =>
      reportable.includes(status)
        ? undefined
        : 'must be one of HEALTH_STATUS_HEALTHY, HEALTH_STATUS_DEGRADED, HEALTH_STATUS_UNHEALTHY, HEALTH_STATUS_FAILED',
    ),
    cause: text({ charactersMax: 500 }),
    validFor: duration({ minMs: 1000, maxMs: dayMs }),
    registrationId: token(),
  }),
};
