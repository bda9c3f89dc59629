import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { Endpoint } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { readHeaders } from '../header-settings.ts';
import { exchange, type ExchangeEvidence } from '../http/exchange.ts';
import { HttpHosts } from '../http/hosts.ts';
import { httpConnectionSettings } from '../http/http-settings.ts';
import { mergedHeaders } from '../http/request-headers.ts';
import { verdictOf } from '../http/verdict.ts';
import { parseAnyUri } from '../target-address.ts';
import type { TlsIdentities, TlsIdentity } from '../tls-identity.ts';
import type { Finding, ProbeOptions } from './finding.ts';

/** Path under the interface's URI that is asked when the health check names none. */
export const healthPathDefault = '/health';
/** Bytes of an answer that are read; a health page that is longer still counts. */
const bodyBytesMax = 64 * 1024;

/** The part of a health page by which a system says that it works, but not well. */
const healthPage = z.object({ status: z.string() });

/** What a probe sends besides its path. */
interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly identity: TlsIdentity | undefined;
}

/**
 * `GET <uri>/health` with the headers and TLS of the interface's settings: 2xx is well, 404 means alive without a health
 * path, anything else is not well.
 */
export class HttpProbe {
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #identities: TlsIdentities;
  readonly #hosts: HttpHosts;
  #closed = false;

  constructor(
    clock: Clock,
    egress: Egress,
    { secrets, identities }: { readonly secrets: Secrets; readonly identities: TlsIdentities },
  ) {
    this.#clock = clock;
    this.#secrets = secrets;
    this.#identities = identities;
    this.#hosts = new HttpHosts(egress);
  }

  async probe(endpoint: Endpoint, { deadlineMs, signal }: ProbeOptions): Promise<Finding> {
    const parsed = parseAnyUri(endpoint.uri);
    if (!parsed.ok) return { alive: false, detail: `the URI is not usable: ${parsed.problem}` };
    const { address } = parsed;
    let credentials: Credentials | undefined;
    try {
      const reading = this.#credentialsOf(endpoint);
      credentials = reading === undefined ? undefined : await reading;
    } catch (thrown) {
      return { alive: false, detail: `the interface is misconfigured: ${messageOf(thrown)}` };
    }
    if (this.#closed) return { alive: false, detail: 'the hub is shutting down' };
    const host = this.#hosts.to(address, credentials?.identity);
    const evidence = await exchange(
      host.pool,
      {
        method: 'GET',
        path: address.basePath + (endpoint.healthCheck.path || healthPathDefault),
        headers: mergedHeaders(
          [
            ['accept', 'application/json, */*'],
            ['accept-encoding', 'identity'],
            ['user-agent', 'switchyard'],
          ],
          Object.entries(credentials?.headers ?? {}),
        ),
      },
      { clock: this.#clock, deadlineMs, signal, bodyBytesMax, failing: host.failing },
    );
    const { status } = evidence;
    if (status !== undefined && (evidence.end === 'complete' || evidence.end === 'too_large')) {
      return judge(status, evidence);
    }
    const { detail } = verdictOf(evidence, {
      shown: address.shown,
      nowMs: this.#clock.now(),
      waitedFor: 'connection',
      bodyBytesMax,
    });
    return { alive: false, detail };
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#hosts.close();
  }

  /** Undefined when there is nothing to read. */
  #credentialsOf({ settings }: Endpoint): Promise<Credentials> | undefined {
    const { headers, tls } = httpConnectionSettings.parse(settings);
    if (headers === undefined && tls === undefined) return undefined;
    return Promise.all([readHeaders(headers ?? {}, this.#secrets), this.#identities.of(tls)]).then(
      ([read, identity]) => ({ headers: read, identity }),
    );
  }
}

function judge(status: number, { body }: ExchangeEvidence): Finding {
  if (status === 404) return { alive: true, detail: 'HTTP 404: alive, without a health path' };
  const alive = status >= 200 && status < 300;
  return { alive, detail: `HTTP ${status}`, ...(alive && saysDegraded(body) ? { degraded: true } : {}) };
}

function saysDegraded(body: Buffer): boolean {
  try {
    const page = healthPage.safeParse(JSON.parse(body.toString('utf8')));
    return page.success && page.data.status.toLowerCase() === 'degraded';
  } catch {
    // Any body will do; only one that says so means degraded.
    return false;
  }
}
