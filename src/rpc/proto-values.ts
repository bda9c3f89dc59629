import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Duration,
  DurationSchema,
  durationMs,
  type Timestamp,
  timestampFromMs,
  timestampMs,
} from '@bufbuild/protobuf/wkt';
import { HealthStatus as HealthStatusProto } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol as ProtocolProto } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety as RepeatSafetyProto } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { repeatSafeties, type RepeatSafety } from '../base/message.ts';
import type { Target as TargetProto, TargetSchema } from '#gen/switchyard/type/v1/target_pb.js';
import type { HealthStatus } from '../base/health-status.ts';
import type { Target } from '../base/target.ts';
import type { Protocol } from '../base/transport.ts';

/** A Duration of `ms`, which may have a fraction: rounded to whole microseconds. */
export function durationToProto(ms: number): Duration {
  const micros = Math.round(ms * 1000);
  const seconds = Math.trunc(micros / 1_000_000);
  // durationFromMs would hand a fraction of a nanosecond on, which no encoder takes.
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1000 });
}

/** Milliseconds of a Duration; undefined when unset. */
export function durationFromProto(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration);
}

/** Spreads into a message init as `{field: Duration}`, or as nothing when `ms` is undefined. */
export function optionalDuration<K extends string>(
  field: K,
  ms: number | undefined,
): { [P in K]?: Duration } {
  return (ms === undefined ? {} : { [field]: durationToProto(ms) }) as { [P in K]?: Duration };
}

/** Spreads into a message init as `{field: Timestamp}`, or as nothing when `ms` is undefined. */
export function optionalTimestamp<K extends string>(
  field: K,
  ms: number | undefined,
): { [P in K]?: Timestamp } {
  return (ms === undefined ? {} : { [field]: timestampFromMs(Math.floor(ms)) }) as { [P in K]?: Timestamp };
}

/** A Timestamp of an instant in epoch milliseconds. */
export function timestampToProto(ms: number): Timestamp {
  return timestampFromMs(Math.floor(ms));
}

/** Epoch milliseconds of a Timestamp; undefined when unset. */
export function timestampFromProto(timestamp: Timestamp | undefined): number | undefined {
  return timestamp === undefined ? undefined : timestampMs(timestamp);
}

/** The domain's target, or undefined when none of the three is set. */
export function targetFromProto(target: TargetProto | undefined): Target | undefined {
  switch (target?.target.case) {
    case 'systemId':
      return { by: 'system', systemId: target.target.value };
    case 'type':
      return { by: 'type', type: target.target.value };
    case 'capability':
      return { by: 'capability', capability: target.target.value };
    case undefined:
      return undefined;
  }
}

export function targetToProto(target: Target): MessageInitShape<typeof TargetSchema> {
  switch (target.by) {
    case 'system':
      return { target: { case: 'systemId', value: target.systemId } };
    case 'type':
      return { target: { case: 'type', value: target.type } };
    case 'capability':
      return { target: { case: 'capability', value: target.capability } };
  }
}

const statusesToProto: Record<HealthStatus, HealthStatusProto> = {
  UNKNOWN: HealthStatusProto.UNKNOWN,
  HEALTHY: HealthStatusProto.HEALTHY,
  DEGRADED: HealthStatusProto.DEGRADED,
  UNHEALTHY: HealthStatusProto.UNHEALTHY,
  FAILED: HealthStatusProto.FAILED,
  DISCONNECTED: HealthStatusProto.DISCONNECTED,
};
const statusesFromProto = invert(statusesToProto);

export function healthStatusToProto(status: HealthStatus): HealthStatusProto {
  return statusesToProto[status];
}

/** Undefined for UNSPECIFIED. */
export function healthStatusFromProto(status: HealthStatusProto): HealthStatus | undefined {
  return statusesFromProto.get(status);
}

const protocolsToProto: Record<Protocol, ProtocolProto> = {
  HTTP: ProtocolProto.HTTP,
  GRPC: ProtocolProto.GRPC,
  WEBSOCKET: ProtocolProto.WEBSOCKET,
  TCP: ProtocolProto.TCP,
  UDP: ProtocolProto.UDP,
  GRAPHQL: ProtocolProto.GRAPHQL,
  PLUGIN: ProtocolProto.PLUGIN,
};
const protocolsFromProto = invert(protocolsToProto);

export function protocolToProto(protocol: Protocol): ProtocolProto {
  return protocolsToProto[protocol];
}

/** Undefined for UNSPECIFIED. */
export function protocolFromProto(protocol: ProtocolProto): Protocol | undefined {
  return protocolsFromProto.get(protocol);
}

/** Undefined when unset. The enum's numbers are the list's places, from 1. */
export function repeatSafetyFromProto(safety: RepeatSafetyProto): RepeatSafety | undefined {
  return repeatSafeties[safety - 1];
}

export function repeatSafetyToProto(safety: RepeatSafety): RepeatSafetyProto {
  return RepeatSafetyProto[safety];
}

function invert<K extends string, V>(record: Record<K, V>): ReadonlyMap<V, K> {
  return new Map((Object.entries(record) as [K, V][]).map(([key, value]) => [value, key]));
}
