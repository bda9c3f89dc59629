import { createHash } from 'node:crypto';
import { HubError } from '../base/error.ts';

/** Items on a page when the request does not say. */
export const pageSizeDefault = 100;
/** Most items on a page; a larger wish is clamped. */
export const pageSizeMax = 1000;
/** A page is cut here too, so that an answer stays below a gRPC client's own limit of 4 MiB. */
export const pageBytesMax = 3 * 1024 * 1024;

/** The page size that a request gets: 100 when unset, at most 1000. */
export function pageSizeOf(requested: number): number {
  return requested <= 0 ? pageSizeDefault : Math.min(requested, pageSizeMax);
}

/**
 * Names everything of a list request that must stay the same between its pages: pass the filter as an object of
 * plain values.
 */
export function pageScope(method: string, filter: unknown): string {
  const text = JSON.stringify([method, filter], (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

/** The token of the page after the item `after`. */
export function pageTokenTo(scope: string, after: string): string {
  return Buffer.from(JSON.stringify([scope, after])).toString('base64url');
}

/** The item after which the page begins, undefined for the first page. Throws BAD_CURSOR for a token that is not of this scope. */
export function pageTokenFrom(scope: string, token: string): string | undefined {
  if (token === '') return undefined;
  const parsed = parseToken(token);
  if (parsed?.[0] !== scope || typeof parsed[1] !== 'string') {
    throw new HubError({
      reason: 'BAD_CURSOR',
      message:
        'page_token is not one of this request: pass next_page_token of the page before unchanged, with the same filter, or leave it empty to start over.',
      metadata: { page_token: token.slice(0, 100) },
    });
  }
  return parsed[1];
}

/**
 * Takes items until the page is full by count or by bytes; at least one, so that paging always gets on. Asks for one more
 * than it takes, so that items which are costly to make may be made as they are asked for.
 */
export function cutPage<T>(
  items: Iterable<T>,
  limits: { readonly size: number; bytesOf(item: T): number },
): { readonly page: readonly T[]; readonly more: boolean } {
  const page: T[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += limits.bytesOf(item);
    if (page.length > 0 && (page.length >= limits.size || bytes > pageBytesMax)) return { page, more: true };
    page.push(item);
  }
  return { page, more: false };
}

function parseToken(token: string): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    // Not a token of ours.
    return undefined;
  }
}
