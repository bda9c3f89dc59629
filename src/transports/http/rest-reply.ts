import type { Reply } from '../../base/message.ts';
import type { AttemptResult } from '../../base/transport.ts';
import { replyBytesMax } from '../limits.ts';
import { exactJsonText } from '../mapping/exact-json.ts';
import type { Expression, Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import { decodedContent } from '../mapping/mapping-input.ts';

/** What expressions over an answer see. `body` is undefined when it is empty. */
export interface AnswerInput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** An answer as expressions see it. Throws {@link MappingFault} for a body that says it is JSON and is not. */
export function answerInputOf({ status, headers, contentType, data }: Reply): AnswerInput {
  return {
    status: Number(status),
    headers: { ...headers, 'content-type': contentType },
    body: decodedContent(contentType, data, 'body'),
  };
}

/**
 * A success with its reply mapped. The target acted, so that a reply which does not fit the mapping leaves the verdict
 * OK: the reason is then `bad_reply`, and there is no reply.
 */
export function withMappedReply(
  result: AttemptResult,
  reply: Expression | undefined,
  expressions: Expressions,
): AttemptResult {
  if (reply === undefined || result.verdict !== 'OK' || result.reply === undefined) return result;
  try {
    const text = mappedReplyText(reply, answerInputOf(result.reply), expressions);
    return {
      ...result,
      reply: { ...result.reply, contentType: 'application/json', data: Buffer.from(text) },
    };
  } catch (thrown) {
    return badReply(result, thrown);
  }
}

/** The reply that an expression makes of its input, as JSON. Throws {@link MappingFault}. */
export function mappedReplyText(reply: Expression, input: unknown, expressions: Expressions): string {
  const { reply: value } = expressions.evaluate({ reply }, input);
  if (value === undefined) throw new MappingFault('reply', 'the expression gives nothing');
  return exactJsonText(value, 'reply', replyBytesMax);
}

/** A success whose answer cannot be used. Anything but a {@link MappingFault} is a bug and goes on. */
export function badReply({ reply: _, ...result }: AttemptResult, thrown: unknown): AttemptResult {
  if (!(thrown instanceof MappingFault)) throw thrown;
  return {
    ...result,
    reason: 'bad_reply',
    detail: `${result.detail}, but the answer does not fit the route: ${thrown.message}`,
  };
}
