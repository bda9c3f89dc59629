import { isSlug, slugBytesMax } from '../base/id.ts';

/** Systems that somebody may act as: one id (`orders_001`), or every id with a prefix (`payments.*`, `*`). */
export type SystemPattern = string;

/** Most patterns of one principal. */
export const systemPatternsMax = 100;

/** What a pattern may be, for violations. */
export const systemPatternForm =
  'a system id such as orders_001, or a prefix with * at the end such as payments.*';

/** Whether a text is a pattern. */
export function isSystemPattern(text: string): boolean {
  if (!text.endsWith('*')) return isSlug(text);
  // What stands before the star must be the beginning of an id.
  return text.length <= slugBytesMax && /^([a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*\.?)?\*$/.test(text);
}

/** Whether a system is among those that a pattern means. */
export function covers(pattern: SystemPattern, systemId: string): boolean {
  return pattern.endsWith('*') ? systemId.startsWith(pattern.slice(0, -1)) : systemId === pattern;
}

/** The id that a pattern without a star is. */
export function fullId(pattern: SystemPattern): string | undefined {
  return pattern.endsWith('*') ? undefined : pattern;
}
