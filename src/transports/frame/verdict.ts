import type { AttemptResult } from '../../base/transport.ts';
import { replyBytesMax } from '../limits.ts';
import type { CallEnd } from './call-end.ts';
import type { Answer } from './frame.ts';

/** Status of a reply that stands for none: the message was handed over, and nobody answers. */
export const handedOver = 'HANDED_OVER';
/** Characters of a target's own words in a detail. */
const wordsMax = 200;

/** The result of a call whose frame was given to the socket. `shown` names the target in details. */
export function verdictOf(end: CallEnd, shown: string): AttemptResult {
  const unknown = (reason: AttemptResult['reason'], cause: string): AttemptResult => ({
    verdict: 'MAY_HAVE_ACTED',
    reason,
    status: '',
    detail: `${shown}: ${cause}`,
  });
  switch (end.kind) {
    case 'answer':
      return ofAnswer(end.answer, shown);
    case 'handed_over':
      return {
        verdict: 'OK',
        reason: 'ok',
        status: handedOver,
        detail: `${shown}: handed over; no answer is expected`,
        reply: { status: handedOver, contentType: '', headers: {}, data: new Uint8Array() },
      };
    case 'deadline':
      return unknown('timeout', 'no answer before the deadline of the attempt');
    case 'cancelled':
      return unknown('cancelled', 'cancelled before the answer came');
    case 'broken':
      return unknown(end.reason, end.cause);
  }
}

function ofAnswer(answer: Answer, shown: string): AttemptResult {
  if (answer.kind === 'invalid')
    return {
      verdict: 'MAY_HAVE_ACTED',
      reason: 'garbage',
      status: '',
      detail: `${shown}: the answer is not as it must be: ${answer.problem.slice(0, wordsMax)}`,
    };
  const bytes = answer.reply?.data.byteLength ?? 0;
  if (bytes > replyBytesMax)
    return {
      verdict: 'MAY_HAVE_ACTED',
      reason: 'reply_too_large',
      status: '',
      detail: `${shown}: the reply has ${bytes} bytes, at most ${replyBytesMax} are taken`,
    };
  if (answer.kind === 'reply') {
    const { reply } = answer;
    return { verdict: 'OK', reason: 'ok', status: reply.status, detail: `${shown}: ${reply.status}`, reply };
  }
  const { status, reply, retryAfterMs } = answer;
  return {
    ...errorVerdict(answer.executed),
    status,
    detail: `${shown}: ${status === '' ? 'error' : status}: ${answer.message.slice(0, wordsMax)}`,
    ...(reply === undefined ? {} : { reply }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function errorVerdict(executed: 'no' | 'unknown' | undefined): Pick<AttemptResult, 'verdict' | 'reason'> {
  switch (executed) {
    case 'no':
      return { verdict: 'NOT_EXECUTED', reason: 'not_executed' };
    case 'unknown':
      return { verdict: 'MAY_HAVE_ACTED', reason: 'target_error' };
    case undefined:
      return { verdict: 'REJECTED', reason: 'rejected' };
  }
}
