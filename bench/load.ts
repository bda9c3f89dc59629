/** What one round of calls measured. */
export interface Round {
  readonly requestsPerSecond: number;
  /** Times of single calls in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly calls: number;
}

/** Calls as fast as answers come, with a fixed number in flight, for a time. The first call that fails ends it with its error. */
export async function runRound(
  call: () => Promise<void>,
  options: { readonly inFlight: number; readonly durationMs: number },
): Promise<Round> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + options.durationMs;
  const worker = async (): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      await call();
      const after = performance.now();
      latencies.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, worker));
  const elapsedMs = performance.now() - started;
  latencies.sort((a, b) => a - b);
  return {
    requestsPerSecond: (latencies.length * 1000) / elapsedMs,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    calls: latencies.length,
  };
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
