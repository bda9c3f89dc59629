import { z } from 'zod';
import type { Secrets } from '../base/secrets.ts';

/** A reference to a secret, as settings hold it: `{secret_ref: "env:NAME"}` or `{secret_ref: "file:NAME"}`. */
export const secretRef = z.strictObject({
  secret_ref: z
    .string()
    .max(256)
    .regex(/^(env|file):[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be env:NAME or file:NAME')
    .describe(
      'env:NAME is an environment variable of the hub, file:NAME a file in its secrets folder (setting `secrets`).',
    ),
});

/** A text, or one built around a secret: `{secret_ref: "env:TOKEN", prefix: "Bearer "}`. */
export const secretText = z.union([
  z.string().max(4096),
  secretRef.extend({
    prefix: z.string().max(256).optional().describe('Put before the secret.'),
    suffix: z.string().max(256).optional().describe('Put after the secret.'),
  }),
]);

export type SecretText = z.output<typeof secretText>;

/** The text that a {@link SecretText} stands for. Rejects with SecretUnavailable. */
export async function readSecretText(value: SecretText, secrets: Secrets): Promise<string> {
  if (typeof value === 'string') return value;
  return `${value.prefix ?? ''}${await secrets.read(value.secret_ref)}${value.suffix ?? ''}`;
}

/** Names of headers and metadata that hold credentials, in lower case. */
const credentialNames: ReadonlySet<string> = new Set([
  'api-key',
  'apikey',
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-access-token',
  'x-api-key',
  'x-auth-token',
]);

/** Why a header or metadata entry may not hold this text itself; undefined when it may. */
export function credentialObjection(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || !credentialNames.has(name.toLowerCase())) return undefined;
  return `${name} holds a credential, and the record is shown to watchers; give {secret_ref: "env:NAME"} or "file:NAME", with prefix where it needs one`;
}

/** Every reference within settings or an operation, wherever it stands. */
export function secretRefsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { secret_ref?: unknown }).secret_ref;
  return [
    ...(typeof own === 'string' ? [own] : []),
    ...Object.values(value).flatMap((inner) => secretRefsIn(inner)),
  ];
}
