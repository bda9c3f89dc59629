import { v7 } from 'uuid';

/** Longest id, type or capability, in bytes (they are ASCII). */
export const slugBytesMax = 128;

/** Form of ids, types and capabilities: dotted lower-case slugs, a prefix being a team's space. */
export const slugPattern = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$/;

/** Whether `text` is an id, type or capability as the contract allows it. */
export function isSlug(text: string): boolean {
  return text.length <= slugBytesMax && slugPattern.test(text);
}

/** A new time-ordered unique id: UUID version 7, RFC 9562. */
export function createId(): string {
  return v7();
}
