import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { type BreakerHandlersOptions, createBreakerHandlers } from './breaker-handlers.ts';
import { defineService, type ServiceDefinition } from './call.ts';
import { createPolicyHandlers, type PolicyHandlersOptions } from './policy-handlers.ts';
import { createReplyHandlers, type ReplyHandlersOptions } from './reply-handlers.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';
import { createSimulationHandlers, type SimulationHandlersOptions } from './simulation-handlers.ts';

export type ResilienceServiceOptions = BreakerHandlersOptions &
  PolicyHandlersOptions &
  ReplyHandlersOptions &
  SimulationHandlersOptions;

/** The handlers of switchyard.resilience.v1.ResilienceService, from one file for each of its subjects. */
export function createResilienceService(
  options: ResilienceServiceOptions,
): ServiceDefinition<typeof ResilienceService> {
  return defineService({
    service: ResilienceService,
    schemas: resilienceRequestSchemas,
    handlers: {
      ...createBreakerHandlers(options),
      ...createPolicyHandlers(options),
      ...createReplyHandlers(options),
      ...createSimulationHandlers(options),
    },
  });
}
