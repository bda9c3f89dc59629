import type { Clock } from '../../base/clock.ts';
import type { Message, RepeatSafety } from '../../base/message.ts';
import { findRoute } from '../../base/route.ts';
import { type Secrets, SecretUnavailable } from '../../base/secrets.ts';
import type { AttemptReason, AttemptResult, Endpoint, SendOptions, Transport } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { readHeaders } from '../header-settings.ts';
import { hostsMax, replyBytesMax, waitingPerHostMax } from '../limits.ts';
import { LruMap } from '../lru-map.ts';
import { Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import { mappingInputOf } from '../mapping/mapping-input.ts';
import type { Prober } from '../probes/prober.ts';
import { parseHttpUri, type TargetAddress } from '../target-address.ts';
import { type TlsIdentities, type TlsIdentity, TlsIdentityFault } from '../tls-identity.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { binaryEvent, structuredEvent } from './cloudevents.ts';
import type { CompiledOperation, CompiledRest } from './compiled-operation.ts';
import { envelopeBody, messagePathDefault } from './envelope.ts';
import { exchange, type ExchangeRequest } from './exchange.ts';
import { HttpHosts } from './hosts.ts';
import type { HttpEnvelope } from './http-settings.ts';
import { type CompiledInterface, InterfaceDeclarations } from './interface-declarations.ts';
import { collectPages } from './pages.ts';
import {
  commonHeaders,
  envelopeHeaders,
  type HeaderPairs,
  idempotencyKey,
  mergedHeaders,
  messageHeaders,
} from './request-headers.ts';
import { withMappedReply } from './rest-reply.ts';
import { hasSecrets, prepareRequest, readSecrets, requestTarget, type SecretValues } from './rest-request.ts';
import { type StatusMeanings, verdictOf } from './verdict.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface HttpTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly prober: Prober;
  /** Reads what headers, query parameters and certificates refer to. */
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/** What an attempt needs besides the message; secrets are read anew for each attempt. */
interface Credentials {
  readonly identity: TlsIdentity | undefined;
  readonly headers: HeaderPairs;
  readonly secrets: SecretValues;
}

/** One attempt on its way: everything that its requests share. */
interface Attempt {
  readonly endpoint: Endpoint;
  readonly message: Message;
  readonly options: SendOptions;
  readonly address: TargetAddress;
  readonly credentials: Credentials;
}

const noCredentials: Credentials = { identity: undefined, headers: [], secrets: new Map() };

/**
 * Delivers over HTTP/1.1: a whole message in an envelope (`POST <uri>/api/v1/messages`), or as the request that a
 * route's operation maps it to. Redirects are not followed and nothing is sent twice. Limits: see limits.ts.
 */
export function createHttpTransport({
  clock,
  egress,
  prober,
  secrets,
  identities,
}: HttpTransportOptions): Transport {
  const hosts = new HttpHosts(egress);
  const addresses = new LruMap<TargetAddress>(hostsMax * 4);
  const expressions = new Expressions();
  const declarations = new InterfaceDeclarations(secrets, expressions);
  let closed = false;

  const addressOf = (uri: string): TargetAddress => {
    const known = addresses.get(uri);
    if (known !== undefined) return known;
    const parsed = parseHttpUri(uri);
    if (!parsed.ok) throw new UnsentFault('connect_failed', `the URI is not usable: ${parsed.problem}`);
    addresses.set(uri, parsed.address);
    return parsed.address;
  };

  /** Undefined when there is nothing to read, so that the usual attempt does not wait. */
  const credentialsOf = (
    { settings }: CompiledInterface,
    operation: CompiledOperation,
  ): Promise<Credentials> | undefined => {
    const mapped = operation.kind === 'rest' && hasSecrets(operation) ? operation : undefined;
    if (settings.tls === undefined && settings.headers === undefined && mapped === undefined)
      return undefined;
    return Promise.all([
      identities.of(settings.tls),
      readHeaders(settings.headers ?? {}, secrets),
      mapped === undefined ? new Map<string, string>() : readSecrets(mapped, secrets),
    ]).then(([identity, headers, values]) => ({
      identity,
      headers: Object.entries(headers),
      secrets: values,
    }));
  };

  const ask = async (
    { address, credentials, options }: Attempt,
    request: ExchangeRequest,
    statuses?: StatusMeanings,
  ): Promise<AttemptResult> => {
    if (closed) throw new UnsentFault('connect_failed', 'the hub is shutting down');
    // Anew for each page: the host of the page before may have been let go.
    const host = hosts.to(address, credentials.identity);
    if (host.full())
      throw new UnsentFault(
        'concurrency_limited',
        `${waitingPerHostMax} calls already wait for a connection to it`,
      );
    const evidence = await exchange(host.pool, request, {
      clock,
      deadlineMs: options.attemptDeadlineMs,
      signal: options.signal,
      bodyBytesMax: replyBytesMax,
      failing: host.failing,
    });
    return verdictOf(evidence, {
      shown: address.shown,
      nowMs: clock.now(),
      waitedFor: host.saturated() ? 'free_connection' : 'connection',
      bodyBytesMax: replyBytesMax,
      ...(statuses === undefined ? {} : { statuses }),
    });
  };

  const sendRest = async (attempt: Attempt, operation: CompiledRest): Promise<AttemptResult> => {
    const { endpoint, message, options, address, credentials } = attempt;
    const request = prepareRequest(operation, message, {
      attempt: options.attempt,
      input: mappingInputOf(message, endpoint.systemId),
      secrets: credentials.secrets,
      settingsHeaders: credentials.headers,
      basePath: address.basePath,
      expressions,
    });
    const { method, headers, body } = request;
    const askFor = (path: string): Promise<AttemptResult> =>
      ask(attempt, { method, path, headers, ...(body === undefined ? {} : { body }) }, operation.statuses);
    const { pagination } = operation;
    if (pagination !== undefined) {
      const pages = await collectPages({ ...operation, pagination }, request, {
        origin: address.origin,
        expressions,
        ask: (target) => askFor(target).catch((thrown: unknown) => unsentBecause(address.shown, thrown)),
      });
      return withoutSecrets(pages, credentials.secrets);
    }
    const result = await askFor(requestTarget(request.path, request.query));
    return withMappedReply(withoutSecrets(result, credentials.secrets), operation.reply, expressions);
  };

  const sendEnvelope = (
    attempt: Attempt,
    envelope: HttpEnvelope,
    messagePath: string,
  ): Promise<AttemptResult> => {
    const { endpoint, message, options, address, credentials } = attempt;
    const { headers, body } = envelopeOf(envelope, endpoint, message, options);
    return ask(attempt, {
      method: 'POST',
      path: address.basePath + messagePath,
      headers: mergedHeaders(
        messageHeaders(message),
        commonHeaders(message, options),
        idempotencyKey(message),
        headers,
        credentials.headers,
      ),
      body,
    });
  };

  const attempt = async (
    endpoint: Endpoint,
    message: Message,
    options: SendOptions,
  ): Promise<AttemptResult> => {
    const address = addressOf(endpoint.uri);
    const declared = declarations.of(endpoint);
    if ('path' in declared)
      throw new UnsentFault(
        'misconfigured',
        `${declared.path}: ${declared.message}; register the system again`,
      );
    const operation = operationFor(endpoint, declared, message.type);
    const reading = credentialsOf(declared, operation);
    const credentials = reading === undefined ? noCredentials : await reading;
    const underway = { endpoint, message, options, address, credentials };
    return await (operation.kind === 'rest'
      ? sendRest(underway, operation)
      : sendEnvelope(underway, operation.envelope, declared.settings.message_path ?? messagePathDefault));
  };

  return {
    protocol: 'HTTP',
    schemes: ['http', 'https'],

    checkEndpoint: (declaration) => declarations.check(declaration),

    routeRepeatSafety(operation) {
      const { method } = operation;
      return typeof method === 'string' ? repeatSafetyOf(method) : undefined;
    },

    send: (endpoint, message, options) =>
      attempt(endpoint, message, options).catch((thrown: unknown) =>
        unsentBecause(shownOf(endpoint.uri), thrown),
      ),

    probe: (endpoint, options) => prober(endpoint, options),

    forget(uri) {
      addresses.delete(uri);
      const parsed = parseHttpUri(uri);
      if (parsed.ok) hosts.forget(parsed.address.origin);
    },

    async close() {
      closed = true;
      await hosts.close();
    },
  };
}

/** The route's operation, or the interface's envelope when it has no routes. Throws {@link UnsentFault}. */
function operationFor(
  { routes }: Endpoint,
  { settings, operations }: CompiledInterface,
  messageType: string,
): CompiledOperation {
  if (routes.length === 0) return { kind: 'envelope', envelope: settings.envelope ?? 'switchyard' };
  const route = findRoute(routes, messageType);
  const operation = route === undefined ? undefined : operations[routes.indexOf(route)];
  if (operation === undefined)
    throw new UnsentFault(
      'mapping_failed',
      `no route of the interface takes the message type ${messageType}`,
    );
  return operation;
}

function envelopeOf(
  envelope: HttpEnvelope,
  endpoint: Endpoint,
  message: Message,
  options: SendOptions,
): { readonly headers: HeaderPairs; readonly body: Uint8Array } {
  switch (envelope) {
    case 'switchyard':
      return {
        headers: envelopeHeaders(endpoint, message),
        body: envelopeBody(endpoint, message, options),
      };
    case 'cloudevents-binary':
      return binaryEvent(endpoint, message, options);
    case 'cloudevents-structured':
      return structuredEvent(endpoint, message, options);
  }
}

/**
 * What a method promises about sending twice (RFC 9110 section 9.2). The domain's own rule is in
 * src/resilience/repeat-safety.ts, which transports do not import.
 */
function repeatSafetyOf(method: string): RepeatSafety {
  if (method === 'GET' || method === 'HEAD') return 'SAFE';
  return method === 'PUT' || method === 'DELETE' ? 'IDEMPOTENT' : 'UNSAFE';
}

/** The result of an attempt of which nothing was sent. Anything that is not a known fault is a bug and goes on. */
function unsentBecause(shown: string, thrown: unknown): AttemptResult {
  const [reason, cause] = unsentCause(thrown);
  return { verdict: 'NOT_REACHED', reason, status: '', detail: `${shown}: ${cause}` };
}

function unsentCause(thrown: unknown): readonly [AttemptReason, string] {
  if (thrown instanceof UnsentFault) return [thrown.reason, thrown.message];
  if (thrown instanceof MappingFault) return ['mapping_failed', thrown.message];
  if (thrown instanceof SecretUnavailable || thrown instanceof TlsIdentityFault)
    return ['misconfigured', thrown.message];
  throw thrown;
}

/** How a target is called in details: without its path. */
function shownOf(uri: string): string {
  const parsed = parseHttpUri(uri);
  return parsed.ok ? parsed.address.shown : uri;
}
