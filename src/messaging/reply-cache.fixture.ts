import type { Reply } from '../base/message.ts';
import type { ReplyCacheConfig } from '../resilience/policy.ts';
import type { Attempt, Delivered, Delivery } from './delivery.ts';

import type { ServeOptions } from './reply-cache.ts';
import type { ReplyQuestion } from './reply-cache-key.ts';

const utf8 = new TextEncoder();

/** A balance query to the ledger by Alice. */
export function question(parts: Partial<ReplyQuestion> & { readonly text?: string } = {}): ReplyQuestion {
  const { text = '{"account":7}', ...rest } = parts;
  return {
    target: { by: 'type', type: 'ledger' },
    type: 'balance_query',
    kind: 'QUERY',
    priority: 'NORMAL',
    contentType: 'application/json',
    data: utf8.encode(text),
    headers: {},
    sender: 'alice',
    source: 'shop',
    ...rest,
  };
}

export function reply(text: string, headers: Reply['headers'] = {}): Reply {
  return { status: '200', contentType: 'text/plain', headers, data: utf8.encode(text) };
}

export function textOf({ data }: Reply): string {
  return new TextDecoder().decode(data);
}

/** Kept for a minute, by caller. */
export const minute: ReplyCacheConfig = { ttlMs: 60_000, shared: false, vary: [] };

/** A caller that waits for as long as it takes. */
export function patient(parts: Partial<ServeOptions> = {}): ServeOptions {
  return { signal: new AbortController().signal, deadlineMs: Infinity, returnRejections: false, ...parts };
}

/** What a delivery gives in which the target answered at the first attempt. */
export function delivered(given: Reply, parts: Partial<Delivery> = {}): Delivered {
  const attempt: Attempt = {
    number: 1,
    systemId: 'ledger_1',
    interface: 'rest',
    startTimeMs: 0,
    latencyMs: 1,
    verdict: 'OK',
    status: '200',
    reason: 'ok',
    detail: '',
    backoffMs: undefined,
    retryAfterMs: undefined,
    hedge: false,
    queueTimeMs: 0,
    fallback: '',
  };
  const delivery = {
    id: 'd1',
    state: 'DELIVERED',
    attempts: [attempt],
    reason: '',
    fallbackUsed: '',
    cached: false,
    replyAgeMs: undefined,
    stale: false,
    ...parts,
  };
  return { reply: given, delivery: delivery as unknown as Delivery };
}
