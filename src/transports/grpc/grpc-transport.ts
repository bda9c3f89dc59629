import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { AttemptResult, Transport } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { replyBytesMax } from '../limits.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseGrpcUri } from '../target-address.ts';
import { grpcExchange } from './grpc-exchange.ts';
import { grpcVerdictOf } from './grpc-verdict.ts';
import { receiveRequest, replyOf } from './receive-call.ts';
import { GrpcSessions } from './sessions.ts';

/** A gRPC interface has no settings yet; an unknown one is refused. */
const grpcSettings = z.strictObject({});

/** What a reply's message may have around its payload: content type, headers, framing. */
const replyOverheadBytesMax = 64 * 1024;

export interface GrpcTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly prober: Prober;
}

/**
 * Delivers over gRPC by `switchyard.messaging.v1.ReceiverService/Receive`, many calls on one HTTP/2 session per
 * target. Nothing is sent twice. Limits: see limits.ts.
 */
export function createGrpcTransport({ clock, egress, prober }: GrpcTransportOptions): Transport {
  const sessions = new GrpcSessions(egress, clock);
  let closed = false;

  return {
    protocol: 'GRPC',
    schemes: ['grpc', 'grpcs'],

    checkEndpoint({ uri, settings }) {
      const parsed = parseGrpcUri(uri);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(grpcSettings, settings),
      ];
    },

    async send(endpoint, message, options): Promise<AttemptResult> {
      const parsed = parseGrpcUri(endpoint.uri);
      if (!parsed.ok) return unsent(endpoint.uri, `the URI is not usable: ${parsed.problem}`);
      const { address } = parsed;
      if (closed) return unsent(address.shown, 'the hub is shutting down');
      const evidence = await grpcExchange(
        sessions,
        address,
        receiveRequest(endpoint.systemId, message, options),
        {
          clock,
          deadlineMs: options.attemptDeadlineMs,
          signal: options.signal,
          messageBytesMax: replyBytesMax + replyOverheadBytesMax,
        },
      );
      return bounded(
        grpcVerdictOf(evidence, {
          shown: address.shown,
          messageBytesMax: replyBytesMax + replyOverheadBytesMax,
          decode: replyOf,
        }),
      );
    },

    probe: (endpoint, options) => prober(endpoint, options),

    forget(uri) {
      const parsed = parseGrpcUri(uri);
      if (parsed.ok) sessions.forget(parsed.address.origin);
    },

    async close() {
      closed = true;
      await sessions.close();
    },
  };
}

/** Holds the payload itself to its limit; the message around it has some room of its own. */
function bounded(result: AttemptResult): AttemptResult {
  const bytes = result.reply?.data.byteLength ?? 0;
  if (bytes <= replyBytesMax) return result;
  return {
    verdict: 'MAY_HAVE_ACTED',
    reason: 'reply_too_large',
    status: result.status,
    detail: `${result.detail}, but the reply has ${bytes} bytes, at most ${replyBytesMax} are taken`,
  };
}

function unsent(shown: string, cause: string): AttemptResult {
  return { verdict: 'NOT_REACHED', reason: 'connect_failed', status: '', detail: `${shown}: ${cause}` };
}
