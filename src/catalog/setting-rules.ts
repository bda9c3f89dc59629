import { z } from 'zod';
import { formatDuration, parseDuration } from '../base/duration-text.ts';
import { slugBytesMax, slugPattern } from '../base/id.ts';

/*
 * Pieces that the schemas of catalogs and of the hub's configuration are built from. Each says what is allowed ("must
 * be …"); what was found is added where the issues are told (issue-text.ts, hub/config.ts).
 */

/** A duration between two bounds, both in ms; milliseconds once parsed. */
export function duration(minMs: number, maxMs: number) {
  const allowed = `a duration such as 250ms, 30s or 5m, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return z
    .string({ error: `must be ${allowed}` })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue({ code: 'custom', message: `must be ${allowed}`, input: text });
      return z.NEVER;
    })
    .meta({ pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$' });
}

/** A whole number between two bounds. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int({ error: message }).min(min, message).max(max, message);
}

/** Any number between two bounds. */
export function number(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return z.number({ error: message }).min(min, message).max(max, message);
}

/** A share, from 0 to 1. */
export function share() {
  return number(0, 1);
}

/** An id, type, capability or name: a dotted lower-case slug. */
export function slug() {
  const message = `must be a dotted lower-case slug such as payments.ledger, at most ${slugBytesMax} bytes`;
  return z.string().regex(slugPattern, message).max(slugBytesMax, message);
}

/** Text of at most so many characters; `min` 1 refuses the empty one. */
export function text(max: number, min = 0) {
  const message = `must be text of ${min > 0 ? `${min} to` : 'at most'} ${max} characters`;
  return z.string().min(min, message).max(max, message);
}

/** A list of at most `max` items. */
export function list<Item extends z.ZodType>(item: Item, max: number, min = 0) {
  const message = `must have ${min > 0 ? `${min} to` : 'at most'} ${max} items`;
  return z.array(item).min(min, message).max(max, message);
}

/** A map of these fields and no others; an unknown one is told with the ones that are allowed. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const allowed = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `no such field; allowed here are ${allowed}` : undefined,
  });
}

/** A map whose content somebody else checks: any JSON, with finite numbers. */
export function anyMap() {
  return z
    .record(z.string(), z.unknown())
    .refine(isFiniteThroughout, { message: 'must hold finite numbers only' });
}

/** Any JSON, with finite numbers. */
export function anyJson() {
  return z.unknown().refine(isFiniteThroughout, { message: 'must hold finite numbers only' });
}

function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFiniteThroughout);
}
