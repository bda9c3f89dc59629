import type { Reply } from '../../base/message.ts';
import type { AttemptReason, AttemptResult, Verdict } from '../../base/transport.ts';
import { firstValue, replyHeaders, saysNotExecuted } from '../headers.ts';
import { excerptBytesMax } from '../limits.ts';
import { parsePushback } from '../retry-after.ts';
import type { GrpcAnswer, GrpcEvidence } from './grpc-exchange.ts';
import {
  codeOfHttpStatus,
  decodeGrpcMessage,
  definiteRefusals,
  type GrpcCodeName,
  isGrpcContentType,
  parseGrpcStatus,
} from './status.ts';
import { statusDetailsHeader, statusJson } from './status-details.ts';

/** Metadata that describes the answer itself and is no header of the reply. */
export const notInReply: ReadonlySet<string> = new Set([
  'content-type',
  'grpc-status',
  'grpc-message',
  'grpc-encoding',
  'grpc-accept-encoding',
  statusDetailsHeader,
  'date',
]);

export interface GrpcVerdictContext {
  /** How the target is called in details: `grpc://host:port`. */
  readonly shown: string;
  readonly messageBytesMax: number;
  /** Turns the message of an answer with status OK into a reply; undefined when it cannot be decoded. */
  readonly decode: (message: Uint8Array, answer: GrpcAnswer) => Reply | undefined;
}

/** The result of an attempt over gRPC, drawn from the evidence alone. */
export function grpcVerdictOf(evidence: GrpcEvidence, context: GrpcVerdictContext): AttemptResult {
  const result = (verdict: Verdict, reason: AttemptReason, cause: string): AttemptResult => ({
    verdict,
    reason,
    status: '',
    detail: `${context.shown}: ${cause}`,
  });
  switch (evidence.end) {
    case 'unsent':
      return result('NOT_REACHED', evidence.fault.reason, evidence.fault.message);
    case 'refused_stream':
      return result('NOT_REACHED', 'refused_stream', 'the stream was refused (REFUSED_STREAM)');
    case 'goaway':
      return result('NOT_REACHED', 'goaway', 'the target goes away and did not take the call (GOAWAY)');
    case 'deadline':
      return result('MAY_HAVE_ACTED', 'timeout', 'no whole answer before the deadline of the attempt');
    case 'cancelled':
      return result('MAY_HAVE_ACTED', 'cancelled', 'cancelled before the whole answer arrived');
    case 'reset':
      return result('MAY_HAVE_ACTED', 'reset', evidence.cause ?? 'the stream broke off');
    case 'frame':
      return evidence.problem?.kind === 'too_large'
        ? result(
            'MAY_HAVE_ACTED',
            'reply_too_large',
            `${evidence.problem.text}, at most ${context.messageBytesMax} are taken`,
          )
        : result('MAY_HAVE_ACTED', 'garbage', `the answer is not gRPC: ${evidence.problem?.text ?? ''}`);
    case 'complete':
      return answered(evidence, context);
  }
}

function answered(answer: GrpcAnswer, context: GrpcVerdictContext): AttemptResult {
  const { headers } = answer;
  const httpStatus = Number(headers[':status']);
  const statusText = firstValue(headers, 'grpc-status');
  const isGrpc = isGrpcContentType(firstValue(headers, 'content-type'));
  if (statusText === undefined || !isGrpc) return notGrpc(httpStatus, isGrpc, context);
  const code = parseGrpcStatus(statusText);
  if (code === undefined) return garbage(context, `grpc-status is "${statusText.slice(0, 20)}"`);
  return code === 'OK' && !saysNotExecuted(headers)
    ? replied(answer, context)
    : refused(code, answer, context);
}

/** Something else than a gRPC server answered, perhaps a proxy; its HTTP status says what. */
function notGrpc(httpStatus: number, isGrpc: boolean, context: GrpcVerdictContext): AttemptResult {
  if (isGrpc || httpStatus === 200 || Number.isNaN(httpStatus)) {
    return garbage(
      context,
      isGrpc ? 'it ended without a status' : 'its content type is not application/grpc',
    );
  }
  const code = codeOfHttpStatus(httpStatus);
  const detail = `${context.shown}: HTTP ${httpStatus} instead of a gRPC answer`;
  if (httpStatus === 429) return { verdict: 'NOT_EXECUTED', reason: 'rate_limited', status: code, detail };
  return { ...judge(code), status: code, detail };
}

function garbage({ shown }: GrpcVerdictContext, cause: string): AttemptResult {
  return {
    verdict: 'MAY_HAVE_ACTED',
    reason: 'garbage',
    status: '',
    detail: `${shown}: the answer is not gRPC: ${cause}`,
  };
}

function replied(answer: GrpcAnswer, context: GrpcVerdictContext): AttemptResult {
  const taken = answer.frame.finish(firstValue(answer.headers, 'grpc-encoding') ?? 'identity');
  if (!taken.ok) {
    return taken.problem.kind === 'garbage'
      ? garbage(context, taken.problem.text)
      : {
          verdict: 'MAY_HAVE_ACTED',
          reason: 'reply_too_large',
          status: 'OK',
          detail: `${context.shown}: ${taken.problem.text} than the ${context.messageBytesMax} that are taken`,
        };
  }
  const reply = context.decode(taken.message, answer);
  if (reply === undefined) return garbage(context, 'the message does not decode');
  return { verdict: 'OK', reason: 'ok', status: 'OK', detail: `${context.shown}: OK`, reply };
}

function refused(code: GrpcCodeName, answer: GrpcAnswer, context: GrpcVerdictContext): AttemptResult {
  const { headers } = answer;
  const text = decodeGrpcMessage(firstValue(headers, 'grpc-message') ?? '');
  const details = statusJson(firstValue(headers, statusDetailsHeader));
  return {
    ...(saysNotExecuted(headers)
      ? ({ verdict: 'NOT_EXECUTED', reason: 'not_executed' } as const)
      : judge(code)),
    status: code,
    detail: `${context.shown}: ${code}${text === '' ? '' : `: ${text.slice(0, 200)}`}`,
    reply: {
      status: code,
      contentType:
        details !== undefined ? 'application/json' : text === '' ? '' : 'text/plain; charset=utf-8',
      headers: replyHeaders(headers, notInReply),
      data: details ?? Buffer.from(text).subarray(0, excerptBytesMax),
    },
    ...parsePushback(firstValue(headers, 'grpc-retry-pushback-ms')),
  };
}

/** What a code proves. The connection was ready, so even UNAVAILABLE may come from a target that had begun. */
function judge(code: GrpcCodeName): { readonly verdict: Verdict; readonly reason: AttemptReason } {
  if (definiteRefusals.has(code)) return { verdict: 'REJECTED', reason: 'rejected' };
  switch (code) {
    case 'UNAVAILABLE':
      return { verdict: 'MAY_HAVE_ACTED', reason: 'unavailable' };
    case 'DEADLINE_EXCEEDED':
      return { verdict: 'MAY_HAVE_ACTED', reason: 'timeout' };
    default:
      return { verdict: 'MAY_HAVE_ACTED', reason: 'target_error' };
  }
}
