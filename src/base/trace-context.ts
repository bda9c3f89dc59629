import { type Random, randomInt } from './random.ts';

/** W3C trace context, level 1 (https://www.w3.org/TR/trace-context/): version 00. */
const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The trace id of a `traceparent` that {@link continueTrace} gave, by its place in it; empty for an empty one. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/**
 * The `traceparent` that the hub passes on: the caller's trace with a span of our own, or a new trace when the
 * caller sent none or an invalid one.
 */
export function continueTrace(traceparent: string | undefined, random: Random): string {
  const match = traceparentPattern.exec(traceparent ?? '');
  const traceId = match?.[1] ?? hex(random, 32);
  return `00-${traceId}-${hex(random, 16)}-${match?.[3] ?? '00'}`;
}

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += randomInt(random, 0x10000).toString(16).padStart(4, '0');
  // All zeros is invalid by the specification; the chance is one in 2^64 at least.
  return /^0+$/.test(text) ? `${text.slice(0, -1)}1` : text;
}
