import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import type { Secrets } from '../base/secrets.ts';
import { LruMap } from './lru-map.ts';
import { secretRef } from './secret-value.ts';

/** PEM text, or where it is kept. Certificates are public, so they may stand in the record; keys may not. */
const pem = z.union([z.string().min(1).max(16_384), secretRef]);

/** Setting `tls` of every interface whose scheme speaks TLS. */
export const tlsSettings = z
  .strictObject({
    ca: pem
      .optional()
      .describe(
        'Certificates (PEM) that the target is checked against, instead of the public ones and the machine’s.',
      ),
    cert: pem.optional().describe('Certificate (PEM) that the hub shows to the target (mTLS); needs `key`.'),
    key: secretRef.optional().describe('Private key (PEM) of `cert`, by reference.'),
    server_name: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('Name that the target’s certificate must hold; default: the host of the URI.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    message: 'cert and key go together: give both or neither',
  });

export type TlsSettings = z.output<typeof tlsSettings>;

/** How the hub shows itself to a target over TLS, and whom it trusts there. */
export interface TlsIdentity {
  /** Equal for equal identities: connections are shared by it. Changes when a file behind a reference changes. */
  readonly id: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
}

/** A certificate or key that cannot be used. The message names the field and the way out. */
export class TlsIdentityFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TlsIdentityFault';
  }
}

/** Gives out identities for `tls` settings. */
export interface TlsIdentities {
  /**
   * Reads what the settings refer to, and checks that certificates can be read, are valid now and fit the key. Rejects
   * with {@link TlsIdentityFault} or SecretUnavailable and nothing else. Undefined settings give undefined: the hub's
   * own trust, no certificate.
   */
  of(settings: TlsSettings | undefined): Promise<TlsIdentity | undefined>;
}

/** Identities whose check is remembered. */
const checkedMax = 256;

export function createTlsIdentities({
  secrets,
  clock,
}: {
  readonly secrets: Secrets;
  readonly clock: Clock;
}): TlsIdentities {
  /** By id, until when the certificates are valid, epoch ms. */
  const checked = new LruMap<number>(checkedMax);
  const read = async (value: string | { readonly secret_ref: string } | undefined) =>
    value === undefined || typeof value === 'string' ? value : secrets.read(value.secret_ref);

  return {
    async of(settings) {
      if (settings === undefined) return undefined;
      const [ca, cert, key] = await Promise.all([read(settings.ca), read(settings.cert), read(settings.key)]);
      const serverName = settings.server_name;
      const id = createHash('sha256')
        .update(JSON.stringify([ca ?? '', cert ?? '', key ?? '', serverName ?? '']))
        .digest('base64url');
      const identity = { id, ca, cert, key, serverName };
      if (clock.now() >= (checked.get(id) ?? 0)) checked.set(id, validUntil(identity, clock.now()));
      return identity;
    },
  };
}

/** When the first certificate of an identity that can be used now expires, epoch ms. Throws TlsIdentityFault. */
function validUntil({ ca, cert, key }: TlsIdentity, nowMs: number): number {
  // A trusted root is the target's matter; the hub's own certificate must be good.
  if (ca !== undefined) certificateOf(ca, 'tls.ca');
  if (cert === undefined) return Infinity;
  const own = certificateOf(cert, 'tls.cert');
  const fromMs = Date.parse(own.validFrom);
  if (fromMs > nowMs)
    throw new TlsIdentityFault(
      `tls.cert is not valid before ${new Date(fromMs).toISOString()}; use one that is, or correct the clock`,
    );
  const untilMs = Date.parse(own.validTo);
  if (untilMs <= nowMs)
    throw new TlsIdentityFault(`tls.cert expired at ${new Date(untilMs).toISOString()}; renew it`);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new TlsIdentityFault(`tls.key does not fit tls.cert: ${messageOf(cause)}`);
  }
  return untilMs;
}

function certificateOf(pemText: string, field: string): X509Certificate {
  try {
    return new X509Certificate(pemText);
  } catch (cause) {
    throw new TlsIdentityFault(`${field} is not a certificate in PEM form: ${messageOf(cause)}`);
  }
}
