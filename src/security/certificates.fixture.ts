import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, as files and as text. */
export interface TestCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

export interface TestCertificateOptions {
  /** Default: localhost. */
  readonly cn?: string;
  /** Default: `DNS:localhost,IP:127.0.0.1`. */
  readonly san?: string;
  /** Default: 30; -1 has expired. */
  readonly days?: number;
  /** Who issues it. Default: itself. */
  readonly issuer?: TestCertificate;
  /** Whether it may issue others. */
  readonly ca?: boolean;
}

/** Makes certificates with openssl in a temporary folder. */
export interface CertificateShop extends Disposable {
  readonly folder: string;
  make(options?: TestCertificateOptions): TestCertificate;
}

export function openCertificateShop(): CertificateShop {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-certificates-'));
  let made = 0;
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  return {
    folder,
    make({ cn = 'localhost', san = 'DNS:localhost,IP:127.0.0.1', days = 30, issuer, ca = false } = {}) {
      const name = `${(made += 1)}`;
      const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', keyPath);
      openssl('req', '-new', '-key', keyPath, '-subj', `/O=Test/CN=${cn}`, '-out', `${name}.csr`);
      const extensions = [
        `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`,
        // Last: it may go on with a section of names.
        ...(san === '' ? [] : [`subjectAltName=${san}`]),
      ];
      writeFileSync(join(folder, `${name}.ext`), extensions.join('\n'));
      const signer =
        issuer === undefined
          ? ['-signkey', keyPath]
          : ['-CA', issuer.certPath, '-CAkey', issuer.keyPath, '-set_serial', String(1000 + made)];
      openssl(
        ...['x509', '-req', '-in', `${name}.csr`, '-days', String(days), '-extfile', `${name}.ext`],
        ...[...signer, '-out', certPath],
      );
      return {
        certPath,
        keyPath,
        cert: readFileSync(certPath, 'utf8'),
        key: readFileSync(keyPath, 'utf8'),
      };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
