import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { timestampFromMs, ValueSchema } from '@bufbuild/protobuf/wkt';
import { MessageSchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import {
  ReceiveRequestSchema,
  ReceiveResponseSchema,
  ReceiverService,
} from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { Kind, Priority } from '#gen/switchyard/type/v1/message_kind_pb.js';
import type { Message, Reply } from '../../base/message.ts';
import type { SendOptions } from '../../base/transport.ts';
import { replyHeaders } from '../headers.ts';
import type { GrpcAnswer, GrpcRequest } from './grpc-exchange.ts';
import { notInReply } from './grpc-verdict.ts';
import { messageMetadata } from './metadata.ts';

/** Latest instant that a Timestamp holds: 9999-12-31T23:59:59Z, epoch ms. */
const timestampMsMax = 253_402_300_799_000;

const noneLeftOut: ReadonlySet<string> = new Set();

/** A message as a call of `switchyard.messaging.v1.ReceiverService/Receive`. */
export function receiveRequest(systemId: string, message: Message, options: SendOptions): GrpcRequest {
  const request = create(ReceiveRequestSchema, {
    attempt: options.attempt,
    deadline: timestampFromMs(Math.floor(Math.min(options.deadlineMs, timestampMsMax))),
    message: create(MessageSchema, {
      id: message.id,
      source: message.source,
      target: { target: { case: 'systemId', value: systemId } },
      kind: Kind[message.kind],
      type: message.type,
      priority: Priority[message.priority],
      createTime: timestampFromMs(message.createTimeMs),
      acceptTime: timestampFromMs(message.acceptTimeMs),
      correlationId: message.correlationId,
      headers: { ...message.headers },
      contentType: message.contentType,
      payload: { case: 'data', value: message.data },
      sender: message.sender,
    }),
  });
  return {
    path: `/${ReceiverService.typeName}/${ReceiverService.method.receive.name}`,
    headers: messageMetadata(message, options),
    message: toBinary(ReceiveRequestSchema, request),
  };
}

/** The reply in an answer's message; undefined when it does not decode. */
export function replyOf(message: Uint8Array, { headers }: GrpcAnswer): Reply | undefined {
  try {
    // Fields that nobody knows are not kept: millions of them would take seconds.
    const { reply } = fromBinary(ReceiveResponseSchema, message, { readUnknownFields: false });
    const metadata = replyHeaders(headers, notInReply);
    if (reply === undefined)
      return { status: 'OK', contentType: '', headers: metadata, data: new Uint8Array() };
    const { payload } = reply;
    return {
      status: 'OK',
      contentType: reply.contentType || (payload.case === 'json' ? 'application/json' : ''),
      headers: replyHeaders({ ...metadata, ...reply.headers }, noneLeftOut),
      data:
        payload.case === 'data'
          ? payload.value
          : payload.case === 'json'
            ? Buffer.from(JSON.stringify(toJson(ValueSchema, payload.value)))
            : new Uint8Array(),
    };
  } catch {
    // Not a ReceiveResponse: the verdict is garbage.
    return undefined;
  }
}
