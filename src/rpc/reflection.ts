import type { DescFile, DescService, MessageInitShape } from '@bufbuild/protobuf';
import { z } from 'zod';
import { file_google_rpc_error_details } from '#gen/standard/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from '#gen/standard/google/rpc/status_pb.js';
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from '#gen/standard/grpc/reflection/v1/reflection_pb.js';
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
  type ServerReflectionResponseSchema as ServerReflectionResponseAlphaSchema,
} from '#gen/standard/grpc/reflection/v1alpha/reflection_pb.js';
import { defineService } from './call.ts';
import { createDescriptorIndex, type DescriptorIndex } from './descriptor-index.ts';
import { grpcCodes } from './error-mapping.ts';
import type { AnyServiceDefinition } from './pipeline.ts';

type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;

/**
 * Server reflection, v1 and v1alpha, for these services and both of itself: what grpcurl, `buf curl` and Postman need to know
 * the hub without its proto files. The google.rpc error details are there too, so that tools can show them.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function createReflection(services: readonly DescService[]): readonly AnyServiceDefinition[] {
  const all = [...services, ServerReflection, ServerReflectionAlpha];
  const index = createDescriptorIndex([
    ...all.map((service) => service.file),
    file_google_rpc_error_details,
    file_google_rpc_status,
  ]);
  const names = all.map((service) => service.typeName).sort();
  // Requests are checked one by one below: a wrong one is answered in the stream and does not end it.
  const schemas = { serverReflectionInfo: z.unknown() };
  return [
    defineService<typeof ServerReflection>({
      service: ServerReflection,
      schemas,
      handlers: { serverReflectionInfo: (requests) => answerEach(index, names, requests) },
    }),
    defineService<typeof ServerReflectionAlpha>({
      service: ServerReflectionAlpha,
      schemas,
      handlers: {
        // The two versions differ in nothing but their package.
        serverReflectionInfo: (requests) =>
          answerEach(index, names, requests) as AsyncIterable<
            MessageInitShape<typeof ServerReflectionResponseAlphaSchema>
          >,
      },
    }),
  ];
}

async function* answerEach(
  index: DescriptorIndex,
  services: readonly string[],
  requests: AsyncIterable<ServerReflectionRequest | ServerReflectionRequestAlpha>,
): AsyncGenerator<Response, void, undefined> {
  /** Imports go over each stream once; a file that is asked for by name goes again. */
  const sent = new Set<DescFile>();
  for await (const request of requests) {
    const { host, messageRequest } = request;
    const originalRequest = { host, messageRequest } as ServerReflectionRequest;
    const messageResponse = answerTo(index, services, originalRequest, sent);
    yield { validHost: host, originalRequest, messageResponse };
  }
}

function answerTo(
  index: DescriptorIndex,
  services: readonly string[],
  { messageRequest: asked }: ServerReflectionRequest,
  sent: Set<DescFile>,
): NonNullable<Response['messageResponse']> {
  const files = (file: DescFile | undefined, what: string): NonNullable<Response['messageResponse']> => {
    if (file === undefined) return failure('NOT_FOUND', `${what} is not known here`);
    const wanted = index.withImports(file).filter((each) => each === file || !sent.has(each));
    for (const each of wanted) sent.add(each);
    const fileDescriptorProto = wanted.map((each) => index.bytesOf(each));
    return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
  };
  switch (asked.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(index.fileNamed(asked.value), `The file ${shown(asked.value)}`);
    case 'fileContainingSymbol':
      return files(index.fileOf(asked.value), `The symbol ${shown(asked.value)}`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = asked.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return files(file, `Extension ${extensionNumber} of ${shown(containingType)}`);
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = index.extensionNumbersOf(asked.value);
      if (extensionNumber === undefined) {
        return failure('NOT_FOUND', `The type ${shown(asked.value)} is not known here`);
      }
      const value = { baseTypeName: asked.value, extensionNumber: [...extensionNumber] };
      return { case: 'allExtensionNumbersResponse', value };
    }
    case undefined:
      return failure('INVALID_ARGUMENT', 'The request asks for nothing: set one field of message_request');
  }
}

function failure(
  code: 'NOT_FOUND' | 'INVALID_ARGUMENT',
  errorMessage: string,
): NonNullable<Response['messageResponse']> {
  return { case: 'errorResponse', value: { errorCode: grpcCodes[code], errorMessage } };
}

function shown(name: string): string {
  return name.slice(0, 200);
}
