import { createClient } from '@connectrpc/connect';
import type { CallOptions, Client } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { HealthService } from '#gen/switchyard/health/v1/health_service_pb.js';
import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { UsageError } from './usage-error.ts';

/** A connection to a hub over gRPC, with a client for each of its services. Opened by the first call. */
export interface HubClient {
  readonly url: string;
  readonly registry: Client<typeof RegistryService>;
  readonly messaging: Client<typeof MessagingService>;
  readonly health: Client<typeof HealthService>;
  readonly resilience: Client<typeof ResilienceService>;
  /** Options of a unary call: its deadline, and that it ends when the command does. */
  readonly call: CallOptions;
  /** Drops every call and lets the connection go. */
  close(): void;
}

export interface HubClientOptions {
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
  const sessionManager = new Http2SessionManager(url, {
    pingIntervalMs,
    pingTimeoutMs,
    idleConnectionTimeoutMs,
  });
  const transport = createGrpcTransport({ baseUrl: url, sessionManager });
  return {
    url,
    registry: createClient(RegistryService, transport),
    messaging: createClient(MessagingService, transport),
    health: createClient(HealthService, transport),
    resilience: createClient(ResilienceService, transport),
    call: { timeoutMs: options.timeoutMs, signal: options.signal },
    close() {
      // An idle connection keeps no process alive and closes by itself. Aborting one that has just broken would take
      // away the listener for the error that is still to come, and end the process.
      if (sessionManager.state() !== 'idle') sessionManager.abort();
    },
  };
}

function parseHubUrl(text: string): string {
  const withScheme = /^[a-z]+:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(withScheme) || !/^https?:\/\//.test(withScheme)) {
    throw new UsageError(
      `"${text}" is not the URL of a hub: write http://HOST:PORT (--hub or SWITCHYARD_HUB)`,
    );
  }
  return withScheme.replace(/\/+$/, '');
}
