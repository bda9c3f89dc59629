import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { AttemptResult, SettingViolation, Transport } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { hostsMax, replyBytesMax, waitingPerHostMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseHttpUri, type TargetAddress } from '../target-address.ts';
import { envelopeBody, envelopeHeaders, messagePathDefault } from './envelope.ts';
import { exchange } from './exchange.ts';
import { HttpHosts } from './hosts.ts';
import { verdictOf } from './verdict.ts';

/** Settings of an HTTP interface. */
const httpSettings = z.strictObject({
  /** Path (and query) under the interface's URI that messages are posted to; default `/api/v1/messages`. */
  message_path: z
    .string()
    .max(1024)
    .regex(/^\/[\x21\x22\x24-\x7e]*$/, 'must begin with / and hold visible ASCII without #')
    .optional(),
});

export interface HttpTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly prober: Prober;
}

/**
 * Delivers over HTTP/1.1 with the hub's JSON envelope: `POST <uri>/api/v1/messages`. Redirects are not followed and
 * nothing is sent twice. Limits: see limits.ts.
 */
export function createHttpTransport({ clock, egress, prober }: HttpTransportOptions): Transport {
  const hosts = new HttpHosts(egress);
  const addresses = new LruMap<TargetAddress>(hostsMax * 4);
  let closed = false;

  const addressOf = (uri: string): TargetAddress | string => {
    const known = addresses.get(uri);
    if (known !== undefined) return known;
    const parsed = parseHttpUri(uri);
    if (!parsed.ok) return parsed.problem;
    addresses.set(uri, parsed.address);
    return parsed.address;
  };

  return {
    protocol: 'HTTP',
    schemes: ['http', 'https'],

    checkEndpoint({ uri, settings }): readonly SettingViolation[] {
      const parsed = parseHttpUri(uri);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(httpSettings, settings),
      ];
    },

    async send(endpoint, message, options): Promise<AttemptResult> {
      const address = addressOf(endpoint.uri);
      if (typeof address === 'string') return unsent(endpoint.uri, `the URI is not usable: ${address}`);
      if (closed) return unsent(address.shown, 'the hub is shutting down');
      const host = hosts.to(address);
      if (host.full()) {
        return {
          ...unsent(address.shown, `${waitingPerHostMax} calls already wait for a connection to it`),
          reason: 'concurrency_limited',
        };
      }
      const path = endpoint.settings['message_path'];
      const evidence = await exchange(
        host.pool,
        {
          method: 'POST',
          path: address.basePath + (typeof path === 'string' ? path : messagePathDefault),
          headers: envelopeHeaders(endpoint, message),
          body: envelopeBody(endpoint, message, options),
        },
        {
          clock,
          deadlineMs: options.attemptDeadlineMs,
          signal: options.signal,
          bodyBytesMax: replyBytesMax,
          failing: host.failing,
        },
      );
      return verdictOf(evidence, {
        shown: address.shown,
        nowMs: clock.now(),
        waitedFor: host.saturated() ? 'free_connection' : 'connection',
        bodyBytesMax: replyBytesMax,
      });
    },

    probe: (endpoint, options) => prober(endpoint, options),

    forget(uri) {
      const address = addressOf(uri);
      addresses.delete(uri);
      if (typeof address !== 'string') hosts.forget(address.origin);
    },

    async close() {
      closed = true;
      await hosts.close();
    },
  };
}

function unsent(shown: string, cause: string): AttemptResult {
  return { verdict: 'NOT_REACHED', reason: 'connect_failed', status: '', detail: `${shown}: ${cause}` };
}
