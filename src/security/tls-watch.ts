import { stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import { readTlsFiles, type TlsMaterial, type TlsPaths, type TlsVersion } from './tls-files.ts';

/** Where the watch tells what it did; telemetry's Logger is one. */
export interface TlsWatchLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Which files, and what they are for. */
export interface TlsSource {
  readonly paths: TlsPaths;
  readonly minVersion: TlsVersion;
}

/** Certificates in use, read again when their files change. */
export interface TlsWatch {
  readonly material: TlsMaterial;
  /**
   * Reads the files now, changed or not. Resolves to whether what they hold is in use; a fault is logged and what was
   * in use stays.
   */
  reload(): Promise<boolean>;
  /**
   * Reads other files without using them yet. Resolves to what puts them in use; throws as readTlsFiles.
   */
  prepare(source: TlsSource): Promise<() => void>;
  close(): void;
}

/** How often the files are looked at. */
export const tlsCheckMs = 2000;
/** How long before its end a certificate is warned of. */
const warnBeforeMs = 14 * 86_400_000;

/**
 * Reads the files, and calls `use` whenever they hold something else that is good. Polls instead of watching: links and
 * mounted secrets (Kubernetes) are replaced in ways that file watchers miss. A certificate and a key that do not fit
 * yet, because one of two files was replaced, are tried again when the other changes. Throws as readTlsFiles.
 */
export async function openTlsWatch(options: {
  readonly source: TlsSource;
  readonly clock: Clock;
  readonly log: TlsWatchLog;
  readonly use: (material: TlsMaterial) => void;
}): Promise<TlsWatch> {
  const { clock, log } = options;
  const read = ({ paths, minVersion }: TlsSource): Promise<TlsMaterial> =>
    readTlsFiles(paths, { minVersion, nowMs: clock.now() });

  let { source } = options;
  let seen = await versionOf(source.paths);
  let material = await read(source);
  let warned: TlsMaterial | undefined;
  let busy: Promise<boolean> | undefined;

  const warnOfEnd = (): void => {
    const leftMs = material.validUntilMs - clock.now();
    if (leftMs > warnBeforeMs || warned === material) return;
    warned = material;
    log.warn('the TLS certificate expires soon', {
      subject: material.subject,
      valid_until: new Date(material.validUntilMs).toISOString(),
    });
  };

  const put = (next: TlsMaterial): void => {
    options.use(next);
    material = next;
  };

  const load = async (): Promise<boolean> => {
    // Before reading: what changes meanwhile is seen at the next check.
    seen = await versionOf(source.paths);
    try {
      const next = await read(source);
      if (next.cert !== material.cert || next.key !== material.key || next.ca !== material.ca) {
        put(next);
        log.info('TLS certificate reloaded', {
          subject: next.subject,
          fingerprint: next.fingerprint,
          valid_until: new Date(next.validUntilMs).toISOString(),
        });
      }
      warnOfEnd();
      return true;
    } catch (error) {
      log.error('the new TLS certificate cannot be used, the old one stays', { error: messageOf(error) });
      return false;
    }
  };
  /** One at a time; who asks meanwhile waits for it, and for one more that sees what changed since. */
  const reload = (): Promise<boolean> => {
    const next = busy === undefined ? load() : busy.then(load);
    busy = next;
    void next.finally(() => {
      if (busy === next) busy = undefined;
    });
    return next;
  };

  warnOfEnd();
  const timer = clock.every(tlsCheckMs, () => {
    if (busy !== undefined) return;
    warnOfEnd();
    void versionOf(source.paths).then((version) => (version === seen ? undefined : reload()));
  });

  return {
    get material() {
      return material;
    },
    reload,
    async prepare(next) {
      const version = await versionOf(next.paths);
      const found = await read(next);
      return () => {
        source = next;
        seen = version;
        put(found);
      };
    },
    close: () => timer.cancel(),
  };
}

/** Differs when a file was changed, replaced or removed. */
async function versionOf({ cert, key, clientCa }: TlsPaths): Promise<string> {
  const files = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
  const versions = files.map(async (path) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      return [mtimeMs, ctimeMs, size, ino].join('-');
    } catch (error) {
      // Reading it will say so.
      return messageOf(error);
    }
  });
  return (await Promise.all(versions)).join(' ');
}
