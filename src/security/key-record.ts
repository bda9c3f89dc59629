import { z } from 'zod';
import { HubError } from '../base/error.ts';
import { prefixOf } from './api-key.ts';
import { type Role, roles } from './role.ts';
import type { SystemPattern } from './system-pattern.ts';

/** A key as the hub keeps it. */
export interface KeyRecord {
  readonly id: string;
  /** Name of the principal. */
  readonly name: string;
  readonly role: Role;
  readonly systems: readonly SystemPattern[];
  /** SHA-256 of the secret, hexadecimal. */
  readonly hash: string;
  /** Principal that made it. */
  readonly creator: string;
  /** Epoch ms, as all times here. */
  readonly createTimeMs: number;
  /** `undefined`: never. */
  readonly expireTimeMs: number | undefined;
  readonly revokeTimeMs: number | undefined;
}

export type KeyState = 'live' | 'expired' | 'revoked';

/** Whether a key is accepted at an instant. */
export function keyStateAt(key: Pick<KeyRecord, 'expireTimeMs' | 'revokeTimeMs'>, nowMs: number): KeyState {
  if (key.revokeTimeMs !== undefined) return 'revoked';
  return key.expireTimeMs !== undefined && nowMs >= key.expireTimeMs ? 'expired' : 'live';
}

/** When a key stopped to be accepted; undefined while it is. */
export function keyEndedAtMs(key: KeyRecord, nowMs: number): number | undefined {
  return keyStateAt(key, nowMs) === 'live' ? undefined : (key.revokeTimeMs ?? key.expireTimeMs);
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;
/** Longest name of a principal, in characters. */
export const principalNameCharactersMax = 128;
/** What a principal's name may be, for violations. */
export const principalNameForm = `letters, digits and . _ @ + -, from a letter or digit on, at most ${principalNameCharactersMax} characters, and not "anonymous"`;

/** Whether a principal may be called so. */
export function isPrincipalName(text: string): boolean {
  return text.length <= principalNameCharactersMax && namePattern.test(text) && text !== 'anonymous';
}

/** A key on disk, version 1. */
const record = z.object({
  v: z.literal(1),
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  systems: z.array(z.string()),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  creator: z.string(),
  createTimeMs: z.number(),
  expireTimeMs: z.number().optional(),
  revokeTimeMs: z.number().optional(),
});

export function encodeKey(key: KeyRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...key }));
}

/** Throws STORE_UNAVAILABLE for bytes that no hub of this version wrote. */
export function decodeKey(rowKey: string, bytes: Uint8Array): KeyRecord {
  try {
    const {
      v: _version,
      expireTimeMs,
      revokeTimeMs,
      ...key
    } = record.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { ...key, expireTimeMs, revokeTimeMs };
  } catch (cause) {
    throw new HubError({
      reason: 'STORE_UNAVAILABLE',
      message: `The key ${prefixOf(rowKey)} in the store cannot be read; it was written by a newer hub or is damaged. Start that hub again, or restore a backup.`,
      metadata: { prefix: prefixOf(rowKey) },
      cause,
    });
  }
}
