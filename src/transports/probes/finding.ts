import type { ProbeResult } from '../../base/transport.ts';

/** How long a probe may take. */
export interface ProbeOptions {
  /** When it must have ended, epoch ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** What a probe found, before its time was taken. */
export type Finding = Omit<ProbeResult, 'latencyMs'>;
