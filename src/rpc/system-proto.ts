import type { JsonObject as ProtoJsonObject, MessageInitShape } from '@bufbuild/protobuf';
import {
  type HealthCheck as HealthCheckProto,
  HealthCheck_Kind as KindProto,
  type HealthCheckSchema,
  type Interface as InterfaceProto,
  type InterfaceSchema,
  type LeaseSchema,
  type Route as RouteProto,
  type RouteSchema,
  type System as SystemProto,
  type SystemFilter as SystemFilterProto,
  type SystemSchema,
} from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus as HealthStatusProto } from '#gen/switchyard/type/v1/health_status_pb.js';
import { invalidFields } from '../base/error.ts';
import { type HealthCheck, type HealthCheckKind, healthCheckKinds } from '../base/transport.ts';
import { parseInterfaceUri } from '../registry/interface-uri.ts';
import { everySystem, type SystemFilterSpec } from '../registry/system-filter.ts';
import type {
  Dependency,
  JsonObject,
  Lease,
  System,
  SystemChange,
  SystemInterface,
  SystemRoute,
  SystemSpec,
} from '../registry/system.ts';
import {
  durationFromProto,
  durationToProto,
  healthStatusFromProto,
  optionalDuration,
  protocolFromProto,
  protocolToProto,
  repeatSafetyFromProto,
  repeatSafetyToProto,
  targetFromProto,
  targetToProto,
  timestampToProto,
} from './proto-values.ts';

/** Fields of a system that UpdateSystem may change, as its mask names them. */
export const systemChangePaths = [
  'type',
  'name',
  'version',
  'capabilities',
  'dependencies',
  'interfaces',
  'configuration',
  'labels',
  'weight',
  'zone',
  'owner',
] as const;
export type SystemChangePath = (typeof systemChangePaths)[number];

/**
 * What a caller declares, with defaults filled in and output-only fields left behind. The message must have passed
 * the rules of system-rules.ts.
 */
export function systemSpecFromProto(proto: SystemProto): SystemSpec {
  return {
    id: proto.id,
    type: proto.type,
    name: proto.name,
    version: proto.version,
    capabilities: [...proto.capabilities],
    dependencies: proto.dependencies.flatMap(({ target, optional }): Dependency[] => {
      const domainTarget = targetFromProto(target);
      return domainTarget === undefined ? [] : [{ target: domainTarget, optional }];
    }),
    interfaces: proto.interfaces.map(interfaceFromProto),
    configuration: proto.configuration ?? {},
    labels: { ...proto.labels },
    weight: proto.weight === 0 ? 1 : proto.weight,
    zone: proto.zone,
    owner: proto.owner,
  };
}

/** The fields of a system that `paths` names; paths of other fields are left out. */
export function systemChangeFromProto(proto: SystemProto, paths: readonly string[]): SystemChange {
  const spec = systemSpecFromProto(proto);
  const named = systemChangePaths.filter((path) => paths.includes(path));
  return Object.fromEntries(named.map((path) => [path, spec[path]]));
}

/** The record as callers see it: without the registration id, which is known to the registrant alone. */
export function systemToProto(system: System): MessageInitShape<typeof SystemSchema> {
  return {
    id: system.id,
    type: system.type,
    name: system.name,
    version: system.version,
    capabilities: [...system.capabilities],
    dependencies: system.dependencies.map(({ target, optional }) => ({
      target: targetToProto(target),
      optional,
    })),
    interfaces: system.interfaces.map(interfaceToProto),
    ...structToProto('configuration', system.configuration),
    labels: { ...system.labels },
    weight: system.weight,
    zone: system.zone,
    owner: system.owner,
    etag: system.etag,
    createTime: timestampToProto(system.createTimeMs),
    updateTime: timestampToProto(system.updateTimeMs),
    ...(system.lease === undefined ? {} : { lease: leaseToProto(system.lease) }),
  };
}

export function leaseToProto(lease: Lease): MessageInitShape<typeof LeaseSchema> {
  return {
    ttl: durationToProto(lease.ttlMs),
    expireTime: timestampToProto(lease.expireTimeMs),
    expired: lease.expired,
  };
}

/** The filter of a request; every system when unset. A status UNSPECIFIED among the statuses means any. */
export function systemFilterFromProto(proto: SystemFilterProto | undefined): SystemFilterSpec {
  if (proto === undefined) return everySystem;
  return {
    types: [...proto.types],
    capabilities: [...proto.capabilities],
    protocols: definedOf(proto.protocols.map(protocolFromProto)),
    statuses: proto.statuses.includes(HealthStatusProto.UNSPECIFIED)
      ? []
      : definedOf(proto.statuses.map(healthStatusFromProto)),
    labels: { ...proto.labels },
    zone: proto.zone,
    owner: proto.owner,
    idPrefix: proto.idPrefix,
    text: proto.text,
  };
}

const kindsToProto: Readonly<Record<HealthCheckKind, KindProto>> = {
  AUTO: KindProto.UNSPECIFIED,
  HTTP: KindProto.HTTP,
  GRPC: KindProto.GRPC,
  TCP: KindProto.TCP,
  NONE: KindProto.NONE,
};

/** The health check of an interface; unset is the protocol's own way. */
export function healthCheckFromProto(proto: HealthCheckProto | undefined): HealthCheck {
  const intervalMs = wholeMs(durationFromProto(proto?.interval));
  const timeoutMs = wholeMs(durationFromProto(proto?.timeout));
  return {
    kind: healthCheckKinds.find((kind) => kindsToProto[kind] === proto?.kind) ?? 'AUTO',
    path: proto?.path ?? '',
    service: proto?.service ?? '',
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** Milliseconds without a fraction: finer than that nothing is kept. */
export function wholeMs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

function interfaceFromProto(proto: InterfaceProto): SystemInterface {
  const declared = protocolFromProto(proto.protocol);
  const uri = parseInterfaceUri(proto.uri, declared);
  const protocol = declared ?? (uri.ok ? uri.protocol : undefined);
  if (protocol === undefined) {
    throw invalidFields([
      { field: 'system.interfaces.uri', description: uri.ok ? 'has no protocol' : uri.message },
    ]);
  }
  return {
    name: proto.name,
    protocol,
    uri: proto.uri,
    settings: proto.settings ?? {},
    healthCheck: healthCheckFromProto(proto.healthCheck),
    routes: proto.routes.map(routeFromProto),
  };
}

export function routeFromProto(proto: RouteProto): SystemRoute {
  return {
    messageType: proto.messageType,
    operation: proto.operation ?? {},
    repeatSafety: repeatSafetyFromProto(proto.repeatSafety),
  };
}

function routeToProto(route: SystemRoute): MessageInitShape<typeof RouteSchema> {
  return {
    messageType: route.messageType,
    ...structToProto('operation', route.operation),
    ...(route.repeatSafety === undefined ? {} : { repeatSafety: repeatSafetyToProto(route.repeatSafety) }),
  };
}

function interfaceToProto(declared: SystemInterface): MessageInitShape<typeof InterfaceSchema> {
  const healthCheck = healthCheckToProto(declared.healthCheck);
  return {
    name: declared.name,
    protocol: protocolToProto(declared.protocol),
    uri: declared.uri,
    ...structToProto('settings', declared.settings),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    routes: declared.routes.map(routeToProto),
  };
}

/** Undefined for the health check that an interface has when it says nothing. */
function healthCheckToProto(check: HealthCheck): MessageInitShape<typeof HealthCheckSchema> | undefined {
  const { kind, path, service, intervalMs, timeoutMs } = check;
  if (
    kind === 'AUTO' &&
    path === '' &&
    service === '' &&
    intervalMs === undefined &&
    timeoutMs === undefined
  ) {
    return undefined;
  }
  return {
    kind: kindsToProto[kind],
    path,
    service,
    ...optionalDuration('interval', intervalMs),
    ...optionalDuration('timeout', timeoutMs),
  };
}

/** Spreads a Struct field, unset when it is empty. Nothing changes what is in it. */
function structToProto<K extends string>(field: K, value: JsonObject): { [P in K]?: ProtoJsonObject } {
  return (Object.keys(value).length === 0 ? {} : { [field]: value }) as { [P in K]?: ProtoJsonObject };
}

function definedOf<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value): value is T => value !== undefined);
}
