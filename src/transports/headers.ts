import { replyHeaderBytesMax, replyHeadersMax } from './limits.ts';

/** Counts the hubs that a message has passed, this one included. */
export const hopsHeader = 'x-switchyard-hops';
/** How many attempts of the message went before this one; left out of the first. */
export const previousAttemptsHeader = 'x-previous-attempts';
/** A target sets it to `not-executed`, as header or trailer, when it surely did nothing. */
const outcomeHeader = 'switchyard-outcome';
const outcomeNotExecuted = 'not-executed';

/** Headers of one connection (RFC 9110 section 7.6.1 and its forerunners): never passed on in either direction. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Headers that the hub itself sets or that describe the request's own bytes: a message cannot set them. */
const reserved = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'accept-encoding',
  'expect',
  'idempotency-key',
  'traceparent',
  'user-agent',
  'x-message-id',
  'x-source-system',
  'x-target-system',
  'x-message-type',
  previousAttemptsHeader,
]);
const reservedPrefixes = ['x-switchyard-', 'switchyard-', 'grpc-'];

const namePattern = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const valuePattern = /^[\x20-\x7e\t]*$/;

/** Whether a text can name a header; lower case. */
export function isHeaderName(name: string): boolean {
  return namePattern.test(name);
}

/** Whether a text can be a header's value as it is: visible ASCII, spaces and tabs, so that none can end the header. */
export function isHeaderValue(value: string): boolean {
  return valuePattern.test(value);
}

/**
 * The message headers that go out as headers, lower-case names: without those of the connection, reserved ones, and
 * any that cannot be a header (they are still in the message itself).
 */
export function passedOnHeaders(headers: Readonly<Record<string, string>>): [name: string, value: string][] {
  const passed: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!namePattern.test(lower) || !valuePattern.test(value)) continue;
    if (hopByHop.has(lower) || reserved.has(lower)) continue;
    if (reservedPrefixes.some((prefix) => lower.startsWith(prefix))) continue;
    passed.push([lower, value]);
  }
  return passed;
}

/** `text` as a header value: what is not visible ASCII is percent-encoded, so that no id can end a header. */
export function headerValue(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}

/** Headers as Node and undici hand them out. */
export type IncomingHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The first value of a header; undefined when absent. */
export function firstValue(headers: IncomingHeaders, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  return typeof value === 'object' ? value[0] : String(value);
}

/** Whether the target says, in a header or trailer, that it did nothing. */
export function saysNotExecuted(headers: IncomingHeaders): boolean {
  return firstValue(headers, outcomeHeader)?.trim().toLowerCase() === outcomeNotExecuted;
}

/**
 * The reply's headers: without those of the connection and pseudo headers, several values joined, within the limits
 * ({@link replyHeadersMax}, {@link replyHeaderBytesMax}); what exceeds them is left out.
 */
export function replyHeaders(headers: IncomingHeaders, leftOut: ReadonlySet<string>): Record<string, string> {
  const kept: [string, string][] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || leftOut.has(name)) continue;
    const text = typeof value === 'object' ? value.join(', ') : String(value);
    const size = name.length + Buffer.byteLength(text);
    if (kept.length >= replyHeadersMax || bytes + size > replyHeaderBytesMax) continue;
    bytes += size;
    kept.push([name, text]);
  }
  return Object.fromEntries(kept);
}
