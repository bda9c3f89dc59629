import type { HealthStatus } from '../base/health-status.ts';
import type { Target } from '../base/target.ts';
import type { Endpoint } from '../base/transport.ts';

/** A registered system, as far as routing needs to know it. */
export interface Provider {
  readonly systemId: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  /** Share of the load relative to others, at least 1. */
  readonly weight: number;
  /** Where it stands; empty: it did not say. */
  readonly zone: string;
  /** Ways to reach it, in order of preference. */
  readonly endpoints: readonly Endpoint[];
}

/** Who is there. Wired to the registry. */
export interface Directory {
  /** Every system that the target names; none when nobody does. Order does not matter. */
  find(target: Target): readonly Provider[];
  /** The zone of a system; empty when it has none or is not registered. */
  zoneOf(systemId: string): string;
}

/** Who is well. Wired to health. */
export interface Vitals {
  /** The status that routing goes by: from probes, leases and FAILED reports; UNKNOWN when nothing is known. */
  routingStatus(systemId: string, interfaceName: string): HealthStatus;
  /**
   * Calls `listener` after the status of a system changed, until the returned function is called. Without it slow start
   * does not know who is well again.
   */
  onStatusChange?(listener: (change: VitalsChange) => void): () => void;
}

/** A change of what is known of a system's health. */
export interface VitalsChange {
  readonly systemId: string;
  readonly from: HealthStatus;
  readonly to: HealthStatus;
}
