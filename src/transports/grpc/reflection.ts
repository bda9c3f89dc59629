import { create, createRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from '#gen/standard/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as ServerReflectionAlpha } from '#gen/standard/grpc/reflection/v1alpha/reflection_pb.js';
import { messageOf } from '../../base/error.ts';
import type { AttemptReason, AttemptResult } from '../../base/transport.ts';
import { descriptorFieldsMax, reflectedBytesMax, reflectedFilesMax } from '../limits.ts';
import { FieldBudget } from './field-budget.ts';
import { wellKnownFiles } from './known-types.ts';
import { grpcCodeNames } from './status.ts';
import { UnsentFault } from '../unsent-fault.ts';

/** Questions that are asked at the same time. */
const questionsAtOnce = 8;

/** One call of the target with one request message; the reply's data is the answer's message. */
export type ReflectionCall = (path: string, message: Uint8Array) => Promise<AttemptResult>;

interface Question {
  readonly case: 'fileContainingSymbol' | 'fileByFilename';
  readonly value: string;
}

/** Both versions have the same messages on the wire. */
const paths = [ServerReflection, ServerReflectionAlpha].map(
  ({ typeName, method }) => `/${typeName}/${method.serverReflectionInfo.name}`,
);

/**
 * Asks a target's server reflection for the files that declare these symbols and for all that they import. One stream
 * for each question, with one request and a half close: every server answers that.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 *
 * At most {@link reflectedFilesMax} files and {@link reflectedBytesMax} bytes. Rejects with {@link UnsentFault}:
 * `misconfigured` for what asking again will not mend, else the reason for which the call failed.
 */
export async function reflectedFiles(
  call: ReflectionCall,
  symbols: readonly string[],
): Promise<readonly FileDescriptorProto[]> {
  const target = new ReflectionClient(call);
  const files = new Map<string, FileDescriptorProto>();
  const known = wellKnownFiles();
  const budget = new FieldBudget(descriptorFieldsMax, createRegistry());
  let bytes = 0;
  const take = (descriptors: readonly Uint8Array[], asked: string): void => {
    for (const descriptor of descriptors) {
      const file = fileOf(descriptor, asked, budget);
      if (files.has(file.name)) continue;
      bytes += descriptor.length;
      files.set(file.name, file);
      if (files.size > reflectedFilesMax)
        throw misconfigured(`more than ${reflectedFilesMax} files belong to it`);
      if (bytes > reflectedBytesMax)
        throw misconfigured(`its files have more than ${reflectedBytesMax} bytes`);
    }
  };

  for (const symbol of symbols)
    take(await target.ask({ case: 'fileContainingSymbol', value: symbol }), symbol);
  // Each round brings the files that it asked for or fails, so the bound on files ends the rounds.
  for (;;) {
    const imports = new Set([...files.values()].flatMap(({ dependency }) => dependency));
    // Everybody has the well-known files, and some servers do not give them out.
    const missing = [...imports].filter((name) => !files.has(name) && !known.has(name));
    if (missing.length === 0) return [...files.values()];
    for (let at = 0; at < missing.length; at += questionsAtOnce) {
      await Promise.all(
        missing.slice(at, at + questionsAtOnce).map(async (name) => {
          take(await target.ask({ case: 'fileByFilename', value: name }), name);
          if (!files.has(name)) throw misconfigured(`asked for the file ${name}, it gave other files`);
        }),
      );
    }
  }
}

/** Asks by the newest version that the target speaks. */
class ReflectionClient {
  readonly #call: ReflectionCall;
  #version = 0;

  constructor(call: ReflectionCall) {
    this.#call = call;
  }

  /** The serialized files of the answer. Rejects with {@link UnsentFault}. */
  async ask(question: Question): Promise<readonly Uint8Array[]> {
    const request = create(ServerReflectionRequestSchema, { messageRequest: question });
    const message = toBinary(ServerReflectionRequestSchema, request);
    const asked = question.value;
    for (let version = this.#version; ; version += 1) {
      const path = paths[version];
      if (path === undefined)
        throw misconfigured('the target serves none (grpc.reflection.v1 and v1alpha are UNIMPLEMENTED)');
      const result = await this.#call(path, message);
      if (result.status === 'UNIMPLEMENTED') continue;
      this.#version = version;
      if (result.verdict !== 'OK') throw failed(result, asked);
      return filesIn(result.reply?.data ?? new Uint8Array(), asked);
    }
  }
}

function filesIn(message: Uint8Array, asked: string): readonly Uint8Array[] {
  const { messageResponse: answer } = answerOf(message, asked);
  switch (answer.case) {
    case 'fileDescriptorResponse':
      return answer.value.fileDescriptorProto;
    case 'errorResponse': {
      const { errorCode, errorMessage } = answer.value;
      const code = grpcCodeNames[errorCode] ?? String(errorCode);
      throw misconfigured(`it does not give out ${asked}: ${code} ${errorMessage.slice(0, 200)}`.trimEnd());
    }
    default:
      throw misconfigured(`asked for ${asked}, it gave no files`);
  }
}

function answerOf(message: Uint8Array, asked: string): ServerReflectionResponse {
  try {
    return fromBinary(ServerReflectionResponseSchema, message);
  } catch (thrown) {
    throw misconfigured(`its answer about ${asked} does not decode: ${messageOf(thrown).slice(0, 200)}`);
  }
}

function fileOf(descriptor: Uint8Array, asked: string, budget: FieldBudget): FileDescriptorProto {
  try {
    budget.takeBytes(FileDescriptorProtoSchema, descriptor);
    return fromBinary(FileDescriptorProtoSchema, descriptor);
  } catch (thrown) {
    throw misconfigured(
      `a file of its answer about ${asked} does not decode: ${messageOf(thrown).slice(0, 200)}`,
    );
  }
}

/** Reasons that a target shows by answering wrongly: asking again will not mend them. */
const lasting: ReadonlySet<AttemptReason> = new Set(['rejected', 'garbage', 'reply_too_large']);

function failed({ reason, detail }: AttemptResult, asked: string): UnsentFault {
  return new UnsentFault(lasting.has(reason) ? 'misconfigured' : reason, `asked about ${asked}: ${detail}`);
}

function misconfigured(text: string): UnsentFault {
  return new UnsentFault('misconfigured', text);
}
