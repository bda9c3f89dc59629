import type { Clock, Timer } from '../base/clock.ts';
import type { Caller } from './authenticator.ts';

/** Where audit lines go; telemetry's Logger is one. */
export interface AuditLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** A refusal as it is logged: who, from where, what, and why. Never a secret. */
export interface Refusal {
  readonly caller: Caller;
  /** RPC (`switchyard.registry.v1.RegistryService/RegisterSystem`) or path. */
  readonly what: string;
  readonly reason: 'UNAUTHENTICATED' | 'PERMISSION_DENIED';
  readonly why: string;
}

/** Writes who was refused what, and who changed what access. */
export interface Audit {
  refused(refusal: Refusal): void;
  /** A connection that was refused because of the client's certificate, before any request. */
  connectionRefused(address: string, why: string): void;
  /** A change of access, such as a new key. Never left out. */
  changed(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Writes the count of lines that were left out. */
  close(): void;
}

/** Refusals from one address that are logged in a minute; further ones are counted. */
export const auditLinesPerAddressMax = 20;
/** Refusals from all addresses together that are logged in a minute; further ones are counted. */
export const auditLinesMax = 200;

const windowMs = 60_000;

/** An attacker must not fill the disk by being refused: each minute has so many lines, and then one with a count. */
export function createAudit(log: AuditLog, clock: Clock): Audit {
  /** Lines of this minute by address; each address has at least one, so there are at most {@link auditLinesMax}. */
  const lines = new Map<string, number>();
  let written = 0;
  let leftOut = 0;
  let endOfWindow: Timer | undefined;

  const close = (): void => {
    endOfWindow?.cancel();
    endOfWindow = undefined;
    if (leftOut > 0) log.warn('further refusals were not logged', { count: leftOut, within_ms: windowMs });
    lines.clear();
    written = 0;
    leftOut = 0;
  };

  const mayWrite = (address: string): boolean => {
    endOfWindow ??= clock.after(windowMs, close);
    const ofAddress = lines.get(address) ?? 0;
    if (written >= auditLinesMax || ofAddress >= auditLinesPerAddressMax) {
      leftOut += 1;
      return false;
    }
    written += 1;
    lines.set(address, ofAddress + 1);
    return true;
  };

  return {
    refused({ caller, what, reason, why }) {
      if (!mayWrite(caller.address)) return;
      const { principal, credential, address } = caller;
      log.warn('access refused', {
        principal: principal?.name ?? 'unknown',
        ...(principal === undefined ? {} : { role: principal.role }),
        ...(credential === '' ? {} : { credential }),
        from: address,
        what,
        reason,
        why,
      });
    },
    connectionRefused(address, why) {
      if (mayWrite(address)) log.warn('connection refused for its certificate', { from: address, why });
    },
    changed: (message, fields) => log.info(message, fields),
    close,
  };
}
