import { mayHaveActed, messageText, type MessageRecord } from '../ledger.ts';
import type { ReplyText } from '../world/target.ts';
import type { Finding, Invariant } from './invariant.ts';

/**
 * A reply answers the question that was asked, and nothing stands in for a reply where it must not: no cached, fixed or
 * old reply and no other target answers a message whose outcome is unknown unless it is SAFE.
 */
export function repliesFit(): Invariant {
  return {
    name: 'a reply answers its own question and hides no unknown outcome',
    messageConcluded(message) {
      const { outcome } = message;
      if (outcome?.kind !== 'delivered') return undefined;
      const { reply, delivery } = outcome.delivered;
      const instead = delivery.fallbackUsed !== '' || delivery.cached || delivery.stale;
      if (instead) {
        const finding = hides(message, delivery.systemId);
        if (finding !== undefined) return finding;
      }
      if (delivery.cached && message.expected.repeatSafety !== 'SAFE')
        return `${messageText(message)} is answered from the cache, although it is not SAFE`;
      const { ttlMs } = message.expected.policy.replyCache;
      if (delivery.cached && (delivery.replyAgeMs ?? 0) > ttlMs)
        return `${messageText(message)} gets a cached reply of ${delivery.replyAgeMs} ms, although they are good for ${ttlMs} ms`;
      const text = Buffer.from(reply.data).toString();
      return text.startsWith('{"by"') ? misfit(message, JSON.parse(text) as ReplyText) : undefined;
    },
  };
}

/** Whether an attempt may have acted that gave no reply, elsewhere than where the reply comes from. */
function hides(message: MessageRecord, repliedBy: string): Finding {
  if (message.expected.repeatSafety === 'SAFE') return undefined;
  const unknown = message.attempts.find(
    (attempt) => mayHaveActed(attempt) && attempt.endpoint.systemId !== repliedBy,
  );
  return unknown === undefined
    ? undefined
    : `${messageText(message)} is answered by something else, although its attempt ${unknown.number} at ${unknown.endpoint.systemId} may have acted`;
}

/** What of the reply belongs to another question. */
function misfit(record: MessageRecord, reply: ReplyText): Finding {
  const { message, expected, outcome } = record;
  if (outcome?.kind !== 'delivered') return undefined;
  const { delivery } = outcome.delivered;
  const asked: Partial<ReplyText> = {
    type: message.type,
    kind: message.kind,
    question: Buffer.from(message.data).toString(),
  };
  const { shared, vary } = expected.policy.replyCache;
  if (!delivery.cached && !delivery.stale) Object.assign(asked, { messageId: message.id });
  if (!shared) Object.assign(asked, { sender: message.sender, source: message.source });
  if (vary.includes('x-tenant')) Object.assign(asked, { tenant: message.headers['x-tenant'] ?? '' });
  const wrong = (Object.keys(asked) as (keyof ReplyText)[]).find((field) => reply[field] !== asked[field]);
  return wrong === undefined
    ? undefined
    : `${messageText(record)} gets a reply to another question: its ${wrong} is ${JSON.stringify(reply[wrong])}, asked was ${JSON.stringify(asked[wrong])}`;
}
