import { timestampMs } from '@bufbuild/protobuf/wkt';
import { z } from 'zod';
import { BreakerState, BreakerStateSchema } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type {
  InvalidateRepliesRequest,
  ResilienceService,
  SimulatePolicyRequest,
} from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { RequestSchemas } from './call.ts';
import {
  definedEnum,
  duration,
  list,
  optionalSlug,
  pageSize,
  pageToken,
  required,
  rule,
  slug,
  target,
  text,
  timestamp,
  token,
} from './field-rules.ts';
import { policyRules } from './policy-rules.ts';

const dayMs = 86_400_000;

/** What TripBreaker can put a breaker into. */
const forcedStates: ReadonlySet<BreakerState> = new Set([
  BreakerState.UNSPECIFIED,
  BreakerState.FORCED_OPEN,
  BreakerState.FORCED_CLOSED,
]);

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
    state: rule<BreakerState>((state) =>
      forcedStates.has(state) ? undefined : 'must be FORCED_OPEN, FORCED_CLOSED or unset',
    ),
    messageType: optionalSlug(),
  }),
  resetBreaker: z.object({ systemId: slug(), interface: optionalSlug(), messageType: optionalSlug() }),
  listBreakerTransitions: z.object({
    systemId: optionalSlug(),
    interface: optionalSlug(),
    startTime: timestamp(),
    pageSize: pageSize(),
    pageToken: pageToken(),
  }),
  listPolicies: z.object({ pageSize: pageSize(), pageToken: pageToken() }),
  getPolicy: z.object({ name: slug() }),
  putPolicy: z.object({ policy: required(policyRules()), etag: token() }),
  deletePolicy: z.object({ name: slug(), etag: token() }),
  simulatePolicy: z
    .object({ policy: required(policyRules()), startTime: timestamp(), endTime: timestamp() })
    .superRefine((request, context) => {
      const { startTime, endTime } = request as SimulatePolicyRequest;
      if (startTime === undefined || endTime === undefined) return;
      if (timestampMs(endTime) > timestampMs(startTime)) return;
      const message = 'must be after start_time';
      context.addIssue({ code: 'custom', path: ['endTime'], message, params: { found: '' } });
    }),
  invalidateReplies: z
    .object({ messageTypes: list(slug(), { max: 100 }), target: target().optional(), all: z.boolean() })
    .superRefine((request, context) => {
      const { messageTypes, target: to, all } = request as InvalidateRepliesRequest;
      const narrowed = messageTypes.length > 0 || to !== undefined;
      if (narrowed !== all) return;
      const message = all
        ? 'must be unset beside message_types and target, which name some of them'
        : 'must be true unless message_types or target is set';
      context.addIssue({ code: 'custom', path: ['all'], message });
    }),
};
