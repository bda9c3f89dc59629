import type { Clock } from '../base/clock.ts';
import { type FieldViolation, invalidFields } from '../base/error.ts';
import type { Store } from '../base/table.ts';
import { type Audit, createAudit } from '../security/audit.ts';
import type { Authentication, Authenticator } from '../security/authenticator.ts';
import { createAuthentication, noAuthentication } from '../security/authentication.ts';
import {
  type CertificateRule,
  createCertificateAuthenticator,
} from '../security/certificate-authenticator.ts';
import { createKeyAuthenticator } from '../security/key-authenticator.ts';
import { type KeyStore, openKeyStore } from '../security/key-store.ts';
import { anonymousWith } from '../security/principal.ts';
import type { TlsMaterial } from '../security/tls-files.ts';
import { openTlsWatch, type TlsSource, type TlsWatch } from '../security/tls-watch.ts';
import type { Config } from './config-schema.ts';
import { clientAuthOf } from './config-security.ts';
import type { HubBase } from './hub-base.ts';

/** Who may call, and how the port shows itself. */
export interface Security {
  readonly keys: KeyStore;
  readonly authentication: Authentication;
  readonly audit: Audit;
  /** Undefined: no TLS. */
  readonly tls: HubTls | undefined;
}

type SecurityBase = Pick<HubBase, 'config' | 'reloader' | 'logger' | 'opened' | 'clock'>;

export interface HubTls {
  readonly watch: TlsWatch;
  readonly clientAuth: 'none' | 'request' | 'require';
  /** Calls `use` with certificates that are new. */
  onChange(use: (material: TlsMaterial) => void): void;
}

/**
 * Opens keys and certificates. Throws INVALID_FIELD for certificates that cannot be used. Takes new settings while the hub
 * runs, except for turning TLS, client certificates or authentication on or off.
 */
export async function openSecurity(base: SecurityBase, store: Store): Promise<Security> {
  const { config, logger, opened, clock, reloader } = base;
  const tls = config.tls === undefined ? undefined : await openTls(base, config.tls);
  const keys = await openKeyStore({
    store,
    clock,
    onFault: (error) => logger.error('uses of keys could not be written', { error: String(error) }),
  });
  opened.defer('keys', () => keys.close());
  const audit = createAudit(logger.child({ audit: true }), clock);
  opened.defer('audit', () => audit.close());
  warnOfGaps(base, keys);

  let current = authenticationFrom(config, { keys, clock });
  reloader.add({
    async prepare(changed) {
      const fixed = fixedChanges(config, changed);
      if (fixed.length > 0) throw invalidFields(fixed);
      const authentication = authenticationFrom(changed, { keys, clock });
      const useTls =
        tls === undefined || changed.tls === undefined
          ? () => undefined
          : await tls.watch.prepare(sourceFrom(changed.tls));
      return () => {
        current = authentication;
        useTls();
      };
    },
  });
  return {
    keys,
    audit,
    tls,
    authentication: { enabled: config.auth.enabled, caller: (evidence) => current.caller(evidence) },
  };
}

function authenticationFrom(
  { auth }: Pick<Config, 'auth'>,
  { keys, clock }: { readonly keys: KeyStore; readonly clock: Clock },
): Authentication {
  if (!auth.enabled) return noAuthentication;
  const authenticators: Authenticator[] = [createKeyAuthenticator(keys)];
  if (auth.certificates.length > 0)
    authenticators.push(createCertificateAuthenticator(auth.certificates.map(ruleFrom), clock));
  const anonymous = auth.anonymous_role === undefined ? undefined : anonymousWith(auth.anonymous_role);
  return createAuthentication({ authenticators, anonymous });
}

/** What a port that listens cannot change. */
function fixedChanges(before: Config, after: Config): readonly FieldViolation[] {
  const clientAuth = (config: Config) => (config.tls === undefined ? 'none' : clientAuthOf(config.tls));
  const changed = [
    ['tls', (before.tls === undefined) !== (after.tls === undefined)],
    ['tls.client_auth', clientAuth(before) !== clientAuth(after)],
    ['auth.enabled', before.auth.enabled !== after.auth.enabled],
  ] as const;
  return changed
    .filter(([, differs]) => differs)
    .map(([field]) => ({ field, description: 'takes a restart to change; restart the hub, or set it back' }));
}

function sourceFrom(settings: NonNullable<Config['tls']>): TlsSource {
  const { cert, key, client_ca: clientCa, min_version: minVersion } = settings;
  return { paths: { cert, key, clientCa }, minVersion };
}

async function openTls(
  { logger, opened, clock }: SecurityBase,
  settings: NonNullable<Config['tls']>,
): Promise<HubTls> {
  const users: ((material: TlsMaterial) => void)[] = [];
  const watch = await openTlsWatch({
    source: sourceFrom(settings),
    clock,
    log: logger,
    use: (material) => users.forEach((use) => use(material)),
  });
  opened.defer('certificates', () => watch.close());
  return { watch, clientAuth: clientAuthOf(settings), onChange: (use) => void users.push(use) };
}

function ruleFrom(settings: Config['auth']['certificates'][number]): CertificateRule {
  const { subject_cn, san, fingerprint = '', name, role, systems } = settings;
  const by =
    subject_cn !== undefined ? { subjectCn: subject_cn } : san !== undefined ? { san } : { fingerprint };
  return { by, name, role, systems };
}

/** What is allowed, and yet worth a line at start. */
function warnOfGaps({ config, logger }: SecurityBase, keys: KeyStore): void {
  const { auth, tls, data_dir: dataDir } = config;
  if (!auth.enabled) return;
  if (!keys.hasAdmin() && !auth.certificates.some(({ role }) => role === 'admin'))
    logger.warn('nobody can manage keys: there is no key with the role admin', {
      remedy: `stop the hub, then: switchyard keys create admin --role admin --data-dir ${dataDir}`,
    });
  if (tls === undefined && !isLocal(config.listen))
    logger.warn('keys come over the network without encryption, unless a proxy in front has TLS', {
      remedy: 'set tls.cert and tls.key',
    });
}

function isLocal(listen: string): boolean {
  return /^(localhost|127\.|\[::1\])/.test(listen);
}
