import { fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { create, type DescMethod } from '@bufbuild/protobuf';
import type { Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { HealthService, type WatchHealthResponse } from '#gen/switchyard/health/v1/health_service_pb.js';
import { DeliveryState, Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import {
  MessagingService,
  type SendMessageResponse,
} from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { createHubClients, jsonValue, plainJson, refusalOf } from './hub-client.ts';
import { type HttpTarget, startHttpTarget } from './http-target.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { expectJourney, type Journey, journeyIds, journeyPayload, type Refusal } from './journey.ts';

let hub: HubProcess;
let target: HttpTarget;
beforeAll(async () => {
  [hub, target] = await Promise.all([startHub(), startHttpTarget()]);
});
afterAll(async () => {
  await Promise.all([hub.dispose(), target.close()]);
});

const system = (id: string) => ({
  id,
  type: 'interop',
  name: 'Interop',
  version: '1.0.0',
  interfaces: [{ name: 'main', uri: target.uri }],
});
const wrongSystem = { id: 'Not A Slug', name: 'n', version: '1' };
const greeting = (systemId: string) => ({
  type: 'greeting',
  target: { target: { case: 'systemId' as const, value: systemId } },
  payload: { case: 'json' as const, value: jsonValue(journeyPayload) },
});

function sentOf({ reply, delivery }: SendMessageResponse): Journey['sent'] {
  return {
    status: reply?.status ?? '',
    payload: plainJson(reply?.payload),
    state: `DELIVERY_STATE_${DeliveryState[delivery?.state ?? 0]}`,
    attempts: (delivery?.attempts ?? []).map((attempt) => ({
      systemId: attempt.systemId,
      interface: attempt.interface,
      verdict: `VERDICT_${Verdict[attempt.verdict]}`,
    })),
  };
}

/** Reads a watch until it has a whole snapshot and a bookmark. */
async function readSnapshot(
  events: AsyncIterable<WatchHealthResponse>,
): Promise<{ ids: string[]; token: string }> {
  const ids: string[] = [];
  let last = false;
  for await (const { event } of events) {
    if (event.case === 'snapshot') {
      ids.push(...event.value.items.map((item) => item.systemId));
      last ||= event.value.last;
    }
    if (event.case === 'bookmark' && last) return { ids, token: event.value.resumeToken };
  }
  throw new Error('the watch ended before its bookmark');
}

/** Reads a resumed watch until an event holds the system. */
async function readUntil(
  events: AsyncIterable<WatchHealthResponse>,
  systemId: string,
): Promise<{ kinds: string[]; ids: string[] }> {
  const kinds: string[] = [];
  const ids: string[] = [];
  for await (const { event } of events) {
    kinds.push(event.case ?? '');
    if (event.case === 'update' || event.case === 'snapshot') {
      ids.push(...event.value.items.map((item) => item.systemId));
    }
    if (ids.includes(systemId)) return { kinds, ids };
  }
  throw new Error(`the watch ended before ${systemId} came`);
}

describe('connect-node', () => {
  const wires: [name: string, transport: (baseUrl: string) => Transport][] = [
    ['grpc', (baseUrl) => createGrpcTransport({ baseUrl })],
    ['grpcweb1', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['grpcweb2', (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
    ['connect1', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    ['connect2', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true })],
    ['connectget', (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useHttpGet: true })],
  ];
  test.for(wires)('gets through by %s', async ([prefix, transport]) => {
    const { registry, messaging, health } = createHubClients(hub.url, transport(hub.url));
    const ids = journeyIds(prefix);
    const filter = { idPrefix: `${prefix}.` };

    const registered = await registry.registerSystem({ system: system(ids.first) });
    const sent = sentOf(await messaging.sendMessage({ message: greeting(ids.first) }));
    const notFound = await refusalOf(registry.getSystem({ systemId: ids.nobody }));
    const invalid = await refusalOf(registry.registerSystem({ system: wrongSystem }));
    const snapshot = await readSnapshot(health.watchHealth({ filter }));
    await registry.registerSystem({ system: system(ids.late) });
    const resumed = await readUntil(health.watchHealth({ filter, resumeToken: snapshot.token }), ids.late);

    expectJourney(
      {
        registered: { id: registered.system?.id ?? '', registrationId: registered.registrationId },
        sent,
        notFound,
        invalid,
        watch: {
          snapshotIds: snapshot.ids,
          token: snapshot.token,
          resumedKinds: resumed.kinds,
          resumedIds: resumed.ids,
        },
      },
      prefix,
    );
  });
});

describe('grpc-js', () => {
  let client: grpc.Client;
  beforeAll(() => {
    client = new grpc.Client(hub.address, grpc.credentials.createInsecure());
  });
  afterAll(() => client.close());

  function unary<M extends DescMethod>(
    method: M,
    request: MessageInitShape<M['input']>,
  ): Promise<MessageShape<M['output']>> {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        pathOf(method),
        (message: MessageShape<M['input']>) => Buffer.from(toBinary(method.input, message)),
        (bytes) => fromBinary(method.output, bytes) as MessageShape<M['output']>,
        create(method.input, request) as MessageShape<M['input']>,
        new grpc.Metadata(),
        { deadline: Date.now() + 20_000 },
        (error, response) => {
          if (error !== null) reject(error);
          else resolve(response!);
        },
      );
    });
  }
  async function* watch(
    request: MessageInitShape<typeof HealthService.method.watchHealth.input>,
  ): AsyncGenerator<WatchHealthResponse> {
    const method = HealthService.method.watchHealth;
    const stream = client.makeServerStreamRequest(
      pathOf(method),
      (message: MessageShape<typeof method.input>) => Buffer.from(toBinary(method.input, message)),
      (bytes) => fromBinary(method.output, bytes),
      create(method.input, request),
      new grpc.Metadata(),
      { deadline: Date.now() + 20_000 },
    );
    // Ending the iteration cancels the call, which grpc-js also tells as an error event.
    stream.on('error', () => undefined);
    try {
      for await (const event of stream) yield event as WatchHealthResponse;
    } finally {
      stream.cancel();
    }
  }
  async function refusedBy(call: Promise<unknown>): Promise<Refusal> {
    const error = await call.then(
      () => {
        throw new Error('the call was not refused');
      },
      (thrown: unknown) => thrown as grpc.ServiceError,
    );
    const status = statusOf(error);
    const unpack = <T>(name: string, read: (bytes: Uint8Array) => T): T | undefined => {
      const detail = status.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${name}`);
      return detail === undefined ? undefined : read(detail.value);
    };
    const info = unpack(ErrorInfoSchema.typeName, (bytes) => fromBinary(ErrorInfoSchema, bytes));
    const bad = unpack(BadRequestSchema.typeName, (bytes) => fromBinary(BadRequestSchema, bytes));
    return {
      code: grpc.status[error.code],
      message: error.details,
      reason: info?.reason ?? '',
      domain: info?.domain ?? '',
      metadata: info?.metadata ?? {},
      fields: (bad?.fieldViolations ?? []).map(({ field }) => field),
    };
  }

  test('gets through', async () => {
    const ids = journeyIds('grpcjs');
    const filter = { idPrefix: 'grpcjs.' };
    const { registerSystem, getSystem } = RegistryService.method;

    const registered = await unary(registerSystem, { system: system(ids.first) });
    const sent = sentOf(await unary(MessagingService.method.sendMessage, { message: greeting(ids.first) }));
    const notFound = await refusedBy(unary(getSystem, { systemId: ids.nobody }));
    const invalid = await refusedBy(unary(registerSystem, { system: wrongSystem }));
    const snapshot = await readSnapshot(watch({ filter }));
    await unary(registerSystem, { system: system(ids.late) });
    const resumed = await readUntil(watch({ filter, resumeToken: snapshot.token }), ids.late);

    expectJourney(
      {
        registered: { id: registered.system?.id ?? '', registrationId: registered.registrationId },
        sent,
        notFound,
        invalid,
        watch: {
          snapshotIds: snapshot.ids,
          token: snapshot.token,
          resumedKinds: resumed.kinds,
          resumedIds: resumed.ids,
        },
      },
      'grpcjs',
    );
  });

  test('shows the text of an error as the hub wrote it', async () => {
    const call = unary(RegistryService.method.getSystem, { systemId: 'Grüße: 100%41 "quoted", (a;b) \\ ~' });
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown as grpc.ServiceError,
    );
    // The details are binary, so nothing can mangle the text there.
    const { message } = statusOf(error!);
    expect(error!.details).toBe(message);
    expect(message).toMatch(/:/);
    expect(message).not.toMatch(/%[23]/);
  });
});

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function statusOf(error: grpc.ServiceError) {
  const [packed] = error.metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(packed))
    throw new Error(`the error has no details: ${error.message}`, { cause: error });
  return fromBinary(StatusSchema, packed);
}
