import type { Endpoint, ProbeResult } from '../base/transport.ts';

/** What health needs to know about a registered system. */
export interface MonitoredSystem {
  readonly systemId: string;
  readonly type: string;
  /** Names this incarnation. A new one starts without the reports of the one before. */
  readonly registrationId: string;
  /** True once its lease ran out. */
  readonly leaseExpired: boolean;
  /** Its interfaces in order of preference, each name once. */
  readonly endpoints: readonly Endpoint[];
}

/** Who is registered. */
export interface Directory {
  systems(): Iterable<MonitoredSystem>;
  /** Undefined: nobody is registered under that id. */
  get(systemId: string): MonitoredSystem | undefined;
  /**
   * Calls back after a system was registered, changed or removed, or its lease ran out; not for renewals. Returns what
   * ends it.
   */
  onChange(listener: (systemId: string) => void): () => void;
}

/**
 * Probes an interface once. `deadlineMs` is epoch ms. Every fault of the target is a result. Settles soon after
 * `signal` aborts.
 */
export type Prober = (
  endpoint: Endpoint,
  options: { deadlineMs: number; signal: AbortSignal },
) => Promise<ProbeResult>;
