import type { ReportedStatus } from './status-reducer.ts';

/** How a delivery to an interface ended, as health needs to know it. */
export interface DeliveryOutcome {
  readonly systemId: string;
  readonly interface: string;
  readonly ok: boolean;
  /** How long the attempt took, in ms. */
  readonly latencyMs: number;
  /** Whether it says anything about the target; false for refusals (4xx), cancellations and deadlines cut short. */
  readonly counts: boolean;
}

/** What a system says of itself. */
export interface ReportInput {
  readonly systemId: string;
  readonly status: ReportedStatus;
  /** Why; may be empty. */
  readonly cause: string;
  /** How long it holds in ms; default {@link reportValidMs}. FAILED holds until the next report or registration. */
  readonly validForMs?: number | undefined;
  /** The incarnation that reports; undefined: any. */
  readonly registrationId?: string | undefined;
}

/** How long a report holds that does not say, in ms. */
export const reportValidMs = 300_000;
