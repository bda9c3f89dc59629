import type { Clock } from '../base/clock.ts';
import type { Message } from '../base/message.ts';
import type { Delivery } from './delivery.ts';
import type { SendOptions } from './delivery.ts';

/** The message of a recorded delivery, as far as it is remembered: equal payloads are equal again, but not themselves. */
export function repeatedMessage({ messageId, acceptTimeMs, traceId, subject }: Delivery): Message {
  const { messageType: type, kind, source, target, priority, sender, correlationId } = subject;
  return {
    id: messageId,
    source,
    target,
    kind,
    type,
    priority,
    sender,
    correlationId,
    createTimeMs: acceptTimeMs,
    acceptTimeMs,
    headers: {},
    contentType: '',
    data: Uint8Array.from([24, 16, 8, 0], (bits) => subject.payloadMark >>> bits),
    traceparent: traceId === '' ? '' : `00-${traceId}-0000000000000001-00`,
    hops: 1,
    ...(subject.ttlMs === undefined ? {} : { ttlMs: subject.ttlMs }),
    ...(subject.maxAttempts === undefined ? {} : { maxAttempts: subject.maxAttempts }),
  };
}

/** What its caller asked for. One that went away goes away again, as long after as then. */
export function repeatedOptions(delivery: Delivery, clock: Pick<Clock, 'after'>): SendOptions {
  const { subject, acceptTimeMs, latencyMs, state } = delivery;
  const caller = new AbortController();
  if (state === 'CANCELLED') clock.after(latencyMs ?? 0, () => caller.abort());
  return {
    callerDeadlineMs: acceptTimeMs + subject.callerTimeMs,
    timeoutMs: subject.timeoutMs,
    repeatSafety: subject.repeatSafety,
    returnRejections: false,
    signal: caller.signal,
  };
}
