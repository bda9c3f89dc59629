import type { Clock } from '../../base/clock.ts';
import type { Endpoint, ProbeResult } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
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

/** Creates the probes of all protocols. They have connections of their own, so that a full pool does not look like an outage. */
export function createProbes({ clock, egress }: { readonly clock: Clock; readonly egress: Egress }): Probes {
  const http = new HttpProbe(clock, egress);
  const grpc = new GrpcProbe(clock, egress);
  const closing = new AbortController();

  const find = (endpoint: Endpoint, options: ProbeOptions): Promise<Finding> => {
    if (closing.signal.aborted) return Promise.resolve({ alive: false, detail: 'the hub is shutting down' });
    const { kind } = endpoint.healthCheck;
    switch (kind === 'AUTO' ? endpoint.protocol : kind) {
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
