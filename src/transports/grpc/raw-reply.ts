import type { Reply } from '../../base/message.ts';
import { replyHeaders } from '../headers.ts';
import type { GrpcAnswer } from './grpc-exchange.ts';
import { notInReply } from './grpc-verdict.ts';

/** The answer's message as it came. */
export function rawReply(message: Uint8Array, { headers }: GrpcAnswer): Reply {
  return {
    status: 'OK',
    contentType: 'application/protobuf',
    headers: replyHeaders(headers, notInReply),
    data: message,
  };
}
