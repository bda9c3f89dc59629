import type { SystemDirectory } from './directory.ts';
import type { Leases } from './lease.ts';
import { type Lease, systemNotFound } from './system.ts';

export interface RenewalOutcome {
  readonly renewed: readonly { readonly systemId: string; readonly lease: Lease | undefined }[];
  readonly lost: readonly {
    readonly systemId: string;
    readonly reason: 'SYSTEM_NOT_FOUND' | 'LEASE_LOST';
    readonly message: string;
  }[];
}

/**
 * Renews leases, each on its own, in memory: nothing is written. A lease that ran out stays lost although nobody
 * took its place, because the system was shown as DISCONNECTED meanwhile: its process must register again.
 */
export function renewLeases(
  renewals: readonly { readonly systemId: string; readonly registrationId: string }[],
  { directory, leases }: { readonly directory: SystemDirectory; readonly leases: Leases },
): RenewalOutcome {
  const renewed: RenewalOutcome['renewed'][number][] = [];
  const lost: RenewalOutcome['lost'][number][] = [];
  for (const { systemId, registrationId } of renewals) {
    const system = directory.get(systemId);
    if (system === undefined) {
      lost.push({ systemId, reason: 'SYSTEM_NOT_FOUND', message: systemNotFound(systemId).message });
    } else if (system.registrationId !== registrationId) {
      lost.push({
        systemId,
        reason: 'LEASE_LOST',
        message: `This incarnation of ${JSON.stringify(systemId)} is gone: a newer one has registered, or it was removed; stop, or register again to take over.`,
      });
    } else if (system.lease === undefined) {
      renewed.push({ systemId, lease: undefined });
    } else {
      const lease = leases.renew(systemId);
      if (lease === undefined) {
        lost.push({
          systemId,
          reason: 'LEASE_LOST',
          message: `The lease of ${JSON.stringify(systemId)} ran out at ${new Date(system.lease.expireTimeMs).toISOString()}; register again.`,
        });
      } else {
        directory.renew({ ...system, lease });
        renewed.push({ systemId, lease });
      }
    }
  }
  return { renewed, lost };
}
