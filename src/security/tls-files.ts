import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { type FieldViolation, invalidFields, messageOf } from '../base/error.ts';

/** Paths of PEM files. */
export interface TlsPaths {
  /** The hub's certificate, then the intermediate ones, each issued by the next. */
  readonly cert: string;
  /** The private key of the first certificate, not encrypted. */
  readonly key: string;
  /** Certificates of the CAs that issue client certificates. */
  readonly clientCa: string | undefined;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Certificates and key as TLS takes them, found good. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly minVersion: TlsVersion;
  /** Of the hub's certificate: for logs. */
  readonly subject: string;
  readonly fingerprint: string;
  /** When the first certificate of the chain expires, epoch ms. */
  readonly validUntilMs: number;
}

/** Largest file that is read, in bytes. */
const fileBytesMax = 1024 * 1024;
/** Most certificates of the hub's chain. */
const chainMax = 10;

/**
 * Reads and checks certificate, key and client CAs. Throws INVALID_FIELD with every fault at once; each names setting,
 * file and cause.
 */
export async function readTlsFiles(
  paths: TlsPaths,
  options: { readonly minVersion: TlsVersion; readonly nowMs: number },
): Promise<TlsMaterial> {
  const faults: FieldViolation[] = [];
  const attempt = async <T>(
    field: string,
    path: string,
    work: () => T | Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      faults.push({ field, description: `${path} ${messageOf(error)}` });
      return undefined;
    }
  };

  const cert = await attempt('tls.cert', paths.cert, () => readPem(paths.cert));
  const chain =
    cert === undefined
      ? undefined
      : await attempt('tls.cert', paths.cert, () => checkedChain(certificatesOf(cert), options.nowMs));
  const keyText = await attempt('tls.key', paths.key, () => readPem(paths.key));
  const key =
    keyText === undefined ? undefined : await attempt('tls.key', paths.key, () => privateKeyOf(keyText));
  if (chain !== undefined && key !== undefined)
    await attempt('tls.key', paths.key, () => checkPair(chain, key, paths.cert));
  const { clientCa } = paths;
  const ca =
    clientCa === undefined
      ? undefined
      : await attempt('tls.client_ca', clientCa, async () => {
          const text = await readPem(clientCa);
          checkAuthorities(certificatesOf(text), options.nowMs);
          return text;
        });
  const leaf = chain?.[0];
  if (faults.length > 0 || cert === undefined || keyText === undefined || leaf === undefined)
    throw invalidFields(faults);
  const { minVersion } = options;
  const material = { cert, key: keyText, ca, minVersion };
  // What OpenSSL itself minds, such as a key that is too short.
  const context = await attempt('tls.cert', paths.cert, () => createSecureContext(material));
  if (context === undefined) throw invalidFields(faults);
  return {
    ...material,
    subject: oneLine(leaf.subject),
    fingerprint: leaf.fingerprint256,
    validUntilMs: Math.min(...(chain ?? []).map(({ validTo }) => Date.parse(validTo))),
  };
}

async function readPem(path: string): Promise<string> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw new Error(`it has ${size} bytes, at most ${fileBytesMax} are read`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      { ENOENT: 'there is no such file', EACCES: 'this user may not read it', EISDIR: 'it is a folder' }[
        String(code)
      ] ?? messageOf(error);
    throw new Error(`cannot be read: ${why}`, { cause: error });
  }
  if (!text.includes('-----BEGIN ')) {
    throw new Error(
      text.trim() === ''
        ? 'is empty'
        : 'is not PEM (text that begins with -----BEGIN …-----); convert DER with: openssl x509 -inform der',
    );
  }
  return text;
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks =
    pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [A-Z0-9 ]+-----/g) ?? [];
  if (blocks.length === 0) {
    const holdsKey = pem.includes('PRIVATE KEY-----');
    throw new Error(
      `holds no certificate${holdsKey ? ', but a private key: are the two files swapped?' : ''}`,
    );
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`holds a certificate that cannot be read, number ${index + 1}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  });
}

/** The chain, if each certificate is valid now and was issued by the next. */
function checkedChain(chain: readonly X509Certificate[], nowMs: number): readonly X509Certificate[] {
  if (chain.length > chainMax)
    throw new Error(`holds ${chain.length} certificates, at most ${chainMax} are taken`);
  for (const [index, certificate] of chain.entries()) {
    checkTime(certificate, index, nowMs);
    const next = chain[index + 1];
    if (next !== undefined && !certificate.checkIssued(next))
      throw new Error(
        `is out of order: certificate ${index + 2} (${oneLine(next.subject)}) did not issue certificate ${index + 1} (${oneLine(certificate.subject)}), which needs ${oneLine(certificate.issuer)}; put the hub's own first, then each one's issuer`,
      );
  }
  return chain;
}

function checkTime(certificate: X509Certificate, index: number, nowMs: number): void {
  const { validFrom, validTo, subject } = certificate;
  const which = `certificate ${index + 1} (${oneLine(subject)})`;
  const untilMs = Date.parse(validTo);
  if (nowMs > untilMs)
    throw new Error(`has expired: ${which} at ${new Date(untilMs).toISOString()}; renew it`);
  const fromMs = Date.parse(validFrom);
  if (nowMs < fromMs)
    throw new Error(
      `is not valid yet: ${which} begins at ${new Date(fromMs).toISOString()}, and this machine's clock says ${new Date(nowMs).toISOString()}`,
    );
}

function privateKeyOf(pem: string): KeyObject {
  if (!pem.includes('PRIVATE KEY-----')) {
    const holdsCertificate = pem.includes('BEGIN CERTIFICATE-----');
    throw new Error(
      `holds no private key${holdsCertificate ? ', but a certificate: are the two files swapped?' : ''}`,
    );
  }
  if (/ENCRYPTED/.test(pem))
    throw new Error(
      'is encrypted, and the hub has no way to ask for its password; decrypt it with: openssl pkey -in FILE',
    );
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(`holds a private key that cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function checkPair(chain: readonly X509Certificate[], key: KeyObject, certPath: string): void {
  const [leaf] = chain;
  if (leaf?.checkPrivateKey(key) !== false) return;
  const other = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  throw new Error(
    other === -1
      ? `is not the key of the certificate in ${certPath} (${oneLine(leaf.subject)})`
      : `is the key of certificate ${other + 1} in ${certPath}, which must come first there`,
  );
}

/** A bundle may hold CAs that are over, as long as one is not. */
function checkAuthorities(authorities: readonly X509Certificate[], nowMs: number): void {
  if (authorities.every(({ validTo }) => nowMs > Date.parse(validTo)))
    throw new Error('holds only CA certificates that have expired');
}

function oneLine(subject: string): string {
  return subject.replaceAll('\n', ', ').slice(0, 200);
}
