import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ServerReflection,
  type ServerReflectionRequest,
} from '#gen/standard/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as ServerReflectionAlpha } from '#gen/standard/grpc/reflection/v1alpha/reflection_pb.js';
import { startTestEdge, type TestEdge } from './test-edge.fixture.ts';

let hub: TestEdge;
beforeAll(async () => {
  hub = await startTestEdge({ getSystem: async ({ systemId }) => ({ system: { id: systemId } }) });
});
afterAll(() => hub.stop());

describe.each([
  ['v1', ServerReflection],
  ['v1alpha', ServerReflectionAlpha as unknown as typeof ServerReflection],
])('reflection %s', (_version, service) => {
  async function ask(...requests: ServerReflectionRequest['messageRequest'][]) {
    const client = createClient(service, createGrpcTransport({ baseUrl: hub.url }));
    const answers = [];
    async function* input() {
      for (const messageRequest of requests) yield { host: 'h', messageRequest };
    }
    for await (const answer of client.serverReflectionInfo(input())) answers.push(answer);
    return answers;
  }
  const files = (answer: Awaited<ReturnType<typeof ask>>[number] | undefined) =>
    answer?.messageResponse.case === 'fileDescriptorResponse'
      ? answer.messageResponse.value.fileDescriptorProto.map((bytes) =>
          fromBinary(FileDescriptorProtoSchema, bytes),
        )
      : [];

  test('lists the services, itself included, and repeats the request', async () => {
    const [answer] = await ask({ case: 'listServices', value: '' });
    expect(answer).toMatchObject({
      validHost: 'h',
      originalRequest: { messageRequest: { case: 'listServices' } },
    });
    expect(answer?.messageResponse.value).toMatchObject({
      service: [
        { name: 'grpc.health.v1.Health' },
        { name: 'grpc.reflection.v1.ServerReflection' },
        { name: 'grpc.reflection.v1alpha.ServerReflection' },
        { name: 'switchyard.registry.v1.RegistryService' },
      ],
    });
  });

  test.each([
    'switchyard.registry.v1.RegistryService',
    'switchyard.registry.v1.RegistryService.GetSystem',
    'switchyard.registry.v1.SystemFilter',
    'switchyard.registry.v1.SystemFilter.types',
    'switchyard.registry.v1.HealthCheck.Kind',
    'switchyard.registry.v1.HealthCheck.KIND_HTTP',
    '.switchyard.registry.v1.System',
    'google.rpc.ErrorInfo',
    'google.protobuf.Duration',
  ])('%s comes with all files that it needs', async (symbol) => {
    const [answer] = await ask({ case: 'fileContainingSymbol', value: symbol });
    const set = files(answer);
    expect(set.length).toBeGreaterThan(0);
    const known = new Set(set.map((file) => file.name));
    for (const file of set) for (const needed of file.dependency) expect(known).toContain(needed);
    // The descriptors hang together: a registry can be built from them, imports first.
    const ordered = new Set<(typeof set)[number]>();
    const visit = (file: (typeof set)[number]): void => {
      for (const needed of file.dependency) visit(set.find(({ name }) => name === needed)!);
      ordered.add(file);
    };
    set.forEach(visit);
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...ordered] }));
    expect([...registry.files]).toHaveLength(set.length);
  });

  test('a file comes by its name, and imports go over a stream once', async () => {
    const value = 'switchyard/registry/v1/registry_service.proto';
    const answers = await ask({ case: 'fileByFilename', value }, { case: 'fileByFilename', value });
    expect(files(answers[0]).map(({ name }) => name)).toEqual(
      expect.arrayContaining([value, 'google/protobuf/duration.proto', 'switchyard/type/v1/target.proto']),
    );
    expect(files(answers[1]).map(({ name }) => name)).toEqual([value]);
  });

  test('what is not known is NOT_FOUND, an empty question INVALID_ARGUMENT, and the stream goes on', async () => {
    const answers = await ask(
      { case: 'fileByFilename', value: 'nope.proto' },
      { case: 'fileContainingSymbol', value: 'no.Such' },
      {
        case: 'fileContainingExtension',
        value: { containingType: 'switchyard.registry.v1.System', extensionNumber: 1 } as never,
      },
      { case: 'allExtensionNumbersOfType', value: 'no.Such' },
      { case: 'allExtensionNumbersOfType', value: 'switchyard.registry.v1.System' },
      { case: undefined },
    );
    expect(answers.map(({ messageResponse: { value } }) => value)).toMatchObject([
      { errorCode: 5, errorMessage: 'The file nope.proto is not known here' },
      { errorCode: 5 },
      { errorCode: 5 },
      { errorCode: 5 },
      { baseTypeName: 'switchyard.registry.v1.System', extensionNumber: [] },
      { errorCode: 3 },
    ]);
  });
});

const grpcurl = `${homedir()}/go/bin/grpcurl`;
describe.runIf(existsSync(grpcurl) || process.env['SWITCHYARD_REQUIRE'] === 'all')('grpcurl', () => {
  const run = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(grpcurl, ['-plaintext', ...args])).stdout;

  test('lists, describes and calls', async () => {
    const at = `127.0.0.1:${hub.port}`;
    expect(await run(at, 'list')).toContain('switchyard.registry.v1.RegistryService');
    expect(await run(at, 'describe', 'switchyard.registry.v1.RegistryService.GetSystem')).toContain(
      'GetSystemRequest',
    );
    const method = 'switchyard.registry.v1.RegistryService/GetSystem';
    expect(JSON.parse(await run('-d', '{"system_id":"a"}', at, method))).toEqual({ system: { id: 'a' } });
  });

  test('shows the details of an error', async () => {
    const method = 'switchyard.registry.v1.RegistryService/GetSystem';
    const failed = await run('-d', '{"system_id":"No!"}', `127.0.0.1:${hub.port}`, method).catch(
      (error: unknown) => (error as { stderr: string }).stderr,
    );
    expect(failed).toContain('Code: InvalidArgument');
    expect(failed).toContain('"field": "system_id"');
    expect(failed).toContain('"reason": "INVALID_FIELD"');
  });
});
