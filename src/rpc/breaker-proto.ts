import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  BreakerState as BreakerStateProto,
  type BreakerSchema,
  type BreakerTransitionSchema,
} from '#gen/switchyard/resilience/v1/breaker_pb.js';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { BreakerTransition } from '../resilience/breaker-history.ts';
import type { ForcedKind } from '../resilience/breaker-state.ts';
import { optionalTimestamp, timestampToProto } from './proto-values.ts';

const statesToProto: Readonly<Record<BreakerSnapshot['state'], BreakerStateProto>> = {
  CLOSED: BreakerStateProto.CLOSED,
  OPEN: BreakerStateProto.OPEN,
  HALF_OPEN: BreakerStateProto.HALF_OPEN,
  FORCED_OPEN: BreakerStateProto.FORCED_OPEN,
  FORCED_CLOSED: BreakerStateProto.FORCED_CLOSED,
};

export function breakerStateToProto(state: BreakerSnapshot['state']): BreakerStateProto {
  return statesToProto[state];
}

/** The state that TripBreaker asks for; FORCED_OPEN when it names none. */
export function forcedKindFromProto(state: BreakerStateProto): ForcedKind {
  return state === BreakerStateProto.FORCED_CLOSED ? 'FORCED_CLOSED' : 'FORCED_OPEN';
}

export function breakerToProto(breaker: BreakerSnapshot): MessageInitShape<typeof BreakerSchema> {
  return {
    systemId: breaker.systemId,
    interface: breaker.interface,
    messageType: breaker.messageType,
    state: statesToProto[breaker.state],
    stateTime: timestampToProto(breaker.stateTimeMs),
    failures: breaker.failures,
    ...optionalTimestamp('openUntilTime', breaker.openUntilMs),
    cause: breaker.cause,
  };
}

export function breakerTransitionToProto(
  transition: BreakerTransition,
): MessageInitShape<typeof BreakerTransitionSchema> {
  return {
    systemId: transition.systemId,
    interface: transition.interface,
    messageType: transition.messageType,
    from: statesToProto[transition.from],
    to: statesToProto[transition.to],
    time: timestampToProto(transition.timeMs),
    cause: transition.cause,
  };
}
