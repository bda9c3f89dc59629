import { formatDuration } from '../base/duration-text.ts';
import { slugBytesMax } from '../base/id.ts';

/** Something that is wrong with a policy. */
export interface PolicyViolation {
  /** Path within the policy as files and the contract spell it: `retry.max_delay`, `match.types[0]`. */
  readonly path: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** A text that was found, cut where it is longer than any name. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, slugBytesMax));
}

/** A duration that was found, even one that is no number. */
export function durationShown(ms: number): string {
  return Number.isFinite(ms) ? formatDuration(ms) : String(ms);
}

/** Whether messages can have such a header: an HTTP header name (RFC 9110, section 5.1) in lower case. */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]{1,256}$/.test(name);
}
