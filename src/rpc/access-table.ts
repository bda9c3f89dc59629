import { type DescMessage, isMessage, type Message, type MessageShape } from '@bufbuild/protobuf';
import { HealthCheckRequestSchema } from '#gen/standard/health/v1/health_pb.js';
import { ReportHealthRequestSchema } from '#gen/switchyard/health/v1/health_service_pb.js';
import { SendMessageRequestSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import {
  DeregisterSystemRequestSchema,
  RegisterSystemRequestSchema,
  RenewLeasesRequestSchema,
  UpdateSystemRequestSchema,
} from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Role } from '../security/role.ts';

/** Who may call a method. */
export interface AccessRule {
  /** Least role. */
  readonly role: Role;
  /** Systems that a request speaks for: the caller must be allowed to act as each of them. */
  readonly actsAs?: (request: Message) => readonly string[];
  /** A role whose holders need not be those systems. */
  readonly actsForAll?: Role;
  /** Why a request needs the role operator, although others of the method do not; undefined when it does not. */
  readonly operatorBecause?: (request: Message) => string | undefined;
  /** Whether a request is answered to anybody, known or not. */
  readonly open?: (request: Message) => boolean;
}

const readonly: AccessRule = { role: 'readonly' };
const operator: AccessRule = { role: 'operator' };
const admin: AccessRule = { role: 'admin' };

/** Registers, renews or removes systems: one's own, or any for an operator. */
function ownSystems(actsAs: (request: Message) => readonly string[]): AccessRule {
  return { role: 'sender', actsAs, actsForAll: 'operator' };
}

/**
 * Who may call what: one entry for every method that the hub serves. A method without one needs the role admin; a test
 * holds that there is none.
 */
export const accessTable: Readonly<Record<string, AccessRule>> = {
  'switchyard.registry.v1.RegistryService/RegisterSystem': {
    ...ownSystems(of(RegisterSystemRequestSchema, ({ system }) => idOf(system))),
    operatorBecause: of(RegisterSystemRequestSchema, ({ system }) => secretsIn(system)),
  },
  'switchyard.registry.v1.RegistryService/UpdateSystem': {
    ...ownSystems(of(UpdateSystemRequestSchema, ({ system }) => idOf(system))),
    operatorBecause: of(UpdateSystemRequestSchema, ({ system }) => secretsIn(system)),
  },
  'switchyard.registry.v1.RegistryService/DeregisterSystem': ownSystems(
    of(DeregisterSystemRequestSchema, ({ systemId }) => [systemId]),
  ),
  'switchyard.registry.v1.RegistryService/RenewLeases': ownSystems(
    of(RenewLeasesRequestSchema, ({ renewals }) => renewals.map(({ systemId }) => systemId)),
  ),
  'switchyard.registry.v1.RegistryService/GetSystem': readonly,
  'switchyard.registry.v1.RegistryService/ListSystems': readonly,
  'switchyard.registry.v1.RegistryService/WatchSystems': readonly,
  'switchyard.registry.v1.RegistryService/GetDependencies': readonly,
  'switchyard.registry.v1.RegistryService/GetImpact': readonly,
  'switchyard.registry.v1.RegistryService/ListCapabilities': readonly,
  'switchyard.registry.v1.RegistryService/GetRegistrySummary': readonly,
  'switchyard.registry.v1.RegistryService/ApplyCatalog': operator,
  'switchyard.registry.v1.RegistryService/ListCatalogs': readonly,
  'switchyard.registry.v1.RegistryService/ListVersions': readonly,
  'switchyard.registry.v1.RegistryService/GetCompatibility': readonly,

  'switchyard.messaging.v1.MessagingService/SendMessage': {
    role: 'sender',
    // For operators too: who reads `source` must be able to rely on it.
    actsAs: of(SendMessageRequestSchema, ({ message }) => given(message?.source)),
  },
  'switchyard.messaging.v1.MessagingService/ExplainRoute': readonly,
  'switchyard.messaging.v1.MessagingService/GetDelivery': readonly,

  // Probes targets at once, as often as it is called.
  'switchyard.health.v1.HealthService/CheckHealth': operator,
  'switchyard.health.v1.HealthService/GetHealth': readonly,
  'switchyard.health.v1.HealthService/ListHealth': readonly,
  'switchyard.health.v1.HealthService/WatchHealth': readonly,
  'switchyard.health.v1.HealthService/GetHealthSummary': readonly,
  'switchyard.health.v1.HealthService/ReportHealth': ownSystems(
    of(ReportHealthRequestSchema, ({ systemId }) => [systemId]),
  ),

  'switchyard.resilience.v1.ResilienceService/ListBreakers': readonly,
  'switchyard.resilience.v1.ResilienceService/WatchBreakers': readonly,
  'switchyard.resilience.v1.ResilienceService/TripBreaker': operator,
  'switchyard.resilience.v1.ResilienceService/ResetBreaker': operator,
  'switchyard.resilience.v1.ResilienceService/ListBreakerTransitions': readonly,
  'switchyard.resilience.v1.ResilienceService/ListPolicies': readonly,
  'switchyard.resilience.v1.ResilienceService/PutPolicy': admin,
  'switchyard.resilience.v1.ResilienceService/DeletePolicy': admin,
  'switchyard.resilience.v1.ResilienceService/SimulatePolicy': operator,
  'switchyard.resilience.v1.ResilienceService/InvalidateReplies': operator,
  'switchyard.resilience.v1.ResilienceService/GetPolicy': readonly,

  'switchyard.access.v1.AccessService/CreateKey': admin,
  'switchyard.access.v1.AccessService/ListKeys': admin,
  'switchyard.access.v1.AccessService/RevokeKey': admin,
  'switchyard.access.v1.AccessService/WhoAmI': readonly,

  // Whoever supervises the hub's process has no key; it learns as much from whether the port answers.
  'grpc.health.v1.Health/Check': {
    role: 'readonly',
    open: of(HealthCheckRequestSchema, ({ service }) => service === ''),
  },
  'grpc.health.v1.Health/List': readonly,
  'grpc.health.v1.Health/Watch': readonly,
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': readonly,
  'grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': readonly,
};

/** A question about requests of one kind, as the table keeps it. */
function of<D extends DescMessage, T>(
  schema: D,
  ask: (request: MessageShape<D>) => T,
): (request: Message) => T {
  return (request) => {
    if (!isMessage(request, schema))
      throw new TypeError(`an access rule for ${schema.typeName} got ${request.$typeName}`);
    return ask(request);
  };
}

function idOf(system: System | undefined): readonly string[] {
  return given(system?.id);
}

function given(id: string | undefined): readonly string[] {
  return id === undefined || id === '' ? [] : [id];
}

/**
 * A reference makes the hub read a secret and send it to the interface's URI. Whoever may choose both could have any
 * secret that the hub may read sent to a server of their own.
 */
function secretsIn(system: System | undefined): string | undefined {
  const holder = system?.interfaces.find(
    ({ settings, routes }) =>
      holdsSecretRef(settings) || routes.some(({ operation }) => holdsSecretRef(operation)),
  );
  return holder === undefined
    ? undefined
    : `the interface "${holder.name}" refers to a secret, which the hub would send to ${holder.uri}`;
}

/** Whether a JSON value holds `secret_ref` anywhere. The parser bounds its depth. */
function holdsSecretRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => key === 'secret_ref' || holdsSecretRef(inner));
}
