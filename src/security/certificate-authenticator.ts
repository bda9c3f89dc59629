import type { Clock } from '../base/clock.ts';
import type { Authenticator, Finding } from './authenticator.ts';
import { type ClientCertificate, normalFingerprint } from './client-certificate.ts';
import type { Role } from './role.ts';
import type { SystemPattern } from './system-pattern.ts';

/** Which certificates stand for a principal, by exactly one of three marks. */
export interface CertificateRule {
  readonly by:
    | { readonly subjectCn: string }
    /** `DNS:orders.internal` or another kind with its name; without a kind it is a DNS name. */
    | { readonly san: string }
    /** SHA-256, with or without colons. */
    | { readonly fingerprint: string };
  readonly name: string;
  readonly role: Role;
  readonly systems: readonly SystemPattern[];
}

/** Recognises client certificates by the rules, the first that fits. */
export function createCertificateAuthenticator(
  rules: readonly CertificateRule[],
  clock: Clock,
): Authenticator {
  return {
    offer: 'a client certificate',
    authenticate({ certificate }): Finding | undefined {
      if (certificate === undefined) return undefined;
      const { fingerprint, untrusted, commonName } = certificate;
      const refused = (why: string): Finding => ({
        refused: `The client certificate ${shown(commonName, fingerprint)} ${why}`,
        credential: fingerprint,
      });
      if (untrusted !== undefined)
        return refused(`was not issued by a CA of the setting tls.client_ca (${untrusted}).`);
      // A connection may outlive the certificate that it was opened with.
      const nowMs = clock.now();
      if (nowMs > certificate.validUntilMs)
        return refused(`expired at ${new Date(certificate.validUntilMs).toISOString()}; renew it.`);
      const rule = rules.find((each) => fits(each.by, certificate));
      if (rule === undefined) return refused('fits no entry of the setting auth.certificates.');
      return {
        principal: {
          name: rule.name,
          role: rule.role,
          systems: rule.systems,
          credential: { kind: 'certificate', id: fingerprint },
          expireTimeMs: certificate.validUntilMs,
        },
      };
    },
  };
}

function fits(by: CertificateRule['by'], certificate: ClientCertificate): boolean {
  if ('subjectCn' in by) return certificate.commonName === by.subjectCn;
  if ('fingerprint' in by) return certificate.fingerprint === normalFingerprint(by.fingerprint);
  const wanted = normalName(by.san);
  return certificate.alternativeNames.some((name) => normalName(name) === wanted);
}

/** `DNS:` is what a name without a kind is; DNS names do not tell capitals apart. */
function normalName(text: string): string {
  const [, kind, name = ''] = /^(DNS|URI|email|IP Address|IP):(.*)$/s.exec(text) ?? [];
  if (kind === undefined) return `DNS:${text.toLowerCase()}`;
  if (kind === 'DNS') return `DNS:${name.toLowerCase()}`;
  return `${kind === 'IP' ? 'IP Address' : kind}:${name}`;
}

function shown(commonName: string | undefined, fingerprint: string): string {
  // The name is what anybody may have written into a certificate of theirs.
  const name = (commonName ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
  return `${name === '' ? '' : `"${name}" `}(SHA-256 ${fingerprint.slice(0, 16)}…)`;
}
