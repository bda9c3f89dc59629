import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InterfaceHealthSchema, SystemHealthSchema } from '#gen/switchyard/health/v1/health_pb.js';
import type { HealthSummarySchema } from '#gen/switchyard/health/v1/health_service_pb.js';
import type { HealthSummary } from '../health/health-summary.ts';
import type { InterfaceHealth, SystemHealth } from '../health/system-health.ts';
import {
  healthStatusToProto,
  optionalDuration,
  optionalTimestamp,
  timestampToProto,
} from './proto-values.ts';

export function systemHealthToProto(health: SystemHealth): MessageInitShape<typeof SystemHealthSchema> {
  return {
    systemId: health.systemId,
    type: health.type,
    status: healthStatusToProto(health.status),
    statusTime: timestampToProto(health.statusTimeMs),
    ...optionalTimestamp('lastCheckTime', health.lastCheckTimeMs),
    ...optionalDuration('latency', health.latencyMs),
    errorRate: health.errorRate,
    cause: health.cause,
    interfaces: health.interfaces.map(interfaceHealthToProto),
  };
}

function interfaceHealthToProto(health: InterfaceHealth): MessageInitShape<typeof InterfaceHealthSchema> {
  return {
    name: health.name,
    status: healthStatusToProto(health.status),
    statusTime: timestampToProto(health.statusTimeMs),
    ...optionalTimestamp('lastCheckTime', health.lastCheckTimeMs),
    ...optionalDuration('latency', health.latencyMs),
    errorRate: health.errorRate,
    cause: health.cause,
    consecutiveFailures: health.consecutiveFailures,
  };
}

export function healthSummaryToProto(summary: HealthSummary): MessageInitShape<typeof HealthSummarySchema> {
  return {
    systems: summary.systems,
    byStatus: summary.byStatus.map(({ status, systems }) => ({
      status: healthStatusToProto(status),
      systems,
    })),
    notWell: summary.notWell.map(systemHealthToProto),
  };
}
