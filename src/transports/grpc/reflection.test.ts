import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Type as Type, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '#gen/standard/grpc/reflection/v1/reflection_pb.js';
import { systemClock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { type GrpcCall, grpcFrame, startGrpcTarget } from '../fixtures/grpc-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { type SendInput, sendTo } from '../fixtures/send.fixture.ts';
import { reflectedFilesMax } from '../limits.ts';
import { createGrpcTransport } from './grpc-transport.ts';

type File = MessageInitShape<typeof FileDescriptorProtoSchema>;
type Response = MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse'];

const order = { name: 'Order', field: [{ name: 'id', number: 1, type: Type.STRING }] };
const shop = {
  name: 'Shop',
  method: [{ name: 'Buy', inputType: '.acme.Order', outputType: '.acme.Order' }],
};
const honest: File = {
  name: 'shop.proto',
  package: 'acme',
  syntax: 'proto3',
  messageType: [order],
  service: [shop],
};

function files(...given: File[]): Response {
  return {
    case: 'fileDescriptorResponse',
    value: {
      fileDescriptorProto: given.map((file) =>
        toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, file)),
      ),
    },
  };
}

type Question = ServerReflectionRequest['messageRequest'];

function nameIn({ value }: Question): string {
  return typeof value === 'string' ? value : '';
}

/** Does something else than to answer with a response. */
function instead(act: (call: GrpcCall) => void): (question: Question, call: GrpcCall) => undefined {
  return (_, call) => {
    act(call);
    return undefined;
  };
}

/** Answers reflection as told, and `acme.Shop/Buy` with what it was asked. */
async function startReflector(answer: (question: Question, call: GrpcCall) => Response | undefined) {
  let bought = 0;
  const questions: Question[] = [];
  const server = await startGrpcTarget((call) => {
    if (!String(call.headers[':path']).startsWith('/grpc.reflection.')) {
      bought += 1;
      call.answer(grpcFrame(call.message));
      return;
    }
    const { messageRequest } = fromBinary(ServerReflectionRequestSchema, call.message);
    questions.push(messageRequest);
    const messageResponse = answer(messageRequest, call);
    if (messageResponse === undefined) return;
    call.answer(
      grpcFrame(
        toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, { messageResponse })),
      ),
    );
  });
  return Object.assign(Object.create(server) as typeof server, {
    questions,
    get bought() {
      return bought;
    },
  });
}

describe('a reflection', () => {
  let transport: Transport;
  beforeEach(() => {
    transport = createGrpcTransport({
      clock: systemClock,
      egress: createEgress({ clock: systemClock }),
      prober: () => Promise.resolve({ alive: true, latencyMs: 0, detail: '' }),
      secrets: fixedSecrets(),
      identities: fixedIdentities(),
      descriptorSets: { get: () => undefined },
    });
  });
  afterEach(() => transport.close());

  const buy = ({ port }: { readonly port: number }, input: SendInput = {}): Promise<AttemptResult> =>
    sendTo(transport, `grpc://127.0.0.1:${port}`, {
      routes: [{ messageType: '*', operation: { method: 'acme.Shop/Buy' }, repeatSafety: undefined }],
      message: { data: Buffer.from('{"id":"o-1"}') },
      ...input,
    });

  test.each([
    ['more declarations than memory is for', 1_900_000, /more than 2000000 fields together/],
    ['declarations that no compiler wrote', 150_000, /do not fit together/],
  ])('that gives %s is misconfigured, and soon', async (_, count, detail) => {
    // Enums without a name, of two bytes each, in the message Order.
    const enums = Buffer.alloc(count * 2, Buffer.from([0x22, 0]));
    const length = [enums.length & 127, (enums.length >> 7) & 127, (enums.length >> 14) & 127];
    const message = Buffer.from([0x22, ...length.map((byte) => byte | 128), enums.length >> 21]);
    const file = Buffer.concat([Buffer.from([0x0a, 1, 0x78]), message, enums]);
    await using server = await startReflector(() => ({
      case: 'fileDescriptorResponse',
      value: { fileDescriptorProto: [file] },
    }));
    const result = await buy(server);
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    expect(result.detail).toMatch(detail);
  });

  test('that gives the file is enough', async () => {
    await using server = await startReflector(() => files(honest));
    const result = await buy(server);
    expect(result.verdict).toBe('OK');
    expect(Buffer.from(result.reply?.data ?? []).toString()).toBe('{"id":"o-1"}');
  });

  test('may give one file at a time: imports are asked for, in any depth, google.protobuf ones excepted', async () => {
    const depth = 40;
    await using server = await startReflector((question) => {
      if (question.case === 'fileContainingSymbol')
        return files({
          ...honest,
          dependency: ['d0.proto', 'google/protobuf/timestamp.proto'],
          messageType: [
            {
              ...order,
              field: [
                ...order.field,
                { name: 'at', number: 2, type: Type.MESSAGE, typeName: '.google.protobuf.Timestamp' },
              ],
            },
          ],
        });
      const number = Number(/^d(\d+)\.proto$/.exec(nameIn(question))?.[1]);
      return files({
        name: `d${number}.proto`,
        syntax: 'proto3',
        dependency: number < depth ? [`d${number + 1}.proto`] : [],
      });
    });
    expect(
      (await buy(server, { message: { data: Buffer.from('{"at":"2026-01-01T00:00:00Z"}') } })).verdict,
    ).toBe('OK');
    expect(server.questions).toHaveLength(depth + 2);
  });

  test('that cuts the well-known files in its own way, or spares imports and scopes, is understood', async () => {
    const at = { name: 'placed_at', number: 2, type: Type.MESSAGE, typeName: 'google.protobuf.Timestamp' };
    const inner = { name: 'Part', field: [{ name: 'part_id', number: 1, type: Type.STRING }] };
    const part = { name: 'some_part', number: 3, type: Type.MESSAGE, typeName: 'Part' };
    const elsewhere = { name: 'stamp', number: 4, type: Type.MESSAGE, typeName: 'common.Stamp' };
    await using server = await startReflector(() =>
      files(
        {
          ...honest,
          dependency: ['google_protobuf.proto'],
          messageType: [{ ...order, field: [...order.field, at, part, elsewhere], nestedType: [inner] }],
        },
        {
          name: 'google_protobuf.proto',
          package: 'google.protobuf',
          syntax: 'proto3',
          messageType: [{ name: 'Timestamp', field: [{ name: 'lie', number: 1, type: Type.STRING }] }],
        },
        {
          name: 'common.proto',
          package: 'acme.common',
          syntax: 'proto3',
          messageType: [{ ...order, name: 'Stamp' }],
        },
      ),
    );
    const json = '{"placedAt":"2026-01-01T00:00:00Z","somePart":{"partId":"p"},"stamp":{"id":"s"}}';
    const result = await buy(server, { message: { data: Buffer.from(json) } });
    expect(result.detail).toMatch(/OK$/);
    expect(Buffer.from(result.reply?.data ?? []).toString()).toBe(json);
  });

  const other: File = { name: 'other.proto', package: 'acme', syntax: 'proto3', messageType: [order] };
  test.each<[string, (question: Question, call: GrpcCall) => Response | undefined, RegExp]>([
    [
      'bytes that are no answer',
      instead((call) => call.answer(grpcFrame(Buffer.from([0xff, 0xff, 0xff])))),
      /answer about acme\.Shop does not decode/,
    ],
    [
      'files that are none',
      () => ({ case: 'fileDescriptorResponse', value: { fileDescriptorProto: [Buffer.from('garbage!')] } }),
      /a file of its answer about acme\.Shop does not decode/,
    ],
    ['no file', () => files(), /there is no service acme\.Shop/],
    [
      'an answer to another question',
      () => ({ case: 'listServicesResponse', value: {} }),
      /asked for acme\.Shop, it gave no files/,
    ],
    ['an empty answer', () => ({ case: undefined }), /asked for acme\.Shop, it gave no files/],
    [
      'no message',
      instead((call) => call.answer(new Uint8Array())),
      /no message in an answer with status OK/,
    ],
    [
      'several answers to one question',
      instead((call) =>
        call.answer(Buffer.concat([grpcFrame(new Uint8Array()), grpcFrame(new Uint8Array())])),
      ),
      /more than one message/,
    ],
    [
      'an error',
      () => ({ case: 'errorResponse', value: { errorCode: 5, errorMessage: 'no such symbol' } }),
      /does not give out acme\.Shop: NOT_FOUND no such symbol/,
    ],
    [
      'a refusal',
      instead((call) => call.refuse(7, { 'grpc-message': 'not for you' })),
      /PERMISSION_DENIED: not for you/,
    ],
    [
      'a web page',
      instead((call) =>
        call.stream.respond({ ':status': 200, 'content-type': 'text/html' }, { endStream: true }),
      ),
      /not application\/grpc/,
    ],
    ['a file without the service', () => files(other), /there is no service acme\.Shop/],
    [
      'a service without the method',
      () => files({ ...honest, service: [{ ...shop, method: [{ ...shop.method[0], name: 'Sell' }] }] }),
      /no method Buy; there is Sell/,
    ],
    [
      'a streaming method',
      () =>
        files({ ...honest, service: [{ ...shop, method: [{ ...shop.method[0], serverStreaming: true }] }] }),
      /server streaming method/,
    ],
    [
      'a method of a type that is nowhere',
      () => files({ ...honest, messageType: [] }),
      /do not fit together: .*acme\.Order/,
    ],
    [
      'a field of a type that is nowhere',
      () =>
        files({
          ...honest,
          messageType: [
            { ...order, field: [{ name: 'x', number: 1, type: Type.MESSAGE, typeName: '.acme.None' }] },
          ],
        }),
      /acme\.None/,
    ],
    [
      'a name that is none',
      () =>
        files({
          ...honest,
          messageType: [{ ...order, field: [{ name: 'a b;', number: 1, type: Type.STRING }] }],
        }),
      /invalid field name/,
    ],
    ['an unknown syntax', () => files({ ...honest, syntax: 'proto9' }), /unsupported syntax/],
    [
      'an import that it does not give',
      (question) =>
        question.case === 'fileByFilename'
          ? { case: 'errorResponse', value: { errorCode: 5 } }
          : files({ ...honest, dependency: ['none.proto'] }),
      /does not give out none\.proto: NOT_FOUND/,
    ],
    [
      'another file than the import',
      (question) =>
        question.case === 'fileByFilename' ? files(other) : files({ ...honest, dependency: ['none.proto'] }),
      /asked for the file none\.proto, it gave other files/,
    ],
    [
      'files that import each other',
      () =>
        files(
          { ...honest, dependency: ['other.proto'] },
          { name: 'other.proto', dependency: ['shop.proto'] },
        ),
      /shop\.proto and other\.proto need each other|other\.proto and shop\.proto need each other/,
    ],
    [
      'a file that imports itself',
      () => files({ ...honest, dependency: ['shop.proto'] }),
      /imported by shop\.proto/,
    ],
  ])(
    'that gives %s is misconfigured: nothing is sent, and soon asked again no more',
    async (_, answer, text) => {
      await using server = await startReflector(answer);
      const result = await buy(server);
      expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured', status: '' });
      expect(result.detail).toContain('acme.Shop/Buy');
      expect(result.detail).toMatch(text);
      const asked = server.questions.length;
      expect(await buy(server)).toEqual(result);
      expect(server.questions).toHaveLength(asked);
      expect(server.bought).toBe(0);
    },
  );

  test('that always knows one more import ends at the bound', async () => {
    let number = 0;
    await using server = await startReflector((question) => {
      number += 1;
      const next = [`f${number}.proto`];
      return question.case === 'fileContainingSymbol'
        ? files({ ...honest, dependency: next })
        : files({ name: nameIn(question), syntax: 'proto3', dependency: next });
    });
    const result = await buy(server);
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    expect(result.detail).toContain(`more than ${reflectedFilesMax} files`);
    expect(server.questions.length).toBeLessThanOrEqual(reflectedFilesMax + 8);
  });

  test('of many large files ends at the bound of bytes', async () => {
    let number = 0;
    await using server = await startReflector((question) => {
      number += 1;
      const padding = { reservedName: ['x'.repeat(1024 * 1024)], name: `Padding${number}` };
      return question.case === 'fileContainingSymbol'
        ? files({ ...honest, dependency: [`f${number}.proto`] })
        : files({
            name: nameIn(question),
            syntax: 'proto3',
            messageType: [padding],
            dependency: [`f${number}.proto`],
          });
    });
    const result = await buy(server);
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
    expect(result.detail).toMatch(/more than 4194304 bytes/);
  });

  test('that announces an answer over the limit is misconfigured', async () => {
    await using server = await startReflector((_, { stream }) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(grpcFrame(new Uint8Array(1), { announced: 0xffff_ffff }));
      return undefined;
    });
    expect(await buy(server)).toMatchObject({ verdict: 'NOT_REACHED', reason: 'misconfigured' });
  });

  test('that never answers takes no longer than the attempt, and no listener is left', async () => {
    await using server = await startReflector(() => undefined);
    const result = await buy(server, { withinMs: 200 });
    expect(result).toMatchObject({ verdict: 'NOT_REACHED', reason: 'timeout' });
    expect(server.bought).toBe(0);
  });

  test('that never answers does not hold a caller who went away', async () => {
    await using server = await startReflector(() => undefined);
    const leaving = new AbortController();
    const sent = buy(server, { signal: leaving.signal });
    await expect.poll(() => server.questions.length).toBe(1);
    leaving.abort();
    expect(await sent).toMatchObject({ verdict: 'NOT_REACHED', reason: 'cancelled' });
  });

  test.each([
    ['is unavailable', (call: GrpcCall) => call.refuse(14), 'unavailable'],
    ['breaks', (call: GrpcCall) => call.refuse(13), 'target_error'],
    ['resets', (call: GrpcCall) => call.stream.close(2), 'reset'],
  ])('that %s for a moment ends the attempt so, and is asked again by the next', async (_, fail, reason) => {
    let number = 0;
    await using server = await startReflector((_question, call) => {
      number += 1;
      if (number > 1) return files(honest);
      fail(call);
      return undefined;
    });
    expect(await buy(server)).toMatchObject({ verdict: 'NOT_REACHED', reason, status: '' });
    expect((await buy(server)).verdict).toBe('OK');
  });
});
