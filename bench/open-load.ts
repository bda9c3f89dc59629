/** How one call of an open load ended: with an answer, refused without having been tried, or too late or in another way without one. */
export type CallEnd = 'answered' | 'refused' | 'failed';

/** What one round of an open load measured. */
export interface OpenRound {
  /** Calls that ended, in whatever way. */
  readonly ended: number;
  readonly refused: number;
  readonly failed: number;
  /** Answers a second. */
  readonly goodput: number;
  /** Times of the calls that were answered, in ms; not a number when none was. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Calls at a rate, whatever becomes of earlier ones: what overload is, which a load that waits for answers cannot make.
 * The pauses between calls are those of a Poisson process. Calls that end in the first `settleMs`, or after `durationMs`
 * more, do not count. A call that throws ends the round with its error.
 */
export async function runOpenRound(
  call: () => Promise<CallEnd>,
  options: { readonly perSecond: number; readonly settleMs: number; readonly durationMs: number },
): Promise<OpenRound> {
  const { perSecond, settleMs, durationMs } = options;
  const counts: Record<CallEnd, number> = { answered: 0, refused: 0, failed: 0 };
  const latencies: number[] = [];
  const calls: Promise<void>[] = [];
  const started = performance.now();
  const endMs = started + settleMs + durationMs;
  const timed = async (): Promise<void> => {
    const begun = performance.now();
    const end = await call();
    const ended = performance.now();
    if (ended < started + settleMs || ended >= endMs) return;
    counts[end] += 1;
    if (end === 'answered') latencies.push(ended - begun);
  };
  for (let due = started; due < endMs; due += pauseMs(perSecond)) {
    const waitMs = due - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    calls.push(timed());
  }
  await Promise.all(calls);
  latencies.sort((a, b) => a - b);
  return {
    ended: counts.answered + counts.refused + counts.failed,
    refused: counts.refused,
    failed: counts.failed,
    goodput: (counts.answered * 1000) / durationMs,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
  };
}

function pauseMs(perSecond: number): number {
  return (-Math.log(1 - Math.random()) * 1000) / perSecond;
}
