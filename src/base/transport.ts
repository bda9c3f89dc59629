import type { Message, RepeatSafety, Reply } from './message.ts';
import type { Route } from './route.ts';

/** Protocols that the hub delivers over. One joins when it works. */
export const protocols = ['HTTP', 'GRPC', 'WEBSOCKET', 'TCP', 'UDP', 'GRAPHQL', 'PLUGIN'] as const;
export type Protocol = (typeof protocols)[number];

/** How an interface is probed. `AUTO` is the protocol's own way; `NONE` leaves the interface UNKNOWN. */
export const healthCheckKinds = ['AUTO', 'HTTP', 'GRPC', 'TCP', 'NONE'] as const;
export type HealthCheckKind = (typeof healthCheckKinds)[number];

export interface HealthCheck {
  readonly kind: HealthCheckKind;
  /** HTTP: the path under the interface's URI; empty means `/health`. */
  readonly path: string;
  /** gRPC: the service name asked about; empty means the whole server. */
  readonly service: string;
  /** Time between probes in ms; undefined: the hub's default (30 s). */
  readonly intervalMs?: number;
  /** Longest a probe may take in ms; undefined: the hub's default (5 s). */
  readonly timeoutMs?: number;
}

/** One way to reach one system: everything a transport needs to know about the other side. */
export interface Endpoint {
  readonly systemId: string;
  /** The interface's name within the system. */
  readonly interface: string;
  readonly protocol: Protocol;
  readonly uri: string;
  /** Settings of the adapter, checked by {@link Transport.checkEndpoint} at registration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Which operation each message type uses (route.ts); empty: every type comes in the adapter's own envelope. */
  readonly routes: readonly Route[];
  readonly healthCheck: HealthCheck;
}

/**
 * What is known about an attempt, from evidence and never from a guess (contract.md, "Verdict of an attempt").
 * NOT_REACHED: no byte of this request was given to a connected socket, or the protocol proves it unprocessed.
 * NOT_EXECUTED: the target says it did nothing. REJECTED: a definite no. MAY_HAVE_ACTED: anything else that is not
 * a reply. OK: a reply.
 */
export type Verdict = 'NOT_REACHED' | 'NOT_EXECUTED' | 'REJECTED' | 'MAY_HAVE_ACTED' | 'OK';

/**
 * Why an attempt ended as it did; a closed set, used as metric label and in traces.
 * From the hub itself come `breaker_open`, `concurrency_limited`, `hub_rate_limited` (a limit of its own; `rate_limited` is
 * the target's); `mapping_failed` (the message does not fit the
 * route's mapping) and `misconfigured` (a secret, certificate or descriptor that the interface needs cannot be used),
 * both with the verdict NOT_REACHED; and `bad_reply`: the target acted and answered, verdict OK, but the answer does not
 * fit the route's mapping, so that there is no reply.
 */
export const attemptReasons = [
  'ok',
  'name_not_resolved',
  'connect_refused',
  'connect_failed',
  'connect_timeout',
  'tls_failed',
  'refused_stream',
  'goaway',
  'not_executed',
  'rate_limited',
  'rejected',
  'timeout',
  'reset',
  'target_error',
  'unavailable',
  'garbage',
  'bad_reply',
  'reply_too_large',
  'cancelled',
  'mapping_failed',
  'misconfigured',
  'breaker_open',
  'concurrency_limited',
  'hub_rate_limited',
] as const;
export type AttemptReason = (typeof attemptReasons)[number];

/** How one attempt ended. */
export interface AttemptResult {
  readonly verdict: Verdict;
  readonly reason: AttemptReason;
  /** The target's own status (`200`, `503`, `UNAVAILABLE`); empty when it gave none. */
  readonly status: string;
  /** One line for people; no secret, no stack. */
  readonly detail: string;
  /**
   * The reply; always there when the verdict is OK (unless the reason is `bad_reply`), and the target's refusal or
   * error body when it sent one.
   */
  readonly reply?: Reply;
  /** When the target wants to be asked again: Retry-After or gRPC pushback, in ms. */
  readonly retryAfterMs?: number;
  /** Set when the target asks not to be asked again at all: negative gRPC pushback (gRFC A6). Nobody else is asked either. */
  readonly mayRetry?: false;
}

export interface SendOptions {
  /** Number of this attempt, from 1; passed on to the target. */
  readonly attempt: number;
  /** When this attempt must have ended, epoch ms. */
  readonly attemptDeadlineMs: number;
  /** When the caller stops waiting, epoch ms; passed on to the target. */
  readonly deadlineMs: number;
  /** Aborts when the caller went away. The attempt then ends `cancelled`, its verdict from evidence. */
  readonly signal: AbortSignal;
}

/** How a probe ended. */
export interface ProbeResult {
  readonly alive: boolean;
  readonly latencyMs: number;
  /** What was seen, one line for people: `HTTP 200`, `connection refused`. */
  readonly detail: string;
  /** The target's own word that it works, but not well. */
  readonly degraded?: boolean;
}

/** One protocol, spoken to systems. Never throws for what a target does: every fault is a result. */
export interface Transport {
  readonly protocol: Protocol;
  /** URI schemes it serves, without `:`, first the canonical one. */
  readonly schemes: readonly string[];
  /** What is wrong with an interface's URI, settings and routes; empty when nothing. */
  checkEndpoint(declaration: EndpointDeclaration): readonly SettingViolation[];
  /** What a route's operation promises about sending twice (a GET is SAFE); undefined when it says nothing. */
  routeRepeatSafety?(operation: Route['operation']): RepeatSafety | undefined;
  send(endpoint: Endpoint, message: Message, options: SendOptions): Promise<AttemptResult>;
  /** Asks the interface's health check. `deadlineMs` is epoch ms. */
  probe(endpoint: Endpoint, options: { deadlineMs: number; signal: AbortSignal }): Promise<ProbeResult>;
  /** Lets go of pooled connections to an endpoint that is no longer registered or whose URI changed. */
  forget(uri: string): void;
  close(): Promise<void>;
}

/** What a registration says about one interface that only its transport can judge. */
export type EndpointDeclaration = Pick<Endpoint, 'uri' | 'settings' | 'routes'>;

export interface SettingViolation {
  /** `uri`, `settings.<path>` or `routes[<index>].operation.<path>`. */
  readonly path: string;
  readonly message: string;
}
