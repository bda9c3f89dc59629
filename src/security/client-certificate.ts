import type { X509Certificate } from 'node:crypto';

/** The certificate that a client showed, as far as principals are told apart by it. */
export interface ClientCertificate {
  /** Why it does not count, such as UNABLE_TO_VERIFY_LEAF_SIGNATURE; undefined: it was issued by a CA of tls.client_ca. */
  readonly untrusted: string | undefined;
  /** Common name of the subject, when there is exactly one. */
  readonly commonName: string | undefined;
  /** `DNS:orders.internal`, `URI:spiffe://…`, `IP Address:…`, `email:…`. */
  readonly alternativeNames: readonly string[];
  /** SHA-256 of the certificate: 64 upper-case hexadecimal digits, without colons. */
  readonly fingerprint: string;
  /** Epoch ms. */
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

/** Reads what the hub needs of a certificate. */
export function readClientCertificate(
  certificate: X509Certificate,
  untrusted: string | undefined,
): ClientCertificate {
  const names: unknown = certificate.toLegacyObject().subject.CN;
  return {
    untrusted,
    // Several common names are a list: nobody could say which one the principal is.
    commonName: typeof names === 'string' ? names : undefined,
    alternativeNames: parseAlternativeNames(certificate.subjectAltName ?? ''),
    fingerprint: normalFingerprint(certificate.fingerprint256),
    validFromMs: Date.parse(certificate.validFrom),
    validUntilMs: Date.parse(certificate.validTo),
  };
}

/** A fingerprint without colons, in capitals: people write it both ways. */
export function normalFingerprint(text: string): string {
  return text.replaceAll(':', '').toUpperCase();
}

/**
 * The names in Node's text form: `DNS:a, URI:b`. A name that holds what separates them is a JSON string in it
 * (CVE-2021-44532); without regard to that, one name could pass for two.
 */
export function parseAlternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  const part = /(?<kind>[^:,"]+):(?:(?<quoted>"(?:[^"\\]|\\.)*")|(?<plain>[^,"]*))(?:, |$)/y;
  while (part.lastIndex < text.length) {
    const { kind, quoted, plain } = part.exec(text)?.groups ?? {};
    // A form that is not known gives no names rather than wrong ones.
    if (kind === undefined) return [];
    names.push(`${kind}:${quoted === undefined ? (plain ?? '') : unquoted(quoted)}`);
  }
  return names;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    // Not the form that Node writes; the quotes keep it from being taken for another name.
    return text;
  }
}
