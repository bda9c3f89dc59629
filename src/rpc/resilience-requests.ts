import { z } from 'zod';
import { BreakerStateSchema } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { RequestSchemas } from './call.ts';
import {
  definedEnum,
  duration,
  list,
  optionalSlug,
  pageSize,
  pageToken,
  slug,
  text,
  token,
} from './field-rules.ts';

const dayMs = 86_400_000;

/** The rules of each request of ResilienceService, as the contract's comments state them. */
export const resilienceRequestSchemas: RequestSchemas<typeof ResilienceService> = {
  listBreakers: z.object({
    systemId: optionalSlug(),
    states: list(definedEnum(BreakerStateSchema), { max: 10 }),
    pageSize: pageSize(),
    pageToken: pageToken(),
  }),
  watchBreakers: z.object({ systemId: optionalSlug(), resumeToken: token() }),
  tripBreaker: z.object({
    systemId: slug(),
    interface: optionalSlug(),
    duration: duration({ minMs: 1000, maxMs: 30 * dayMs }),
    cause: text({ charactersMax: 500 }),
  }),
  resetBreaker: z.object({ systemId: slug(), interface: optionalSlug() }),
  listPolicies: z.object({ pageSize: pageSize(), pageToken: pageToken() }),
  getPolicy: z.object({ name: slug() }),
};
