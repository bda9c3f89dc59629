import { z } from 'zod';
import { formatDuration, parseDuration } from './duration-text.ts';

/** A duration between two bounds, both in ms; milliseconds once parsed. */
export function duration(minMs: number, maxMs: number) {
  const allowed = `a duration such as 250ms, 30s or 5m, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return z.string({ error: `must be ${allowed}` }).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({ code: 'custom', message: `must be ${allowed}`, input: text });
    return z.NEVER;
  });
}

/** A whole number between two bounds. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int({ error: message }).min(min, message).max(max, message);
}

/** A share, from 0 to 1. */
export function share() {
  const message = 'must be a number from 0 to 1';
  return z.number({ error: message }).min(0, message).max(1, message);
}
