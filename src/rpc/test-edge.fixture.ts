import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { z } from 'zod';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { systemClock } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { defineService, type RequestSchemas, type ServiceHandlers } from './call.ts';
import { createEdge, type Edge, type EdgeOptions } from './edge.ts';
import * as rules from './field-rules.ts';
import type { AnyServiceDefinition } from './pipeline.ts';

/** The edge on a free port with a RegistryService whose handlers the test gives; others throw. */
export interface TestEdge {
  readonly edge: Edge;
  readonly metrics: Metrics;
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function startTestEdge(
  handlers: Partial<ServiceHandlers<typeof RegistryService>> = {},
  options: Partial<EdgeOptions> = {},
): Promise<TestEdge> {
  const metrics = createMetrics({ runtime: false });
  const edge = createEdge({
    services: [fakeRegistry(handlers)],
    clock: systemClock,
    logger: silentLogger,
    metrics,
    systems: { serving: () => undefined, all: () => [], watch: async function* () {} },
    ...options,
  });
  const { port } = await edge.listen('127.0.0.1', 0);
  edge.setReady(true);
  return {
    edge,
    metrics,
    port,
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      await edge.drain(0);
    },
  };
}

export function fakeRegistry(
  handlers: Partial<ServiceHandlers<typeof RegistryService>>,
): AnyServiceDefinition {
  const notFaked = (): never => {
    throw new HubError({ reason: 'INTERNAL', message: 'the test gave no handler' });
  };
  const methods = RegistryService.methods.map(({ localName }) => localName);
  return defineService<typeof RegistryService>({
    service: RegistryService,
    schemas: {
      ...(Object.fromEntries(methods.map((name) => [name, z.unknown()])) as unknown as RequestSchemas<
        typeof RegistryService
      >),
      getSystem: z.object({ systemId: rules.slug() }),
      registerSystem: z.object({
        system: rules.required(
          z.object({
            id: rules.slug(),
            name: rules.text({ charactersMax: 20, required: true }),
            interfaces: rules.list(z.object({ name: rules.slug() }), { min: 1, max: 16 }),
          }),
        ),
      }),
    },
    handlers: {
      ...(Object.fromEntries(methods.map((name) => [name, notFaked])) as unknown as ServiceHandlers<
        typeof RegistryService
      >),
      ...handlers,
    },
  });
}

/** A grpc-js client of a port; close it. */
export function grpcJsClient(port: number, options: Record<string, string | number> = {}): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    ...options,
  });
}

/** Calls a unary method with grpc-js; rejects with its ServiceError. */
export function grpcJsUnary<M extends DescMethod>(
  client: Client,
  method: M,
  request: MessageInitShape<M['input']>,
  options: { deadlineMs?: number } = {},
): Promise<MessageShape<M['output']>> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: MessageShape<M['input']>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<M['output']>,
      create(method.input, request) as MessageShape<M['input']>,
      new Metadata(),
      options.deadlineMs === undefined ? {} : { deadline: systemClock.now() + options.deadlineMs },
      (error: ServiceError | null, response?: MessageShape<M['output']>) => {
        if (response === undefined) reject(error ?? new Error('neither error nor response'));
        else resolve(response);
      },
    );
  });
}

/** Opens a server stream with grpc-js. */
export function grpcJsStream<M extends DescMethod>(
  client: Client,
  method: M,
  request: MessageInitShape<M['input']>,
) {
  return client.makeServerStreamRequest(
    `/${method.parent.typeName}/${method.name}`,
    (message: MessageShape<M['input']>) => Buffer.from(toBinary(method.input, message)),
    (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<M['output']>,
    create(method.input, request) as MessageShape<M['input']>,
  );
}
