import { createClient } from '@connectrpc/connect';
import type { CallOptions, Client, Interceptor } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { AccessService } from '#gen/switchyard/access/v1/access_service_pb.js';
import { HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { Connection } from './connection.ts';
import { parseHubUrl } from './connection.ts';

/** A connection to a hub over gRPC, with a client for each of its services. Opened by the first call. */
export interface HubClient {
  readonly url: string;
  readonly registry: Client<typeof RegistryService>;
  readonly messaging: Client<typeof MessagingService>;
  readonly health: Client<typeof HealthService>;
  readonly resilience: Client<typeof ResilienceService>;
  readonly access: Client<typeof AccessService>;
  /** Options of a unary call: its deadline, and that it ends when the command does. */
  readonly call: CallOptions;
  /** Drops every call and lets the connection go. */
  close(): void;
}

export interface HubClientOptions extends Partial<Pick<Connection, 'token' | 'tls'>> {
  /** `http://HOST:PORT`, `https://…`, or `HOST:PORT`. */
  readonly url: string;
  /** Deadline of each unary call in ms. */
  readonly timeoutMs: number;
  /** Ends calls and watches. */
  readonly signal: AbortSignal;
}

/** Keepalive of a watch: a hub that vanished without closing the connection is noticed within 15 s. */
const pingIntervalMs = 10_000;
const pingTimeoutMs = 5_000;
/** An idle connection is closed after this. */
const idleConnectionTimeoutMs = 60_000;

/** Prepares a client; connects on the first call. Throws UsageError for a URL that is none. */
export function connectHub(options: HubClientOptions): HubClient {
  const url = parseHubUrl(options.url);
  const pings = { pingIntervalMs, pingTimeoutMs, idleConnectionTimeoutMs };
  const sessionManager = new Http2SessionManager(url, pings, { ...options.tls });
  const interceptors = options.token === undefined ? [] : [withToken(options.token)];
  const transport = createGrpcTransport({ baseUrl: url, sessionManager, interceptors });
  return {
    url,
    registry: createClient(RegistryService, transport),
    messaging: createClient(MessagingService, transport),
    health: createClient(HealthService, transport),
    resilience: createClient(ResilienceService, transport),
    access: createClient(AccessService, transport),
    call: { timeoutMs: options.timeoutMs, signal: options.signal },
    close() {
      // An idle connection keeps no process alive and closes by itself. Aborting one that has just broken would take
      // away the listener for the error that is still to come, and end the process.
      if (sessionManager.state() !== 'idle') sessionManager.abort();
    },
  };
}

/** Shows the API key with every call. */
function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}
