import type { OutgoingHttpHeaders } from 'node:http2';
import type { Clock } from '../../base/clock.ts';
import type { DescriptorSets } from '../../base/descriptor-sets.ts';
import type { Message } from '../../base/message.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { AttemptResult, Endpoint, SendOptions, Transport } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { replyBytesMax } from '../limits.ts';
import type { Prober } from '../probes/prober.ts';
import { parseGrpcUri, type TargetAddress } from '../target-address.ts';
import type { TlsIdentities } from '../tls-identity.ts';
import { callTargetOf, plainTargetOf } from './call-target.ts';
import { checkGrpcEndpoint } from './endpoint-check.ts';
import { grpcExchange, type GrpcRequest } from './grpc-exchange.ts';
import { type GrpcOperation, operationSchemaOf } from './grpc-operation.ts';
import { grpcSettings } from './grpc-settings.ts';
import { type GrpcVerdictContext, grpcVerdictOf } from './grpc-verdict.ts';
import { readMetadata } from './metadata.ts';
import { callMethod } from './method-call.ts';
import { MethodTypes } from './method-types.ts';
import { NamedTypes } from './named-types.ts';
import { parsedOnce } from '../parsed-once.ts';
import { rawReply } from './raw-reply.ts';
import { receiveRequest, replyOf } from './receive-call.ts';
import { GrpcSessions } from './sessions.ts';
import { operationFor, unsentResult } from '../unsent-result.ts';

/** What a reply's message may have around its payload: content type, headers, framing. */
const replyOverheadBytesMax = 64 * 1024;
const messageBytesMax = replyBytesMax + replyOverheadBytesMax;

export interface GrpcTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly prober: Prober;
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
  readonly descriptorSets: DescriptorSets;
}

/**
 * Delivers over gRPC: by `switchyard.messaging.v1.ReceiverService/Receive`, or by the unary method that a route names.
 * Many calls share one HTTP/2 session per target and TLS identity. Nothing is sent twice. Limits: see limits.ts.
 *
 * Routes promise nothing about sending twice here: the method's `idempotency_level` is the target's to tell, and it
 * is not known without it. A route says its own `repeat_safety`, or a policy does.
 */
export function createGrpcTransport({
  clock,
  egress,
  prober,
  secrets,
  identities,
  descriptorSets,
}: GrpcTransportOptions): Transport {
  const sessions = new GrpcSessions(egress, clock);
  const named = new NamedTypes(descriptorSets);
  const types = new MethodTypes({ clock, sessions, named });
  const settingsOf = parsedOnce('settings', () => grpcSettings);
  const operationOf = parsedOnce('operation', operationSchemaOf);
  let closed = false;

  const deliver = async (
    address: TargetAddress,
    endpoint: Endpoint,
    message: Message,
    options: SendOptions,
  ): Promise<AttemptResult> => {
    const settings = settingsOf(endpoint.settings);
    const operation = operationFor(endpoint, message.type, operationOf) ?? envelopeOperation;
    // Without a wait where there is nothing to read: the call then has its place before anything else happens.
    const target =
      plainTargetOf(address, settings) ?? (await callTargetOf(address, settings, { secrets, identities }));
    const own = operation.metadata;
    const metadata: OutgoingHttpHeaders =
      own === undefined ? target.headers : { ...target.headers, ...(await readMetadata(own, secrets)) };
    const wait = { deadlineMs: options.attemptDeadlineMs, signal: options.signal };
    const exchange = async (
      request: GrpcRequest,
      decode: GrpcVerdictContext['decode'],
    ): Promise<AttemptResult> =>
      grpcVerdictOf(
        await grpcExchange(sessions, target.session, request, { clock, ...wait, messageBytesMax }),
        { shown: address.shown, messageBytesMax, decode },
      );
    if ('method' in operation)
      return callMethod(
        { target, settings, operation, message, attempt: options.attempt, metadata, wait },
        { types, exchange: (request) => exchange(request, rawReply) },
      );
    const { headers, ...request } = receiveRequest(endpoint.systemId, message, options);
    return exchange({ ...request, headers: { ...headers, ...metadata } }, replyOf);
  };

  return {
    protocol: 'GRPC',
    schemes: ['grpc', 'grpcs'],

    checkEndpoint: (declaration) => checkGrpcEndpoint(declaration, { secrets, named }),

    async send(endpoint, message, options): Promise<AttemptResult> {
      const parsed = parseGrpcUri(endpoint.uri);
      if (!parsed.ok) return unsent(endpoint.uri, `the URI is not usable: ${parsed.problem}`);
      const { address } = parsed;
      if (closed) return unsent(address.shown, 'the hub is shutting down');
      try {
        return bounded(await deliver(address, endpoint, message, options));
      } catch (thrown) {
        return unsentResult(thrown, address.shown);
      }
    },

    probe: (endpoint, options) => prober(endpoint, options),

    forget(uri) {
      const parsed = parseGrpcUri(uri);
      if (!parsed.ok) return;
      sessions.forget(parsed.address.origin);
      types.forget(parsed.address.origin);
    },

    async close() {
      closed = true;
      types.close();
      await sessions.close();
    },
  };
}

/** What an interface without routes does with every message. */
const envelopeOperation: GrpcOperation = { envelope: 'switchyard' };

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
