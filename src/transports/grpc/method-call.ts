import type { OutgoingHttpHeaders } from 'node:http2';
import type { Message } from '../../base/message.ts';
import type { AttemptResult } from '../../base/transport.ts';
import type { GrpcRequest } from './grpc-exchange.ts';
import { messageMetadata } from './metadata.ts';
import type { KnownMethod, MethodQuestion, MethodTypes } from './method-types.ts';
import { payloadFormOf } from './payload-form.ts';
import type { ReflectionWait } from './reflected-types.ts';
import type { UnaryMethod } from './service-types.ts';
import { replyToJson, requestFromJson, TranscodeFault } from './transcode.ts';
import { UnsentFault } from '../unsent-fault.ts';

/** A message on its way to the method that its route names. */
export interface MethodCall extends MethodQuestion {
  readonly message: Message;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Metadata of the interface and of the route. */
  readonly metadata: OutgoingHttpHeaders;
  readonly wait: ReflectionWait;
}

/** What a method call needs of the transport. */
export interface MethodCallPorts {
  readonly types: MethodTypes;
  /** Makes the call; the reply's data is the answer's message. */
  readonly exchange: (request: GrpcRequest) => Promise<AttemptResult>;
}

/**
 * Calls a unary method with the payload as it is, or with what its JSON says; the reply comes back in the same form.
 * Rejects with {@link UnsentFault} when the call was not made.
 */
export async function callMethod(
  call: MethodCall,
  { types, exchange }: MethodCallPorts,
): Promise<AttemptResult> {
  const { operation, settings, message, wait } = call;
  const form = payloadFormOf(operation, message);
  const request = (bytes: Uint8Array): GrpcRequest => ({
    path: `/${operation.method}`,
    headers: { ...messageMetadata(message, call), ...call.metadata },
    message: bytes,
  });
  if (form === 'bytes') {
    // Bytes need no types; a set that is at hand still tells that a method is missing or streams.
    if (settings.descriptor_set !== undefined) await types.find(call, wait);
    return exchange(request(message.data));
  }
  const method = await types.find(call, wait);
  const encoded = await encode(method, call);
  const result = await exchange(request(encoded.bytes));
  return result.verdict === 'OK' && result.reply !== undefined
    ? decode(encoded.method, result, call)
    : result;
}

interface Encoded {
  readonly method: KnownMethod;
  readonly bytes: Uint8Array;
}

/** The request; what does not fit is tried with a newer answer of the reflection, as the target may have changed. */
async function encode(method: KnownMethod, { operation, message, wait }: MethodCall): Promise<Encoded> {
  try {
    return { method, bytes: requestFromJson(method, message.data) };
  } catch (thrown) {
    if (!(thrown instanceof TranscodeFault)) throw thrown;
    const newer = await method.newer(wait);
    const bytes = newer === undefined ? undefined : fitting(() => requestFromJson(newer, message.data));
    if (newer === undefined || bytes === undefined)
      throw new UnsentFault(
        'mapping_failed',
        `the payload does not fit ${method.desc.input.typeName}, which ${operation.method} takes: ${thrown.message}`,
      );
    return { method: { ...newer, newer: () => Promise.resolve(undefined) }, bytes };
  }
}

/** The reply as JSON. The target has acted by now: a message that does not fit is no reply, but no failure either. */
async function decode(
  method: KnownMethod,
  result: AttemptResult,
  { operation, wait }: MethodCall,
): Promise<AttemptResult> {
  const { reply, ...rest } = result;
  if (reply === undefined) return result;
  const json = (known: UnaryMethod): Uint8Array =>
    replyToJson(known, reply.data, { emitDefaults: operation.emit_defaults ?? false });
  const inJson = (data: Uint8Array): AttemptResult => ({
    ...rest,
    reply: { ...reply, contentType: 'application/json', data },
  });
  try {
    return inJson(json(method));
  } catch (thrown) {
    if (!(thrown instanceof TranscodeFault)) throw thrown;
    const newer = await method.newer(wait);
    const data = newer === undefined ? undefined : fitting(() => json(newer));
    if (data !== undefined) return inJson(data);
    return {
      ...rest,
      reason: 'bad_reply',
      detail: `${result.detail}, but the answer does not fit ${method.desc.output.typeName}, which ${operation.method} gives: ${thrown.message}`,
    };
  }
}

/** What `transcode` makes; undefined when it does not fit either. */
function fitting(transcode: () => Uint8Array): Uint8Array | undefined {
  try {
    return transcode();
  } catch (thrown) {
    if (thrown instanceof TranscodeFault) return undefined;
    throw thrown;
  }
}
