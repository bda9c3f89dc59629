import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type {
  PolicySimulationSchema,
  SimulatedOutcomeSchema,
} from '#gen/switchyard/resilience/v1/simulation_pb.js';
import { HubError, invalidFields } from '../base/error.ts';
import type { DeliveryLog } from '../messaging/delivery-log.ts';
import {
  type PolicySimulation,
  type PolicySimulationQuestion,
  simulatedDeliveriesMax,
  simulatePolicy,
} from '../messaging/policy-simulation.ts';
import type { DeliveriesOutcome } from '../messaging/simulated-outcome.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { PolicyBook } from '../resilience/policy-book.ts';
import type { ServiceHandlers } from './call.ts';
import { policyFromProto } from './policy-proto.ts';
import { durationToProto, optionalTimestamp, timestampFromProto } from './proto-values.ts';

export interface SimulationHandlersOptions {
  readonly deliveries: Pick<DeliveryLog, 'between'>;
  readonly board: Pick<BreakerBoard, 'history'>;
  readonly policies: Pick<PolicyBook, 'policies'>;
  /** The systems as routing finds them. */
  readonly routing: PolicySimulationQuestion['directory'];
  readonly transports: PolicySimulationQuestion['transports'];
  /** Where the hub stands. */
  readonly hubZone: () => string;
}

/** Simulations at the same time: each takes its share of the one thread that delivers. */
export const simulationsMax = 1;

/** The handler of ResilienceService that runs recorded deliveries against a proposed policy. */
export function createSimulationHandlers({
  deliveries,
  board,
  policies,
  routing,
  transports,
  hubZone,
}: SimulationHandlersOptions): Pick<ServiceHandlers<typeof ResilienceService>, 'simulatePolicy'> {
  let running = 0;
  return {
    async simulatePolicy({ policy, startTime, endTime, seed }, { signal }) {
      if (policy === undefined) throw invalidFields([{ field: 'policy', description: 'is required' }]);
      if (running >= simulationsMax) throw simulationRunning();
      running += 1;
      try {
        const simulation = await simulatePolicy({
          deliveries: deliveries.between(
            timestampFromProto(startTime) ?? 0,
            timestampFromProto(endTime) ?? Infinity,
            // One more than it takes, to see that there are more.
            simulatedDeliveriesMax + 1,
          ),
          policies: policies.policies,
          proposed: policyFromProto(policy),
          directory: routing,
          transports,
          hubZone: hubZone(),
          breakerHistory: board.history,
          // Both halves count, so that no two seeds that people try are the same.
          seed: Number((seed ^ (seed >> 32n)) & 0xffffffffn),
          signal,
        });
        return { simulation: simulationToProto(simulation) };
      } finally {
        running -= 1;
      }
    },
  };
}

function simulationRunning(): HubError {
  return new HubError({
    reason: 'CONCURRENCY_LIMITED',
    message: 'Another simulation is running on this hub, and there is one at a time; try again in a moment.',
    metadata: { limit: String(simulationsMax), limit_name: 'simulations' },
    retryAfterMs: 1000,
  });
}

function simulationToProto(simulation: PolicySimulation): MessageInitShape<typeof PolicySimulationSchema> {
  const { deliveries, matched, startTimeMs, endTimeMs, recorded, current, proposed } = simulation;
  return {
    deliveries,
    matched,
    ...optionalTimestamp('startTime', startTimeMs),
    ...optionalTimestamp('endTime', endTimeMs),
    recorded: outcomeToProto(recorded),
    current: outcomeToProto(current),
    proposed: outcomeToProto(proposed),
    assumptions: [...simulation.assumptions],
  };
}

function outcomeToProto({
  latencyMs,
  ...counts
}: DeliveriesOutcome): MessageInitShape<typeof SimulatedOutcomeSchema> {
  return {
    ...counts,
    reasons: { ...counts.reasons },
    latencyP50: durationToProto(latencyMs.p50),
    latencyP95: durationToProto(latencyMs.p95),
    latencyP99: durationToProto(latencyMs.p99),
  };
}
