import { HubError } from '../base/error.ts';
import { createId } from '../base/id.ts';
import type { DeclaredSystem } from './catalog.ts';
import { asRegistered } from './planned-systems.ts';
import { systemOfRecord, type SystemRecord } from './system-record.ts';
import type { System, SystemSpec } from './system.ts';

export interface RegisterOptions {
  /** Refuses when the id is taken, by a registration or a catalog. */
  readonly ifAbsent?: boolean;
  /** Undefined: never expires. */
  readonly leaseTtlMs?: number | undefined;
  readonly validateOnly?: boolean;
}

/** The record of a new incarnation: what it registers, with what a catalog decides, and the create time of `previous`. */
export function registrationRecord(
  spec: SystemSpec,
  context: {
    readonly previous: System | undefined;
    readonly declared: DeclaredSystem | undefined;
    readonly nowMs: number;
  },
  { leaseTtlMs, validateOnly }: RegisterOptions,
): SystemRecord {
  const { previous, declared, nowMs } = context;
  return {
    ...(declared === undefined ? spec : asRegistered(spec, declared)),
    createTimeMs: previous?.createTimeMs ?? nowMs,
    updateTimeMs: nowMs,
    registrationId: validateOnly === true ? '' : createId(),
    leaseTtlMs,
  };
}

/** The record of a system that is there by a catalog alone. */
export function catalogRecord(spec: SystemSpec, previous: System | undefined, nowMs: number): SystemRecord {
  return {
    ...spec,
    createTimeMs: previous?.createTimeMs ?? nowMs,
    updateTimeMs: nowMs,
    registrationId: '',
    leaseTtlMs: undefined,
  };
}

/** The record of a system as it stands. */
export function recordOf(system: System): SystemRecord {
  const { etag: _etag, lease, ...rest } = system;
  return { ...rest, leaseTtlMs: lease?.ttlMs };
}

/** What would be registered; its etag is empty, because there is none yet. */
export function previewOf(record: SystemRecord, nowMs: number): System {
  const { leaseTtlMs: ttlMs } = record;
  const lease = ttlMs === undefined ? undefined : { ttlMs, expireTimeMs: nowMs + ttlMs, expired: false };
  return { ...systemOfRecord(record, 0, lease), etag: '' };
}

/** Throws ETAG_MISMATCH unless `etag` is empty or the system's. */
export function checkEtag(system: System, etag = ''): void {
  if (etag === '' || etag === system.etag) return;
  throw new HubError({
    reason: 'ETAG_MISMATCH',
    message: `System ${JSON.stringify(system.id)} has changed: its etag is ${JSON.stringify(system.etag)}, not ${JSON.stringify(etag)}; read it again and repeat the change.`,
    metadata: { system_id: system.id, etag, current_etag: system.etag },
    resource: { type: 'system', name: system.id },
  });
}

/** Throws LEASE_LOST unless `registrationId` is empty or names the system's incarnation. */
export function checkIncarnation({ id, registrationId: current }: System, registrationId = ''): void {
  if (registrationId === '' || registrationId === current) return;
  throw new HubError({
    reason: 'LEASE_LOST',
    message: `System ${JSON.stringify(id)} was registered anew since; the registration_id names an earlier incarnation, so nothing was removed.`,
    metadata: { system_id: id, registration_id: registrationId },
  });
}

/** The error for an id that must be free and is not. */
export function systemExists(id: string): HubError {
  return new HubError({
    reason: 'SYSTEM_EXISTS',
    message: `System ${JSON.stringify(id)} is registered already; choose another id, or register without if_absent to replace it.`,
    metadata: { system_id: id },
    resource: { type: 'system', name: id },
  });
}

/** The error for one system more than there may be. */
export function registryFull(systemsMax: number): HubError {
  return new HubError({
    reason: 'REGISTRY_FULL',
    message: `${systemsMax} systems are registered, the most allowed; deregister some, or raise the limit.`,
    metadata: { limit: String(systemsMax) },
  });
}
