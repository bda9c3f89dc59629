import type { Reply } from '../base/message.ts';
import type { ReplyCacheConfig } from '../resilience/policy.ts';

/** For what a reply may be used again. */
export interface ReplyUse {
  /** How long it stays good, in ms; 0: not at all. */
  readonly freshForMs: number;
  /** Whether it may be given later still, as the last good reply. */
  readonly mayBeStale: boolean;
}

const notAtAll: ReplyUse = { freshForMs: 0, mayBeStale: false };

/** Headers of a request that the hub sets itself, so that they are the same for all callers. */
const sameForAll: ReadonlySet<string> = new Set(['accept-encoding', 'origin']);

/**
 * For what a target lets its reply be used again, by the headers of RFC 9111 (https://www.rfc-editor.org/rfc/rfc9111):
 * `Cache-Control` (no-store, no-cache, private, max-age, s-maxage, must-revalidate, proxy-revalidate), `Age` and `Vary`.
 * They only narrow what the policy allows. A reply that varies by a header that the policy does not name is not kept,
 * since another question could get it; nor is one that sets a cookie, where callers share replies.
 */
export function replyUse({ headers }: Reply, config: ReplyCacheConfig): ReplyUse {
  const control = headers['cache-control'];
  const vary = headers['vary'];
  if (vary !== undefined && !isCovered(vary, config.vary)) return notAtAll;
  if (config.shared && headers['set-cookie'] !== undefined) return notAtAll;
  if (control === undefined) return { freshForMs: config.ttlMs, mayBeStale: true };

  const directives = parseCacheControl(control);
  if (directives.has('no-store') || directives.has('no-cache')) return notAtAll;
  if (config.shared && directives.has('private')) return notAtAll;
  const age = (config.shared ? directives.get('s-maxage') : undefined) ?? directives.get('max-age');
  return {
    freshForMs: Math.min(config.ttlMs, age === undefined ? Infinity : remainingMs(age, headers['age'])),
    mayBeStale: !directives.has('must-revalidate') && !(config.shared && directives.has('proxy-revalidate')),
  };
}

/**
 * Whether a reply answers others too that asked the same while it was on its way: not when it varies by a header that is
 * no part of the question, nor, where callers share replies, when it is not to be kept, since it may be for one of them.
 */
export function answersOthers(reply: Reply, config: ReplyCacheConfig): boolean {
  const vary = reply.headers['vary'];
  if (vary !== undefined && !isCovered(vary, config.vary)) return false;
  return !config.shared || replyUse(reply, config) !== notAtAll;
}

/** Whether every header that a reply varies by is part of the question, or the same for all. */
function isCovered(vary: string, named: readonly string[]): boolean {
  return vary
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .every((name) => name === '' || sameForAll.has(name) || named.includes(name));
}

/** The directives in lower case, each with its value, which is empty when it has none. Of two equal ones the first. */
function parseCacheControl(text: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(
    /([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,"]*)))?/gi,
  )) {
    const lower = name.toLowerCase();
    if (!directives.has(lower)) directives.set(lower, quoted ?? plain ?? '');
  }
  return directives;
}

/** What is left of a maximum age, in ms; what cannot be read counts as none (RFC 9111 section 4.2.1). */
function remainingMs(maxAge: string, age: string | undefined): number {
  if (!/^\d+$/.test(maxAge)) return 0;
  const seconds = Number(maxAge) - (age !== undefined && /^\d+$/.test(age) ? Number(age) : 0);
  return Math.max(0, seconds * 1000);
}
