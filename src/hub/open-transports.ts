import type { Protocol, Transport } from '../base/transport.ts';
import { createEgress } from '../transports/egress.ts';
import { createGrpcTransport } from '../transports/grpc/grpc-transport.ts';
import { createHttpTransport } from '../transports/http/http-transport.ts';
import { createProbes } from '../transports/probes/prober.ts';
import type { HubBase } from './hub-base.ts';

/** One transport for each protocol. */
export type Transports = Readonly<Record<Protocol, Transport>>;

/** Opens the ways to systems: they share one egress, and one set of probes. */
export function openTransports({ clock, opened }: HubBase): Transports {
  const egress = createEgress({ clock });
  const probes = createProbes({ clock, egress });
  opened.defer('probes', () => probes.close());
  const transports = {
    // lead: the other protocols join at integration
    HTTP: createHttpTransport({ clock, egress, prober: probes.probe }),
    GRPC: createGrpcTransport({ clock, egress, prober: probes.probe }),
  };
  for (const [name, transport] of Object.entries(transports)) opened.defer(name, () => transport.close());
  return transports as unknown as Transports;
}
