import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import type {
  AttemptResult,
  Endpoint,
  ProbeResult,
  SettingViolation,
  Transport,
} from '../../base/transport.ts';
import { CallPools } from '../call-pools.ts';
import type { Egress } from '../egress.ts';
import { routeViolations } from '../endpoint-violations.ts';
import { parsedOnce } from '../parsed-once.ts';
import { connectTimeoutMs, udpSocketsDefault } from '../limits.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseUdpUri, type TargetAddress } from '../target-address.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { operationFor, unsentResult } from '../unsent-result.ts';
import { verdictOf } from '../frame/verdict.ts';
import { datagramOf } from './datagram.ts';
import { readUdpDeclaration, udpContradictions, udpMannerOf, udpOperation, udpSettings } from './settings.ts';
import { callsPerSocket, UdpSocket } from './socket.ts';
import { probeUdp } from './udp-probe.ts';

export interface UdpTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  /** Probes of other kinds than the protocol's own. */
  readonly prober: Prober;
}

/**
 * Delivers one datagram for each attempt (docs/interfaces.md, "UDP"); repeating it is the policy's matter. Limits:
 * see limits.ts.
 */
export function createUdpTransport({ clock, egress, prober }: UdpTransportOptions): Transport {
  const pools = new CallPools<UdpSocket>();
  const settingsOf = parsedOnce('settings', () => udpSettings);
  const operationOf = parsedOnce('operation', () => udpOperation);
  let requests = 0;

  return {
    protocol: 'UDP',
    schemes: ['udp'],

    checkEndpoint(declaration): readonly SettingViolation[] {
      const { uri, settings, routes } = declaration;
      const parsed = parseUdpUri(uri);
      const read = readUdpDeclaration(declaration);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(udpSettings, settings),
        ...routeViolations(udpOperation, routes),
        ...udpContradictions(read.settings, read.operations),
      ];
    },

    async send(endpoint, message, options): Promise<AttemptResult> {
      let shown = endpoint.uri;
      try {
        const { host, port, shown: name } = addressOf(endpoint);
        shown = name;
        const settings = settingsOf(endpoint.settings);
        const operation = operationFor(endpoint, message.type, operationOf) ?? {};
        const manner = udpMannerOf(settings, operation);
        requests += 1;
        const request = datagramOf({ manner, operation, number: requests, endpoint, message, options });
        const { mode, broadcast } = manner;
        const sockets = settings.sockets ?? udpSocketsDefault;
        const pool = pools.to(endpoint.uri, [mode, broadcast, sockets], () => ({
          clock,
          open: (signal) =>
            egress
              .datagram({ host, port, broadcast }, { timeoutMs: connectTimeoutMs, signal })
              .then((socket) => new UdpSocket(socket, mode, clock)),
          connectionsMax: mode === 'one_way' ? 1 : sockets,
          callsPerConnection: callsPerSocket(mode),
        }));
        const wait = { deadlineMs: options.attemptDeadlineMs, signal: options.signal };
        return verdictOf(await pool.run(wait, (socket) => socket.call(request, wait)), shown);
      } catch (thrown) {
        return unsentResult(thrown, shown);
      }
    },

    async probe(endpoint, options): Promise<ProbeResult> {
      if (endpoint.healthCheck.kind !== 'AUTO') return prober(endpoint, options);
      const startMs = clock.monotonic();
      const latencyMs = (): number => clock.monotonic() - startMs;
      try {
        const address = addressOf(endpoint);
        const finding = await probeUdp(address, settingsOf(endpoint.settings), { ...options, clock, egress });
        return { ...finding, latencyMs: latencyMs() };
      } catch (thrown) {
        return { alive: false, detail: `${endpoint.uri}: ${messageOf(thrown)}`, latencyMs: latencyMs() };
      }
    },

    forget: (uri) => pools.forget(uri),
    close: () => pools.close(),
  };
}

function addressOf({ uri }: Endpoint): TargetAddress {
  const parsed = parseUdpUri(uri);
  if (!parsed.ok) throw new UnsentFault('connect_failed', `the URI is not usable: ${parsed.problem}`);
  return parsed.address;
}
