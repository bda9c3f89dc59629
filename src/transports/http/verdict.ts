import { messageOf } from '../../base/error.ts';
import type { Reply } from '../../base/message.ts';
import type { AttemptReason, AttemptResult, Verdict } from '../../base/transport.ts';
import { codeOf, ConnectFault } from '../connect-fault.ts';
import { firstValue, replyHeaders, saysNotExecuted } from '../headers.ts';
import { excerptBytesMax } from '../limits.ts';
import { parseRetryAfter } from '../retry-after.ts';
import type { ExchangeEvidence } from './exchange.ts';
import { isAmong, type StatusList } from './status-set.ts';

const notInReply: ReadonlySet<string> = new Set(['content-length', 'content-type']);

/** What an operation says about statuses beyond what they mean by themselves; not_executed wins, then rejected. */
export interface StatusMeanings {
  readonly success: StatusList;
  readonly rejected: StatusList;
  readonly notExecuted: StatusList;
}

/** What statuses mean by themselves. */
const plainMeanings: StatusMeanings = { success: ['2xx'], rejected: [], notExecuted: [] };

export interface VerdictContext {
  /** How the target is called in details: `http://host:port`. */
  readonly shown: string;
  readonly nowMs: number;
  /** Why the request was still waiting when it never started. */
  readonly waitedFor: 'connection' | 'free_connection';
  readonly bodyBytesMax: number;
  /** The operation's own meanings of statuses; default: 2xx is success. */
  readonly statuses?: StatusMeanings;
}

interface Judgement {
  /** The answer would have been a reply, had it arrived whole. */
  readonly lost?: boolean;
  readonly verdict: Verdict;
  readonly reason: AttemptReason;
  readonly cause: string;
}

/** The result of an attempt over HTTP, drawn from the evidence alone. */
export function verdictOf(evidence: ExchangeEvidence, context: VerdictContext): AttemptResult {
  const { verdict, reason, cause, lost = false } = judge(evidence, context);
  const { status } = evidence;
  const retryAfterMs = parseRetryAfter(firstValue(evidence.headers, 'retry-after'), context.nowMs);
  return {
    verdict,
    reason,
    status: status === undefined ? '' : String(status),
    detail: `${context.shown}: ${cause}`,
    ...(status === undefined || lost ? {} : { reply: replyOf(evidence, status) }),
    ...(retryAfterMs === undefined || verdict === 'OK' ? {} : { retryAfterMs }),
  };
}

function judge(evidence: ExchangeEvidence, context: VerdictContext): Judgement {
  const { status, end } = evidence;
  if (!evidence.started) return judgeUnsent(evidence, context);
  if (status === undefined) return { verdict: 'MAY_HAVE_ACTED', ...brokenOff(evidence, context) };
  const byStatus = judgeStatus(status, evidence, context.statuses ?? plainMeanings);
  if (end === 'complete') return byStatus;
  const broken = brokenOff(evidence, context);
  // The status alone says whether the target refused; only a reply needs its body whole.
  const lost = byStatus.verdict === 'OK';
  const verdict = lost ? 'MAY_HAVE_ACTED' : byStatus.verdict;
  const reason = lost || end === 'cancelled' ? broken.reason : byStatus.reason;
  return { lost, verdict, reason, cause: `HTTP ${status}, but ${broken.cause}` };
}

/** No byte of the request was given to a connected socket. */
function judgeUnsent({ end, fault }: ExchangeEvidence, { waitedFor }: VerdictContext): Judgement {
  if (end === 'cancelled')
    return { verdict: 'NOT_REACHED', reason: 'cancelled', cause: 'cancelled before it was sent' };
  if (fault instanceof ConnectFault)
    return { verdict: 'NOT_REACHED', reason: fault.reason, cause: fault.message };
  if (end === 'deadline') {
    return waitedFor === 'free_connection'
      ? {
          verdict: 'NOT_REACHED',
          reason: 'concurrency_limited',
          cause: 'no connection became free before the deadline of the attempt; all are in use',
        }
      : {
          verdict: 'NOT_REACHED',
          reason: 'connect_timeout',
          cause: 'no connection before the deadline of the attempt',
        };
  }
  return { verdict: 'NOT_REACHED', reason: 'connect_failed', cause: faultText(fault) };
}

/**
 * What a whole answer's status proves, RFC 9110 section 15. A redirect that asks for the same request elsewhere (301,
 * 307, 308) did nothing; after 302 and 303 the target may have acted and points at the outcome. 408 may also come
 * from a target that gave up halfway. 425 (RFC 8470) means that it was not processed. An operation's own lists come
 * first; a status outside its `success` keeps its meaning, and a 2xx outside it proves only that the target acted.
 */
function judgeStatus(
  status: number,
  evidence: ExchangeEvidence,
  { success, rejected, notExecuted }: StatusMeanings,
): Judgement {
  const cause = `HTTP ${status}`;
  if (isAmong(status, notExecuted))
    return { verdict: 'NOT_EXECUTED', reason: 'not_executed', cause: `${cause}, not executed by the route` };
  if (isAmong(status, rejected)) return { verdict: 'REJECTED', reason: 'rejected', cause };
  if (isAmong(status, success) && !saysNotExecuted(evidence.headers))
    return { verdict: 'OK', reason: 'ok', cause };
  if (status === 429) return { verdict: 'NOT_EXECUTED', reason: 'rate_limited', cause };
  if (saysNotExecuted(evidence.headers))
    return {
      verdict: 'NOT_EXECUTED',
      reason: 'not_executed',
      cause: `${cause}, not executed by its own word`,
    };
  if (status < 300)
    return {
      verdict: 'MAY_HAVE_ACTED',
      reason: 'target_error',
      cause: `${cause} is not among the success statuses of the route`,
    };
  if (status < 400) {
    const location = (firstValue(evidence.headers, 'location') ?? 'nowhere').slice(0, 200);
    const redirected = `${cause} to ${location}; redirects are not followed, register the final URI`;
    return [301, 307, 308].includes(status)
      ? { verdict: 'REJECTED', reason: 'rejected', cause: redirected }
      : { verdict: 'MAY_HAVE_ACTED', reason: 'target_error', cause: redirected };
  }
  if (status === 408) return { verdict: 'MAY_HAVE_ACTED', reason: 'timeout', cause };
  if (status === 425) return { verdict: 'NOT_EXECUTED', reason: 'not_executed', cause };
  if (status < 500) return { verdict: 'REJECTED', reason: 'rejected', cause };
  if (status < 600)
    return { verdict: 'MAY_HAVE_ACTED', reason: status === 503 ? 'unavailable' : 'target_error', cause };
  return { verdict: 'MAY_HAVE_ACTED', reason: 'garbage', cause: `${cause} is not a status` };
}

/** Why an answer did not arrive whole. */
function brokenOff(
  { end, fault, status }: ExchangeEvidence,
  { bodyBytesMax }: VerdictContext,
): { reason: AttemptReason; cause: string } {
  const what = status === undefined ? 'answer' : 'rest of the answer';
  switch (end) {
    case 'deadline':
      return { reason: 'timeout', cause: `no ${what} before the deadline of the attempt` };
    case 'cancelled':
      return { reason: 'cancelled', cause: `cancelled before the ${what} arrived` };
    case 'too_large':
      return { reason: 'reply_too_large', cause: `the reply is larger than ${bodyBytesMax} bytes` };
    case 'fault':
    case 'complete':
      return faultReason(fault);
  }
}

function faultReason(fault: Error | undefined): { reason: AttemptReason; cause: string } {
  const code = codeOf(fault);
  const text = faultText(fault);
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return { reason: 'reply_too_large', cause: 'the headers of the answer are larger than 16 KiB' };
  // undici names this parser error by its text alone.
  if (text.includes('Invalid EOF state')) return { reason: 'reset', cause: 'the answer broke off' };
  const unsolicited = code === 'UND_ERR_SOCKET' && text.startsWith('bad ');
  if (code.startsWith('HPE_') || fault?.name === 'HTTPParserError' || unsolicited)
    return { reason: 'garbage', cause: `the answer is not HTTP: ${text}` };
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return { reason: 'reset', cause: 'the answer ended before its announced length' };
  return { reason: 'reset', cause: `the connection ended: ${text}` };
}

function faultText(fault: Error | undefined): string {
  if (fault === undefined) return 'unknown cause';
  return (messageOf(fault).split('\n')[0] ?? '').slice(0, 200) || codeOf(fault);
}

function replyOf({ headers, body, end }: ExchangeEvidence, status: number): Reply {
  return {
    status: String(status),
    contentType: firstValue(headers, 'content-type') ?? '',
    headers: replyHeaders(headers, notInReply),
    data: end === 'complete' ? body : Buffer.from(body.subarray(0, excerptBytesMax)),
  };
}
