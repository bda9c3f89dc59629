import type { Clock } from '../../base/clock.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { Endpoint, ProbeResult } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import type { TlsIdentities } from '../tls-identity.ts';
import type { Finding, ProbeOptions } from './finding.ts';
import { GrpcProbe } from './grpc-probe.ts';
import { HttpProbe } from './http-probe.ts';
import { probeTcp } from './tcp-probe.ts';

/** Probes an endpoint once, in the way that its health check says. Never rejects: every fault is a result. */
export type Prober = (endpoint: Endpoint, options: ProbeOptions) => Promise<ProbeResult>;

export interface Probes {
  readonly probe: Prober;
  close(): Promise<void>;
}

export interface ProbesOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  /** Reads the secrets and certificates that an interface's settings refer to. */
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/** Creates the probes of all protocols. They have connections of their own, so that a full pool does not look like an outage. */
export function createProbes({ clock, egress, secrets, identities }: ProbesOptions): Probes {
  const http = new HttpProbe(clock, egress, { secrets, identities });
  const grpc = new GrpcProbe(clock, egress, { secrets, identities });
  const closing = new AbortController();

  const find = (endpoint: Endpoint, options: ProbeOptions): Promise<Finding> => {
    if (closing.signal.aborted) return Promise.resolve({ alive: false, detail: 'the hub is shutting down' });
    switch (wayOf(endpoint)) {
      case 'HTTP':
        return http.probe(endpoint, options);
      case 'GRPC':
        return grpc.probe(endpoint, options);
      // Probes of these protocols' own are their transports'; the rest of this list goes by their port.
      case 'TCP':
      case 'WEBSOCKET':
      case 'UDP':
      case 'GRAPHQL':
      case 'PLUGIN':
        return probeTcp(endpoint, egress, {
          clock,
          deadlineMs: options.deadlineMs,
          signal: AbortSignal.any([options.signal, closing.signal]),
        });
      case 'NONE':
        return Promise.resolve({ alive: true, detail: 'health checks are switched off' });
    }
  };

  return {
    async probe(endpoint, options) {
      const startMs = clock.monotonic();
      const finding = await find(endpoint, options);
      return { ...finding, latencyMs: clock.monotonic() - startMs };
    },
    async close() {
      closing.abort();
      await Promise.all([http.close(), grpc.close()]);
    },
  };
}

/** How an endpoint is probed. A REST API that only maps routes need not know `/health`: its port is asked. */
function wayOf({ protocol, healthCheck, routes }: Endpoint): Endpoint['protocol'] | 'NONE' {
  if (healthCheck.kind !== 'AUTO') return healthCheck.kind;
  return protocol === 'HTTP' && routes.length > 0 && healthCheck.path === '' ? 'TCP' : protocol;
}
