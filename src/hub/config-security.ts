import { z } from 'zod';
import { isPrincipalName, principalNameForm } from '../security/key-record.ts';
import { normalFingerprint } from '../security/client-certificate.ts';
import { roleDefault, roles } from '../security/role.ts';
import { isSystemPattern, systemPatternForm, systemPatternsMax } from '../security/system-pattern.ts';

const path = z.string().min(1, 'must not be empty');

/** The setting `tls`. */
export const tlsSettings = z
  .strictObject({
    cert: path.describe(
      "PEM file with the hub's certificate, then the intermediate ones, each before its issuer.",
    ),
    key: path.describe('PEM file with the private key of the certificate, not encrypted.'),
    client_ca: path.optional().describe('PEM file with the CAs that issue client certificates.'),
    client_auth: z
      .enum(['none', 'request', 'require'])
      .optional()
      .describe(
        'Whether clients are asked for a certificate, and refused without one. Default: request with client_ca, else none.',
      ),
    min_version: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Least version of TLS.'),
  })
  .optional()
  .describe('Certificates of the port, which then speaks TLS only. Unset: no TLS.');

const subjectMarks = ['subject_cn', 'san', 'fingerprint'] as const;

const certificateRule = z
  .strictObject({
    subject_cn: z.string().min(1, 'must not be empty').optional().describe('Common name of its subject.'),
    san: z
      .string()
      .regex(
        /^((DNS|URI|email|IP):.+|[A-Za-z0-9*][A-Za-z0-9.*-]*)$/,
        'must be a DNS name, or DNS:NAME, URI:…, email:… or IP:…',
      )
      .optional()
      .describe('A subject alternative name: `orders.internal`, `URI:spiffe://…`.'),
    fingerprint: z
      .string()
      .refine(
        (text) => /^[0-9A-F]{64}$/.test(normalFingerprint(text)),
        'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
      )
      .optional()
      .describe('Its SHA-256 fingerprint.'),
    name: z
      .string()
      .refine(isPrincipalName, `must be ${principalNameForm}`)
      .describe('Name of the principal.'),
    role: z.enum(roles).default(roleDefault).describe('What it may do.'),
    systems: z
      .array(z.string().refine(isSystemPattern, `must be ${systemPatternForm}`))
      .max(systemPatternsMax, `must be at most ${systemPatternsMax} systems`)
      .default([])
      .describe('Systems that it may act as: ids, or prefixes with * at the end.'),
  })
  .refine((rule) => subjectMarks.filter((mark) => rule[mark] !== undefined).length === 1, {
    message: `must have exactly one of ${subjectMarks.join(', ')}`,
  });

/** The setting `auth`. */
export const authSettings = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether callers must show who they are.'),
    anonymous_role: z
      .enum(['readonly', 'sender'])
      .optional()
      .describe('Role of callers that show nothing. Unset: they are refused.'),
    certificates: z
      .array(certificateRule)
      .max(1000, 'must be at most 1000 entries')
      .default([])
      .describe('Which client certificates stand for which principal; the first that fits.'),
  })
  .prefault({})
  .describe('Who may call the hub.');

interface SecuritySettings {
  readonly tls?: z.output<typeof tlsSettings> | undefined;
  readonly auth: z.output<typeof authSettings>;
}

/** Whether clients are asked for a certificate. */
export function clientAuthOf(tls: NonNullable<SecuritySettings['tls']>): 'none' | 'request' | 'require' {
  return tls.client_auth ?? (tls.client_ca === undefined ? 'none' : 'request');
}

/** What is wrong between the settings of `tls` and `auth`. `from` says where a setting comes from. */
export function* securityErrors(
  { tls, auth }: SecuritySettings,
  from: (path: string) => string,
): Generator<string> {
  const asksClients = tls !== undefined && clientAuthOf(tls) !== 'none';
  if (tls !== undefined && asksClients && tls.client_ca === undefined)
    yield `tls.client_auth: found ${clientAuthOf(tls)}, which needs tls.client_ca to tell good certificates from others${from('tls.client_auth')}`;
  if (auth.certificates.length > 0 && !asksClients)
    yield `auth.certificates: found ${auth.certificates.length}, but clients are not asked for certificates; set tls.client_ca${from('auth.certificates')}`;
  // A rule that is not in force must not look as if it were.
  if (!auth.enabled && (auth.certificates.length > 0 || auth.anonymous_role !== undefined))
    yield `auth.enabled: found false, with which every caller may do everything and the other settings of auth mean nothing; set it to true, or take them away${from('auth.enabled')}`;
}
