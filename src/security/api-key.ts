import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** An API key as its holder shows it, in its two parts. */
export interface ApiKey {
  /** Names the key; not secret. 12 characters. */
  readonly id: string;
  /** 256 bits of the machine's own randomness, as 64 hexadecimal digits. */
  readonly secret: string;
}

/**
 * `sw_<id>_<secret>`: the first part lets people and scanners of leaked secrets see what it is, the second which one.
 * Hexadecimal, so that a double click takes all of it and no shell minds.
 */
const form = /^sw_([0-9a-f]{12})_([0-9a-f]{64})$/;

/** A new key. Random bytes come from the operating system and never from base/random.ts, which can be guessed. */
export function createApiKey(): ApiKey {
  return { id: randomBytes(6).toString('hex'), secret: randomBytes(32).toString('hex') };
}

/** The key as its holder shows it. */
export function apiKeyText({ id, secret }: ApiKey): string {
  return `${prefixOf(id)}_${secret}`;
}

/** The part of a key that may be shown and logged. */
export function prefixOf(id: string): string {
  return `sw_${id}`;
}

/** The id that a prefix names, undefined for a text that is none. */
export function idOfPrefix(prefix: string): string | undefined {
  return /^sw_([0-9a-f]{12})$/.exec(prefix)?.[1];
}

/** The parts of a key, undefined for a text that is none. */
export function parseApiKey(text: string): ApiKey | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/**
 * What the hub keeps of a secret. Plain SHA-256 suffices: slow hashes and salts protect secrets that people choose;
 * nobody can try 2^256 of them, and every call pays for the hash.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether a secret is the one behind a hash; takes equally long wherever they differ. */
export function isSecretOf(secret: string, hash: string): boolean {
  const [given, kept] = [Buffer.from(hashSecret(secret), 'hex'), Buffer.from(hash, 'hex')];
  return given.length === kept.length && timingSafeEqual(given, kept);
}
