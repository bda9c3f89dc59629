import { create } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { HealthCheck_Kind, SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import type {
  Dependency,
  HealthCheck,
  Interface,
  Route,
  System,
} from '#gen/switchyard/registry/v1/system_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { formatDuration } from '../base/duration-text.ts';
import type { SystemSettings } from './system-file.ts';
import { parseTargetText } from './target-text.ts';

/** The contract's System of a system in a file. */
export function systemToProto(system: SystemSettings): System {
  return create(SystemSchema, {
    id: system.id,
    type: system.type,
    name: system.name,
    version: system.version,
    capabilities: system.capabilities ?? [],
    dependencies: (system.dependencies ?? []).map((dependency) => {
      const { target, optional } =
        typeof dependency === 'string' ? { target: dependency, optional: false } : dependency;
      return { target: { target: targetToProto(target) }, optional: optional ?? false };
    }),
    interfaces: interfacesOf(system).map(({ name, ...rest }) => ({
      name,
      protocol: rest.protocol === undefined ? Protocol.UNSPECIFIED : Protocol[rest.protocol],
      uri: rest.uri,
      ...(rest.settings !== undefined && { settings: rest.settings as JsonObject }),
      ...(rest.health_check !== undefined && { healthCheck: healthCheckToProto(rest.health_check) }),
      routes: (rest.routes ?? []).map((route) => ({
        messageType: route.message_type,
        ...(route.operation !== undefined && { operation: route.operation as JsonObject }),
        repeatSafety: RepeatSafety[route.repeat_safety ?? 'UNSPECIFIED'],
      })),
    })),
    ...(system.configuration !== undefined && { configuration: system.configuration as JsonObject }),
    labels: system.labels ?? {},
    weight: system.weight ?? 0,
    zone: system.zone ?? '',
    owner: system.owner ?? '',
  });
}

/** A system as a file spells it, without what is unset or output only; ready for YAML. */
export function systemToSettings(system: System): JsonObject {
  return withoutUnset({
    id: system.id,
    type: system.type,
    name: system.name,
    version: system.version,
    capabilities: system.capabilities,
    dependencies: system.dependencies.map(dependencyToSettings),
    interfaces: system.interfaces.map(interfaceToSettings),
    configuration: system.configuration,
    labels: system.labels,
    weight: system.weight,
    zone: system.zone,
    owner: system.owner,
  });
}

/** Without fields that are undefined, empty or zero: what the contract takes for unset. */
export function withoutUnset(value: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => {
      if (field === undefined || field === '' || field === 0 || field === false) return false;
      return typeof field !== 'object' || field === null || Object.keys(field).length > 0;
    }),
  ) as JsonObject;
}

/** A Duration as files spell it; undefined when unset. */
export function durationToText(duration: Duration | undefined): string | undefined {
  return duration === undefined ? undefined : formatDuration(durationMs(duration));
}

type InterfaceSettings = Extract<SystemSettings['interfaces'], readonly unknown[]>[number];

function interfacesOf({ interfaces }: SystemSettings): readonly InterfaceSettings[] {
  if (Array.isArray(interfaces)) return interfaces;
  return Object.entries(interfaces).map(([name, value]) =>
    typeof value === 'string' ? { name, uri: value } : { name, ...value },
  );
}

type TargetSettings = Exclude<NonNullable<SystemSettings['dependencies']>[number], string>['target'];

function targetToProto(target: TargetSettings) {
  if (typeof target === 'string') return parseTargetText(target) ?? { case: undefined };
  if (target.system_id !== undefined) return { case: 'systemId' as const, value: target.system_id };
  if (target.type !== undefined) return { case: 'type' as const, value: target.type };
  return { case: 'capability' as const, value: target.capability ?? '' };
}

function healthCheckToProto(check: NonNullable<InterfaceSettings['health_check']>) {
  return {
    kind: HealthCheck_Kind[check.kind ?? 'UNSPECIFIED'],
    path: check.path ?? '',
    service: check.service ?? '',
    ...(check.interval !== undefined && { interval: durationFromMs(check.interval) }),
    ...(check.timeout !== undefined && { timeout: durationFromMs(check.timeout) }),
  };
}

function dependencyToSettings({ target, optional }: Dependency): unknown {
  const choice = target?.target;
  if (choice?.case === undefined) return '';
  const text = choice.case === 'systemId' ? choice.value : `${choice.case}:${choice.value}`;
  return optional ? { target: text, optional } : text;
}

function interfaceToSettings(each: Interface): JsonObject {
  return withoutUnset({
    name: each.name,
    protocol: each.protocol === Protocol.UNSPECIFIED ? undefined : Protocol[each.protocol],
    uri: each.uri,
    settings: each.settings,
    health_check: each.healthCheck && healthCheckToSettings(each.healthCheck),
    routes: each.routes.map(routeToSettings),
  });
}

function healthCheckToSettings(check: HealthCheck): JsonObject {
  return withoutUnset({
    kind: check.kind === HealthCheck_Kind.UNSPECIFIED ? undefined : HealthCheck_Kind[check.kind],
    path: check.path,
    service: check.service,
    interval: durationToText(check.interval),
    timeout: durationToText(check.timeout),
  });
}

function routeToSettings(route: Route): JsonObject {
  return withoutUnset({
    message_type: route.messageType,
    operation: route.operation,
    repeat_safety:
      route.repeatSafety === RepeatSafety.UNSPECIFIED ? undefined : RepeatSafety[route.repeatSafety],
  });
}
