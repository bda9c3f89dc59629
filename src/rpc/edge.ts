import { Health } from '#gen/standard/health/v1/health_pb.js';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import { HubError } from '../base/error.ts';
import { prefixOf } from '../security/api-key.ts';
import { type Audit, createAudit } from '../security/audit.ts';
import type { KeyRecord } from '../security/key-record.ts';
import { noAuthentication } from '../security/authentication.ts';
import type { Authentication, Caller } from '../security/authenticator.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createAccessControl } from './access-control.ts';
import { createEvidenceReader } from './access-evidence.ts';
import { createConnectAdapter } from './connect-adapter.ts';
import { hubErrorFrom, wireErrorFrom } from './error-mapping.ts';
import { createGrpcHealth, type SystemsServing } from './grpc-health.ts';
import { createHttpRoutes } from './http-routes.ts';
import { createListener, type Listener } from './listener.ts';
import type { ListenerLimits } from './listener-limits.ts';
import type { ListenerTls, TlsContext } from './listener-tls.ts';
import {
  answer,
  isGone,
  type NodeRequest,
  type NodeResponse,
  pathOf,
  type RequestHandler,
} from './node-http.ts';
import { corsHeaders, isPreflight, type OriginRules, preflightHeaders, whyForeign } from './origin-check.ts';
import { type AnyServiceDefinition, createPipeline, type Pipeline, type PipelineLimits } from './pipeline.ts';
import { createReadiness, type ReadinessCheck } from './readiness.ts';
import { createReflection } from './reflection.ts';
import { refuse } from './refusal.ts';

export interface EdgeOptions {
  /** The hub's own services; reflection and grpc.health.v1 are added. */
  readonly services: readonly AnyServiceDefinition[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What grpc.health.v1 tells of systems. */
  readonly systems: SystemsServing;
  /** What `/readyz` checks beside the hub's own state, such as the store. */
  readonly checks?: readonly ReadinessCheck[];
  /** Host names under which callers reach the hub, beside loopback names, IP literals and the listen host; default none. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages that may call the hub, beside its own; default none. */
  readonly allowedOrigins?: readonly string[];
  readonly listenerLimits?: Partial<ListenerLimits>;
  readonly callLimits?: Partial<PipelineLimits>;
  /** Largest request message in bytes; default 4 MiB. */
  readonly readBytesMax?: number;
  /** A response that is not read for this long is cut off; default 60 s. */
  readonly stallMs?: number;
  /** Shown at `/`. */
  readonly version?: string;
  /** Who is calling; default: everybody may do everything. */
  readonly authentication?: Authentication;
  /** Where refusals are noted; default: the log. */
  readonly audit?: Audit;
  /** Certificates; default: no TLS. */
  readonly tls?: Omit<ListenerTls, 'onCertificateRefused'> | undefined;
}

/** What can be changed while the port is open. */
export interface EdgeSettings {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Open connections. */
  readonly connectionsMax: number;
  /** Unary calls and streams at the same time. */
  readonly unaryMax: number;
  readonly streamsMax: number;
}

/** The hub's one port with everything on it. */
export interface Edge {
  /** Changes settings for what comes from now on; connections, calls and streams that are open go on. */
  configure(settings: EdgeSettings): void;
  /** Begins to accept; port 0 picks a free one. The edge is not ready until {@link Edge.setReady}. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** What `/readyz` and the health of `""` say. Calls are served either way. */
  setReady(ready: boolean): void;
  /**
   * Shuts down: not ready, new calls and open watches HUB_DRAINING, no new connections, calls in flight finish within
   * `graceMs`, what is left is cut. Resolves when no connection is left; `forced` counts those that were cut.
   */
  drain(graceMs: number): Promise<{ readonly forced: number }>;
  /** New connections get these certificates from now on. Only with {@link EdgeOptions.tls}. */
  setTlsContext(context: TlsContext): void;
  /** Ends the streams that were opened with a key; to be called when it is not accepted any more. */
  endStreamsOf(key: KeyRecord): void;
  readonly pipeline: Pipeline;
}

/** Ties listener, host and origin checks, RPC adapter and plain routes together. */
export function createEdge(options: EdgeOptions): Edge {
  const { clock, logger, metrics } = options;
  const readiness = createReadiness({ clock, checks: options.checks ?? [] });
  const own = options.services.map(({ service }) => service);
  const names = own.map((service) => service.typeName);
  const services: AnyServiceDefinition[] = [
    ...options.services,
    createGrpcHealth({ readiness, services: names, systems: options.systems }),
    ...createReflection([...own, Health]),
  ];
  const { authentication = noAuthentication, audit = createAudit(logger, clock), tls } = options;
  const access = createAccessControl(audit);
  const pipeline = createPipeline({
    services,
    clock,
    logger,
    metrics,
    access,
    limits: options.callLimits ?? {},
  });
  const adapter = createConnectAdapter({
    services,
    pipeline,
    clock,
    logger,
    metrics,
    ...(options.readBytesMax === undefined ? {} : { readBytesMax: options.readBytesMax }),
    ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
  });
  const routes = createHttpRoutes({
    readiness,
    metrics,
    access,
    services: services.map(({ service }) => service.typeName).sort(),
    version: options.version ?? '0',
  });
  const rules = {
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
    tls: tls !== undefined,
  };
  const evidence = createEvidenceReader();
  const onDefect = (error: unknown, request: NodeRequest, response: NodeResponse): void =>
    refuse(request, response, wireErrorFrom(hubErrorFrom(error, logger, pathOf(request))));
  const dispatch = (request: NodeRequest, response: NodeResponse, caller: Caller): void => {
    if (adapter.serves(pathOf(request))) adapter.handle(request, response, caller);
    else routes(request, response, caller);
  };
  const listener: Listener = createListener({
    clock,
    logger,
    limits: options.listenerLimits ?? {},
    ...(tls === undefined
      ? {}
      : { tls: { ...tls, onCertificateRefused: (address, why) => audit.connectionRefused(address, why) } }),
    handler: neverThrowing(
      onDefect,
      guarded(rules, metrics, (request, response) => {
        // A browser adds a password by itself, also to what another page makes it send: pages only show things.
        const allowsBasic = !adapter.serves(pathOf(request));
        authentication
          .caller(evidence.read(request, { allowsBasic }))
          .then((caller) => {
            if (!isGone(response)) dispatch(request, response, caller);
          })
          .catch((error: unknown) => onDefect(error, request, response));
      }),
    ),
  });
  metrics.countConnections(() => Object.entries(listener.connections()));

  let listenHost: readonly string[] = [];
  return {
    configure({ allowedHosts, allowedOrigins, connectionsMax, unaryMax, streamsMax }) {
      rules.allowedHosts = [...allowedHosts, ...listenHost];
      rules.allowedOrigins = allowedOrigins;
      listener.limitConnections(connectionsMax);
      pipeline.configure({ unaryMax, streamsMax });
    },
    async listen(host, port) {
      listenHost = [host];
      rules.allowedHosts = [...rules.allowedHosts, host];
      return listener.listen(host, port);
    },
    setReady: (ready) => readiness.setReady(ready),
    async drain(graceMs) {
      readiness.setReady(false);
      pipeline.drain();
      const last = clock.after(Math.max(0, graceMs - lastAnswersMs), () => pipeline.hurry());
      const { forced } = await listener.close(graceMs);
      last.cancel();
      if (forced > 0) logger.warn('connections were cut at shutdown', { forced, grace_ms: graceMs });
      return { forced };
    },
    setTlsContext: (context) => listener.setTlsContext(context),
    endStreamsOf(key) {
      const prefix = prefixOf(key.id);
      const why = key.revokeTimeMs === undefined ? 'has expired' : 'was revoked';
      const error = new HubError({
        reason: 'UNAUTHENTICATED',
        message: `The API key ${prefix} ${why} while the stream was open; open it again with another key and the last resume token.`,
      });
      const end = (): void =>
        pipeline.endStreams(({ credential }) => credential.kind === 'key' && credential.id === prefix, error);
      end();
      // For a stream whose key was found good just before, and which is being opened.
      setImmediate(end);
    },
    pipeline,
  };
}

/** A defect in handling one request ends that request, not the process. */
function neverThrowing(
  onDefect: (error: unknown, request: NodeRequest, response: NodeResponse) => void,
  inner: RequestHandler,
): RequestHandler {
  return (request, response) => {
    try {
      inner(request, response);
    } catch (error) {
      onDefect(error, request, response);
    }
  };
}

/** How long before the end of a drain calls in flight are told to end with what they know. */
const lastAnswersMs = 500;

/** Lets only callers in whose Host and Origin are allowed, and answers preflights. */
function guarded(rules: OriginRules, metrics: Metrics, inner: RequestHandler): RequestHandler {
  return (request, response) => {
    const foreign = whyForeign(request, rules);
    if (foreign !== undefined) {
      metrics.callRefused(foreign.reason);
      refuse(request, response, wireErrorFrom(foreign));
      return;
    }
    for (const [name, value] of Object.entries(corsHeaders(request, rules))) response.setHeader(name, value);
    if (isPreflight(request)) answer(response, 204, preflightHeaders);
    else inner(request, response);
  };
}
