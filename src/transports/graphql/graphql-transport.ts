import type { Clock } from '../../base/clock.ts';
import type { Message } from '../../base/message.ts';
import { findRoute } from '../../base/route.ts';
import { type Secrets, SecretUnavailable } from '../../base/secrets.ts';
import type {
  AttemptReason,
  AttemptResult,
  Endpoint,
  ProbeResult,
  SendOptions,
  SettingViolation,
  Transport,
} from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { secretViolations } from '../endpoint-violations.ts';
import { readHeaders } from '../header-settings.ts';
import { exchange } from '../http/exchange.ts';
import { HttpHosts } from '../http/hosts.ts';
import { commonHeaders, type HeaderPairs, idempotencyKey, mergedHeaders } from '../http/request-headers.ts';
import { badReply, mappedReplyText } from '../http/rest-reply.ts';
import { verdictOf } from '../http/verdict.ts';
import { replyBytesMax, waitingPerHostMax } from '../limits.ts';
import { Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseHttpUri, type TargetAddress } from '../target-address.ts';
import { type TlsIdentities, type TlsIdentity, TlsIdentityFault } from '../tls-identity.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { type CompiledGraphql, type CompileResult, compileGraphql } from './compiled-operation.ts';
import { acceptHeaders } from './graphql-headers.ts';
import { probeGraphql } from './graphql-probe.ts';
import { requestBody } from './graphql-request.ts';
import { type GraphqlSettings, graphqlSettings } from './graphql-settings.ts';
import { graphqlResultOf } from './graphql-verdict.ts';

export interface GraphqlTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  /** Probes of other kinds than the protocol's own. */
  readonly prober: Prober;
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

interface Credentials {
  readonly headers: HeaderPairs;
  readonly identity: TlsIdentity | undefined;
}

const noCredentials: Credentials = { headers: [], identity: undefined };

/**
 * Delivers over GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): `POST <uri>` with a document and
 * variables. Redirects are not followed and nothing is sent twice. Limits: those of HTTP, see limits.ts.
 */
export function createGraphqlTransport({
  clock,
  egress,
  prober,
  secrets,
  identities,
}: GraphqlTransportOptions): Transport {
  const hosts = new HttpHosts(egress);
  /** Probes have connections of their own, so that a full pool does not look like an outage. */
  const probeHosts = new HttpHosts(egress);
  const expressions = new Expressions();
  const compiled = new WeakMap<object, CompileResult>();
  const settingsKnown = new WeakMap<object, GraphqlSettings>();
  let closed = false;

  const compile = (operation: Readonly<Record<string, unknown>>): CompileResult => {
    const known = compiled.get(operation) ?? compileGraphql(operation, expressions);
    compiled.set(operation, known);
    return known;
  };

  const settingsOf = ({ settings }: Endpoint): GraphqlSettings => {
    const known = settingsKnown.get(settings);
    if (known !== undefined) return known;
    const checked = graphqlSettings.safeParse(settings);
    if (!checked.success)
      throw new UnsentFault('misconfigured', 'the settings are not valid; register the system again');
    settingsKnown.set(settings, checked.data);
    return checked.data;
  };

  /** Undefined when there is nothing to read, so that the usual attempt does not wait. */
  const credentialsOf = (endpoint: Endpoint): Promise<Credentials> | undefined => {
    const { headers, tls } = settingsOf(endpoint);
    if (headers === undefined && tls === undefined) return undefined;
    return Promise.all([readHeaders(headers ?? {}, secrets), identities.of(tls)]).then(
      ([read, identity]) => ({
        headers: Object.entries(read),
        identity,
      }),
    );
  };

  const operationFor = ({ routes }: Endpoint, message: Message): CompiledGraphql | undefined => {
    if (routes.length === 0) return undefined;
    const route = findRoute(routes, message.type);
    if (route === undefined)
      throw new UnsentFault(
        'mapping_failed',
        `no route of the interface takes the message type ${message.type}`,
      );
    const result = compile(route.operation);
    if (result.ok) return result.operation;
    const [violation] = result.violations;
    throw new UnsentFault(
      'misconfigured',
      `operation.${violation?.path ?? ''}: ${violation?.message ?? ''}; register the system again`,
    );
  };

  const attempt = async (
    endpoint: Endpoint,
    message: Message,
    options: SendOptions,
  ): Promise<AttemptResult> => {
    const address = addressOf(endpoint.uri);
    const operation = operationFor(endpoint, message);
    const body = requestBody(operation, message, { systemId: endpoint.systemId, expressions });
    const reading = credentialsOf(endpoint);
    const credentials = reading === undefined ? noCredentials : await reading;
    if (closed) throw new UnsentFault('connect_failed', 'the hub is shutting down');
    const host = hosts.to(address, credentials.identity);
    if (host.full())
      throw new UnsentFault(
        'concurrency_limited',
        `${waitingPerHostMax} calls already wait for a connection to it`,
      );
    const headers = mergedHeaders(
      commonHeaders(message, options),
      operation?.kind === 'query' ? [] : idempotencyKey(message),
      acceptHeaders,
      credentials.headers,
    );
    const evidence = await exchange(
      host.pool,
      { method: 'POST', path: address.basePath || '/', headers, body },
      {
        clock,
        deadlineMs: options.attemptDeadlineMs,
        signal: options.signal,
        bodyBytesMax: replyBytesMax,
        failing: host.failing,
      },
    );
    const http = verdictOf(evidence, {
      shown: address.shown,
      nowMs: clock.now(),
      waitedFor: host.saturated() ? 'free_connection' : 'connection',
      bodyBytesMax: replyBytesMax,
    });
    const { result, data } = graphqlResultOf(http, {
      complete: evidence.end === 'complete',
      rejectedCodes: operation?.rejectedCodes ?? new Set(),
    });
    return data === undefined ? result : withMappedData(result, data, operation);
  };

  /** A success with its reply mapped from `data`; see badReply for one that does not fit. */
  const withMappedData = (
    result: AttemptResult,
    data: unknown,
    operation: CompiledGraphql | undefined,
  ): AttemptResult => {
    if (operation?.reply === undefined || result.reply === undefined) return result;
    try {
      const text = mappedReplyText(operation.reply, data, expressions);
      return {
        ...result,
        reply: { ...result.reply, contentType: 'application/json', data: Buffer.from(text) },
      };
    } catch (thrown) {
      return badReply(result, thrown);
    }
  };

  return {
    protocol: 'GRAPHQL',
    schemes: ['http', 'https'],

    checkEndpoint({ uri, settings, routes }): readonly SettingViolation[] {
      const parsed = parseHttpUri(uri);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(graphqlSettings, settings),
        ...(parsed.ok && !parsed.address.tls && settings['tls'] !== undefined
          ? [{ path: 'settings.tls', message: 'is for https:// only; leave it out' }]
          : []),
        ...secretViolations(settings, secrets, 'settings'),
        ...routes.flatMap(({ operation }, index) => {
          const result = compile(operation);
          if (result.ok) return [];
          return result.violations.map(({ path, message }) => ({
            path: `routes[${index}].operation${path === '' ? '' : `.${path}`}`,
            message,
          }));
        }),
      ];
    },

    routeRepeatSafety(operation) {
      const result = compile(operation);
      if (!result.ok) return undefined;
      return result.operation.kind === 'query' ? 'SAFE' : 'UNSAFE';
    },

    send: (endpoint, message, options) =>
      attempt(endpoint, message, options).catch((thrown: unknown) => unsent(endpoint.uri, thrown)),

    async probe(endpoint, options): Promise<ProbeResult> {
      if (endpoint.healthCheck.kind !== 'AUTO') return prober(endpoint, options);
      const startMs = clock.monotonic();
      try {
        const address = addressOf(endpoint.uri);
        const { headers, identity } = (await credentialsOf(endpoint)) ?? noCredentials;
        if (closed) throw new UnsentFault('connect_failed', 'the hub is shutting down');
        const host = probeHosts.to(address, identity);
        const finding = await probeGraphql({ address, host, headers }, { ...options, clock });
        return { ...finding, latencyMs: clock.monotonic() - startMs };
      } catch (thrown) {
        const { detail } = unsent(endpoint.uri, thrown);
        return { alive: false, detail, latencyMs: clock.monotonic() - startMs };
      }
    },

    forget(uri) {
      const parsed = parseHttpUri(uri);
      if (!parsed.ok) return;
      hosts.forget(parsed.address.origin);
      probeHosts.forget(parsed.address.origin);
    },

    async close() {
      closed = true;
      await Promise.all([hosts.close(), probeHosts.close()]);
    },
  };
}

function addressOf(uri: string): TargetAddress {
  const parsed = parseHttpUri(uri);
  if (!parsed.ok) throw new UnsentFault('connect_failed', `the URI is not usable: ${parsed.problem}`);
  return parsed.address;
}

/** The result of an attempt of which nothing was sent. Anything that is not a known fault is a bug and goes on. */
function unsent(uri: string, thrown: unknown): AttemptResult {
  const parsed = parseHttpUri(uri);
  const result = (reason: AttemptReason, { message }: Error): AttemptResult => ({
    verdict: 'NOT_REACHED',
    reason,
    status: '',
    detail: `${parsed.ok ? parsed.address.shown : uri}: ${message}`,
  });
  if (thrown instanceof UnsentFault) return result(thrown.reason, thrown);
  if (thrown instanceof MappingFault) return result('mapping_failed', thrown);
  if (thrown instanceof SecretUnavailable || thrown instanceof TlsIdentityFault)
    return result('misconfigured', thrown);
  throw thrown;
}
