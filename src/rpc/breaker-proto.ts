import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  BreakerState as BreakerStateProto,
  type BreakerSchema,
} from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import { optionalTimestamp, timestampToProto } from './proto-values.ts';

const statesToProto: Readonly<Record<BreakerSnapshot['state'], BreakerStateProto>> = {
  CLOSED: BreakerStateProto.CLOSED,
  OPEN: BreakerStateProto.OPEN,
  HALF_OPEN: BreakerStateProto.HALF_OPEN,
  FORCED_OPEN: BreakerStateProto.FORCED_OPEN,
};

export function breakerStateToProto(state: BreakerSnapshot['state']): BreakerStateProto {
  return statesToProto[state];
}

export function breakerToProto(breaker: BreakerSnapshot): MessageInitShape<typeof BreakerSchema> {
  return {
    systemId: breaker.systemId,
    interface: breaker.interface,
    state: statesToProto[breaker.state],
    stateTime: timestampToProto(breaker.stateTimeMs),
    failures: breaker.failures,
    ...optionalTimestamp('openUntilTime', breaker.openUntilMs),
    cause: breaker.cause,
  };
}
