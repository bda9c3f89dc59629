import { createHash } from 'node:crypto';
import type { Message } from '../base/message.ts';
import { targetToString } from '../base/target.ts';
import type { ReplyCacheConfig } from '../resilience/policy.ts';

/** What a reply answers: the parts of a message that decide what a target says to it. */
export type ReplyQuestion = Pick<
  Message,
  'target' | 'type' | 'kind' | 'priority' | 'contentType' | 'data' | 'headers' | 'sender' | 'source'
>;

/** Headers that always belong to the question: what a target says to one user is not for the next. */
const credentialHeaders = ['authorization', 'cookie'];

/**
 * The same text for the same question, and for no other (SHA-256, so that a large payload makes no large key): target,
 * message type, kind, content type, payload, the headers of `vary` and those that carry credentials, and, unless callers
 * share replies, who sends. The first part is JSON, which holds no line break, and so ends where the payload begins.
 */
export function replyKey(question: ReplyQuestion, { vary, shared }: ReplyCacheConfig): string {
  const names = [...new Set([...credentialHeaders, ...vary])].sort();
  const about = JSON.stringify([
    targetToString(question.target),
    question.type,
    question.kind,
    question.contentType,
    names.map((name) => [name, question.headers[name] ?? null]),
    shared ? null : [question.sender, question.source],
  ]);
  return createHash('sha256').update(about).update('\n').update(question.data).digest('base64');
}
