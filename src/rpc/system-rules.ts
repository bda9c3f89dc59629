import { z, type ZodType } from 'zod';
import {
  HealthCheck_KindSchema,
  type Interface as InterfaceProto,
  type Route as RouteProto,
} from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatusSchema } from '#gen/switchyard/type/v1/health_status_pb.js';
import { ProtocolSchema } from '#gen/switchyard/type/v1/protocol_pb.js';
import { RepeatSafetySchema } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { type CheckEndpoint, checkInterface } from '../registry/endpoint.ts';
import {
  definedEnum,
  duration,
  labels,
  list,
  pattern,
  required,
  rule,
  slug,
  slugPrefix,
  struct,
  target,
  text,
  wholeNumber,
} from './field-rules.ts';
import { protocolFromProto } from './proto-values.ts';
import { healthCheckFromProto, routeFromProto, type SystemChangePath } from './system-proto.ts';

/** Routes of one interface. */
export const routesMax = 200;

/** Longest settings of an interface, operation of a route and configuration of a system, in bytes as JSON. */
export const settingsBytesMax = 16 * 1024;
export const operationBytesMax = 16 * 1024;
export const configurationBytesMax = 64 * 1024;

/** The rules of each field of a system that callers set, beside its id. */
export function systemFieldRules(checkEndpoint: CheckEndpoint): Readonly<Record<SystemChangePath, ZodType>> {
  return {
    type: slug(),
    name: text({ charactersMax: 200, required: true }),
    version: text({ charactersMax: 64, required: true }),
    capabilities: list<string>(slug(), { max: 100, uniqueBy: (name) => name }),
    dependencies: list(z.object({ target: required(target()) }), { max: 100 }),
    interfaces: list<InterfaceProto>(interfaceRules(checkEndpoint), {
      min: 1,
      max: 16,
      uniqueBy: ({ name }) => name,
    }),
    configuration: finiteStruct(configurationBytesMax),
    labels: labels(),
    weight: wholeNumber({ min: 1, max: 1000, zeroUnset: true }),
    zone: text({ charactersMax: 64 }),
    owner: text({ charactersMax: 200 }),
  };
}

/** The rules of a SystemFilter, which may be unset. */
export function systemFilterRules(): ZodType {
  return z
    .object({
      types: list(slug(), { max: 100 }),
      capabilities: list(slug(), { max: 100 }),
      protocols: list(definedEnum(ProtocolSchema, { unspecified: 'refused' }), { max: 100 }),
      statuses: list(definedEnum(HealthStatusSchema), { max: 100 }),
      labels: labels(),
      zone: text({ charactersMax: 64 }),
      idPrefix: slugPrefix(),
      text: text({ charactersMax: 200 }),
      owner: text({ charactersMax: 200 }),
    })
    .optional();
}

function interfaceRules(checkEndpoint: CheckEndpoint): ZodType {
  return z
    .looseObject({
      name: slug(),
      protocol: definedEnum(ProtocolSchema),
      settings: finiteStruct(settingsBytesMax),
      healthCheck: healthCheckRules.optional(),
      routes: list<RouteProto>(routeRules, { max: routesMax, uniqueBy: ({ messageType }) => messageType }),
    })
    .superRefine((checked, context) => {
      const proto = checked as unknown as InterfaceProto;
      const violations = checkInterface(
        {
          protocol: protocolFromProto(proto.protocol),
          uri: proto.uri,
          settings: proto.settings ?? {},
          healthCheck: healthCheckFromProto(proto.healthCheck),
          routes: proto.routes.map(routeFromProto),
        },
        { checkEndpoint },
      );
      for (const { path, message } of violations) {
        const [first = '', ...rest] = pathSteps(path);
        context.addIssue({
          code: 'custom',
          path: [first === 'health_check' ? 'healthCheck' : first, ...rest],
          message,
          // The texts say what was found, as far as it may be shown: URIs and settings can hold a secret.
          params: { found: '' },
        });
      }
    });
}

/** `routes[2].operation.path` as steps; numbers are indexes. */
function pathSteps(path: string): (string | number)[] {
  return path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

const routeRules = z.looseObject({
  messageType: pattern({
    pattern: /^(\*|[^\s*]+(\.\*)?)$/,
    form: 'a message type, a prefix such as pets.*, or * for all others',
    bytesMax: 128,
    required: true,
  }),
  operation: finiteStruct(operationBytesMax),
  repeatSafety: definedEnum(RepeatSafetySchema),
});

const healthCheckRules = z.looseObject({
  kind: definedEnum(HealthCheck_KindSchema),
  path: bytesAtMost(1024),
  service: bytesAtMost(256),
  interval: duration({ minMs: 1000, maxMs: 3_600_000 }),
  timeout: duration({ minMs: 10, maxMs: 60_000 }),
});

function bytesAtMost(bytesMax: number): ZodType<string> {
  return rule((value) =>
    Buffer.byteLength(value) <= bytesMax ? undefined : `must be at most ${bytesMax} bytes`,
  );
}

/** A Struct that JSON can hold: over binary protobuf it may have NaN and infinities, which would come back as null. */
function finiteStruct(bytesMax: number): ZodType {
  return struct({ bytesMax }).superRefine((value, context) => {
    if (isFiniteThroughout(value)) return;
    context.addIssue({
      code: 'custom',
      message: 'must hold finite numbers only',
      params: { found: 'NaN or an infinity' },
    });
  });
}

function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFiniteThroughout);
}
