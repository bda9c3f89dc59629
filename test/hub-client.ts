import { type JsonValue, fromJson, toJson } from '@bufbuild/protobuf';
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { BadRequestSchema, ErrorInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { Refusal } from './journey.ts';

/** A client of every service of a hub, over the transport given. Default: gRPC. */
export function createHubClients(url: string, transport: Transport = createGrpcTransport({ baseUrl: url })) {
  return {
    registry: createClient(RegistryService, transport),
    messaging: createClient(MessagingService, transport),
    health: createClient(HealthService, transport),
    resilience: createClient(ResilienceService, transport),
  };
}

/** What a refused call says. Throws when the call is not refused, or fails otherwise than by a status. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  let error: unknown;
  try {
    await call;
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof ConnectError)) throw new Error('the call was not refused', { cause: error });
  const [info] = error.findDetails(ErrorInfoSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  return {
    code: codeName(error.code),
    message: error.rawMessage,
    reason: info?.reason ?? '',
    domain: info?.domain ?? '',
    metadata: info?.metadata ?? {},
    fields: (bad?.fieldViolations ?? []).map(({ field }) => field),
  };
}

/** The gRPC name of a code: `NotFound` is NOT_FOUND. */
export function codeName(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/** A google.protobuf.Value that holds this. */
export function jsonValue(json: JsonValue): Value {
  return fromJson(ValueSchema, json);
}

/** A payload as plain JSON; undefined unless it came as `json`. */
export function plainJson(payload: { case: string | undefined; value?: unknown } | undefined): unknown {
  return payload?.case === 'json' ? toJson(ValueSchema, payload.value as Value) : undefined;
}
