import type { DescriptorSets } from '../base/descriptor-sets.ts';
import type { Secrets } from '../base/secrets.ts';
import type { Protocol, Transport } from '../base/transport.ts';
import { createEgress } from '../transports/egress.ts';
import { createGraphqlTransport } from '../transports/graphql/graphql-transport.ts';
import { createGrpcTransport } from '../transports/grpc/grpc-transport.ts';
import { createHttpTransport } from '../transports/http/http-transport.ts';
import { loadPlugins } from '../transports/plugin/load-plugins.ts';
import { createPluginTransport } from '../transports/plugin/plugin-transport.ts';
import { createProbes } from '../transports/probes/prober.ts';
import { createTcpTransport } from '../transports/tcp/tcp-transport.ts';
import { createTlsIdentities } from '../transports/tls-identity.ts';
import { createUdpTransport } from '../transports/udp/udp-transport.ts';
import { createWebSocketTransport } from '../transports/websocket/websocket-transport.ts';
import type { HubBase } from './hub-base.ts';

/** One transport for each protocol. */
export type Transports = Readonly<Record<Protocol, Transport>>;

/**
 * Opens the ways to systems: they share one egress, one set of probes, and what they know of secrets and certificates.
 * Rejects with INVALID_FIELD when a plug-in cannot be used.
 */
export async function openTransports(
  { config, clock, opened, logger }: HubBase,
  { secrets, descriptorSets }: { readonly secrets: Secrets; readonly descriptorSets: DescriptorSets },
): Promise<Transports> {
  const egress = createEgress({ clock });
  const identities = createTlsIdentities({ secrets, clock });
  const probes = createProbes({ clock, egress, secrets, identities });
  opened.defer('probes', () => probes.close());
  const shared = { clock, egress, prober: probes.probe, secrets, identities };
  const plugins = await loadPlugins(config.plugins, { clock, folder: process.cwd() });
  const transports: Transports = {
    HTTP: createHttpTransport(shared),
    GRPC: createGrpcTransport({ ...shared, descriptorSets }),
    WEBSOCKET: createWebSocketTransport(shared),
    TCP: createTcpTransport(shared),
    UDP: createUdpTransport(shared),
    GRAPHQL: createGraphqlTransport(shared),
    PLUGIN: createPluginTransport({ ...shared, plugins }),
  };
  for (const [name, transport] of Object.entries(transports)) opened.defer(name, () => transport.close());
  for (const { name, schemes } of plugins.all) logger.info('plug-in loaded', { name, schemes });
  return transports;
}
