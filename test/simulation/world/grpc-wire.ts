import { ConnectFault } from '../../../src/transports/connect-fault.ts';
import { frameMessage, UnaryFrame } from '../../../src/transports/grpc/frame.ts';
import type { GrpcAnswer, GrpcEvidence } from '../../../src/transports/grpc/grpc-exchange.ts';
import { grpcVerdictOf } from '../../../src/transports/grpc/grpc-verdict.ts';
import { replyBytesMax } from '../../../src/transports/limits.ts';
import { type Answer, type Ending, payloadType, type Wire } from './wire.ts';

/** gRPC: the evidence that each ending leaves, judged by the real transport's rules. */
export const grpcWire: Wire = {
  protocol: 'GRPC',
  hasStreams: true,
  resultOf: (ending, { shown }) =>
    grpcVerdictOf(evidenceOf(ending), {
      shown,
      messageBytesMax: replyBytesMax,
      decode: (data) => ({ status: 'OK', contentType: payloadType, headers: {}, data: Buffer.from(data) }),
    }),
};

function evidenceOf(ending: Ending): GrpcEvidence {
  switch (ending.kind) {
    case 'unsent': {
      const reason = ending.reason === 'deadline' ? 'connect_timeout' : ending.reason;
      return { end: 'unsent', fault: new ConnectFault(reason, `simulated ${reason}`) };
    }
    case 'refused_stream':
    case 'goaway':
    case 'deadline':
    case 'cancelled':
    case 'reset':
      return { end: ending.kind, ...nothing() };
    case 'garbage': {
      const answer = nothing();
      const problem = answer.frame.push(Buffer.from('HTTP/1.1 400 Bad Request'));
      return { end: 'frame', ...answer, ...(problem === undefined ? {} : { problem }) };
    }
    case 'answer': {
      const answer = answered(ending.answer);
      const second = ending.twice ? answer.frame.push(frameMessage(Buffer.from('{}'))) : undefined;
      return second === undefined
        ? { end: 'complete', ...answer }
        : { end: 'frame', ...answer, problem: second };
    }
  }
}

function nothing(): GrpcAnswer {
  return { headers: {}, frame: new UnaryFrame(replyBytesMax) };
}

/** Numbers of the status codes, https://grpc.io/docs/guides/status-codes/ */
const codes = { ok: '0', resourceExhausted: '8', failedPrecondition: '9', internal: '13', unavailable: '14' };

function answered(answer: Answer): GrpcAnswer {
  const frame = new UnaryFrame(replyBytesMax);
  const headers = (status: string, more: Record<string, string> = {}): Record<string, string> => ({
    ':status': '200',
    'content-type': 'application/grpc',
    'grpc-status': status,
    ...more,
  });
  switch (answer.kind) {
    case 'reply':
      frame.push(frameMessage(answer.data));
      return { frame, headers: headers(codes.ok) };
    case 'error':
      return {
        frame,
        headers: headers(
          answer.unavailable ? codes.unavailable : codes.internal,
          pushback(answer.retryAfterMs),
        ),
      };
    case 'busy':
      return {
        frame,
        headers: headers(codes.resourceExhausted, {
          'switchyard-outcome': 'not-executed',
          ...pushback(answer.retryAfterMs),
        }),
      };
    case 'not_executed':
      return { frame, headers: headers(codes.unavailable, { 'switchyard-outcome': 'not-executed' }) };
    case 'refusal':
      return { frame, headers: headers(codes.failedPrecondition) };
  }
}

function pushback(retryAfterMs: number | undefined): Record<string, string> {
  return retryAfterMs === undefined ? {} : { 'grpc-retry-pushback-ms': String(Math.ceil(retryAfterMs)) };
}
