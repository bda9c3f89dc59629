import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type AttemptSchema,
  type DeliverySchema,
  DeliveryState as DeliveryStateProto,
  Verdict as VerdictProto,
} from '#gen/switchyard/messaging/v1/delivery_pb.js';
import type { Message as MessageProto, ReplySchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import type {
  Kind as KindProto,
  Priority as PriorityProto,
} from '#gen/switchyard/type/v1/message_kind_pb.js';
import { invalidFields } from '../base/error.ts';
import { createId } from '../base/id.ts';
import {
  type Message,
  type MessageKind,
  messageKinds,
  priorities,
  type Priority,
  type Reply,
} from '../base/message.ts';
import type { Verdict } from '../base/transport.ts';
import type { Attempt, Delivery, DeliveryState } from '../messaging/delivery.ts';
import { payloadFromProto, replyPayloadToProto } from './payload.ts';
import {
  durationFromProto,
  durationToProto,
  optionalDuration,
  optionalTimestamp,
  targetFromProto,
  timestampFromProto,
  timestampToProto,
} from './proto-values.ts';

/** What the hub knows about a message beside what the caller wrote. */
export interface Acceptance {
  readonly timeMs: number;
  readonly sender: string;
  readonly traceparent: string;
  readonly hops: number;
}

/** The domain's message. Its payload becomes bytes here, once. Throws INVALID_FIELD, PAYLOAD_TOO_LARGE. */
export function messageFromProto(proto: MessageProto, acceptance: Acceptance): Message {
  const target = targetFromProto(proto.target);
  if (target === undefined) throw invalidFields([{ field: 'message.target', description: 'is required' }]);
  const ttlMs = durationFromProto(proto.ttl);
  return {
    id: proto.id === '' ? createId() : proto.id,
    source: proto.source,
    target,
    kind: kindFromProto(proto.kind),
    type: proto.type,
    priority: priorityFromProto(proto.priority),
    createTimeMs: timestampFromProto(proto.createTime) ?? acceptance.timeMs,
    acceptTimeMs: acceptance.timeMs,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    correlationId: proto.correlationId,
    headers: proto.headers,
    ...payloadFromProto(proto.payload, proto.contentType),
    ...(proto.maxAttempts === 0 ? {} : { maxAttempts: proto.maxAttempts }),
    sender: acceptance.sender,
    traceparent: acceptance.traceparent,
    hops: acceptance.hops,
  };
}

/** REQUEST when unset. */
export function kindFromProto(kind: KindProto): MessageKind {
  // The enum's numbers are the list's places, from 1.
  return messageKinds[kind - 1] ?? 'REQUEST';
}

function priorityFromProto(priority: PriorityProto): Priority {
  return priorities[priority - 1] ?? 'NORMAL';
}

/** Most headers of a reply that a caller gets, by number and by bytes; more are left out. */
const replyHeaders = { max: 64, bytesMax: 16 * 1024 };

export function replyToProto(reply: Reply, wantJson: boolean): MessageInitShape<typeof ReplySchema> {
  const headers: Record<string, string> = {};
  let count = 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(reply.headers)) {
    count += 1;
    bytes += name.length + value.length;
    if (count > replyHeaders.max || bytes > replyHeaders.bytesMax) break;
    headers[name] = value;
  }
  return {
    status: reply.status,
    contentType: reply.contentType,
    headers,
    payload: replyPayloadToProto(reply, wantJson),
  };
}

const statesToProto: Readonly<Record<DeliveryState, DeliveryStateProto>> = {
  DELIVERING: DeliveryStateProto.DELIVERING,
  RETRYING: DeliveryStateProto.RETRYING,
  DELIVERED: DeliveryStateProto.DELIVERED,
  FAILED: DeliveryStateProto.FAILED,
  EXPIRED: DeliveryStateProto.EXPIRED,
  CANCELLED: DeliveryStateProto.CANCELLED,
};

const verdictsToProto: Readonly<Record<Verdict, VerdictProto>> = {
  OK: VerdictProto.OK,
  NOT_REACHED: VerdictProto.NOT_REACHED,
  NOT_EXECUTED: VerdictProto.NOT_EXECUTED,
  REJECTED: VerdictProto.REJECTED,
  MAY_HAVE_ACTED: VerdictProto.MAY_HAVE_ACTED,
};

/** `nowMs` is for the latency of a delivery that is still under way. */
export function deliveryToProto(delivery: Delivery, nowMs: number): MessageInitShape<typeof DeliverySchema> {
  return {
    id: delivery.id,
    messageId: delivery.messageId,
    state: statesToProto[delivery.state],
    systemId: delivery.systemId,
    attempts: delivery.attempts.map(attemptToProto),
    latency: durationToProto(delivery.latencyMs ?? Math.max(0, nowMs - delivery.acceptTimeMs)),
    traceId: delivery.traceId,
    panic: delivery.panic,
    reason: delivery.reason,
    ...optionalTimestamp('nextAttemptTime', delivery.nextAttemptTimeMs),
    policies: [...delivery.policies],
    fallbackUsed: delivery.fallbackUsed,
    cached: delivery.cached,
    ...optionalDuration('replyAge', delivery.replyAgeMs),
    stale: delivery.stale,
  };
}

function attemptToProto(attempt: Attempt): MessageInitShape<typeof AttemptSchema> {
  return {
    number: attempt.number,
    systemId: attempt.systemId,
    interface: attempt.interface,
    startTime: timestampToProto(attempt.startTimeMs),
    latency: durationToProto(attempt.latencyMs),
    verdict: verdictsToProto[attempt.verdict],
    status: attempt.status,
    reason: attempt.reason,
    detail: attempt.detail,
    ...optionalDuration('backoff', attempt.backoffMs),
    hedge: attempt.hedge,
    ...optionalDuration('queueTime', attempt.queueTimeMs === 0 ? undefined : attempt.queueTimeMs),
    fallback: attempt.fallback,
  };
}
