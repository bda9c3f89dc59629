/** An instant after which nobody waits for the answer: milliseconds since the Unix epoch, `Infinity` for none. */
export type Deadline = number;

/** The earliest of the deadlines that are given. */
export function earliest(...deadlines: (Deadline | undefined)[]): Deadline {
  return Math.min(Infinity, ...deadlines.filter((deadline) => deadline !== undefined));
}

/**
 * How long before the caller's deadline the hub answers, so that its reason arrives before the caller's own timer
 * fires: 5 % of the remaining time, at least 20 ms and at most 500 ms.
 */
export function answerMarginMs(remainingMs: number): number {
  return Math.min(500, Math.max(20, remainingMs * 0.05));
}
