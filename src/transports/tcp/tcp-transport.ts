import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import type { Message } from '../../base/message.ts';
import type { Secrets } from '../../base/secrets.ts';
import type {
  AttemptResult,
  Endpoint,
  ProbeResult,
  SendOptions,
  SettingViolation,
  Transport,
} from '../../base/transport.ts';
import type { CallPoolOptions } from '../call-pool.ts';
import { CallPools } from '../call-pools.ts';
import type { Egress } from '../egress.ts';
import { routeViolations, secretViolations } from '../endpoint-violations.ts';
import { parsedOnce } from '../parsed-once.ts';
import { operationFor, unsentResult } from '../unsent-result.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { connectTimeoutMs, tcpConnectionsDefault } from '../limits.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseTcpUri, type TargetAddress } from '../target-address.ts';
import type { TlsIdentities, TlsIdentity } from '../tls-identity.ts';
import { requestFrame } from '../frame/frame.ts';
import { verdictOf } from '../frame/verdict.ts';
import { callsPerConnection, TcpConnection } from './connection.ts';
import { frameOf, onOneLine } from './framing.ts';
import {
  mannerOf,
  readTcpDeclaration,
  tcpContradictions,
  type TcpManner,
  type TcpOperation,
  tcpOperation,
  type TcpSettings,
  tcpSettings,
} from './settings.ts';

export interface TcpTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  /** Probes of other kinds than the protocol's own. */
  readonly prober: Prober;
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/** Where and how a call goes. */
interface TcpWay {
  readonly uri: string;
  readonly address: TargetAddress;
  readonly identity: TlsIdentity | undefined;
  readonly manner: TcpManner;
  readonly connections: number;
}

/**
 * Delivers in frames over TCP or TLS (docs/interfaces.md, "TCP"). Nothing is sent twice. Limits: see limits.ts.
 */
export function createTcpTransport({
  clock,
  egress,
  prober,
  secrets,
  identities,
}: TcpTransportOptions): Transport {
  const pools = new CallPools<TcpConnection>();
  const settingsOf = parsedOnce('settings', () => tcpSettings);
  const operationOf = parsedOnce('operation', () => tcpOperation);
  /** Ids of this hub's requests: never used twice, so that a late answer cannot be taken for another's. */
  let requests = 0;

  const open = (
    { address, identity, manner }: Pick<TcpWay, 'address' | 'identity' | 'manner'>,
    signal: AbortSignal,
  ): Promise<TcpConnection> =>
    egress
      .connect(connectTarget(address, identity), { timeoutMs: connectTimeoutMs, signal })
      .then((socket) => new TcpConnection(socket, manner, clock));

  const poolOptions = (way: TcpWay): CallPoolOptions<TcpConnection> => ({
    clock,
    open: (signal) => open(way, signal),
    connectionsMax: way.connections,
    callsPerConnection: callsPerConnection(way.manner),
  });

  const deliver = async (
    way: TcpWay,
    operation: TcpOperation,
    { endpoint, message, options }: Delivery,
  ): Promise<AttemptResult> => {
    const { uri, address, identity, manner } = way;
    const { mode, payload } = manner;
    const id = mode === 'one_way' || payload === 'raw' ? undefined : String((requests += 1));
    const bytes =
      payload === 'raw'
        ? message.data
        : onOneLine(requestFrame({ id, type: operation.type, endpoint, message, options }));
    const framed = frameOf(manner.framing, bytes);
    if (!framed.ok) throw new UnsentFault('mapping_failed', framed.problem);
    const sameness = [identity?.id, manner, way.connections];
    const pool = pools.to(uri, sameness, () => poolOptions(way));
    const wait = { deadlineMs: options.attemptDeadlineMs, signal: options.signal };
    const end = await pool.run(wait, (connection) => connection.call(framed.frame, id, wait));
    return verdictOf(end, address.shown);
  };

  return {
    protocol: 'TCP',
    schemes: ['tcp', 'tls'],

    checkEndpoint(declaration): readonly SettingViolation[] {
      const { uri, settings, routes } = declaration;
      const parsed = parseTcpUri(uri);
      const read = readTcpDeclaration(declaration);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(tcpSettings, settings),
        ...routeViolations(tcpOperation, routes),
        ...secretViolations(settings, secrets, 'settings'),
        ...tcpContradictions(read.settings, read.operations, { tls: !parsed.ok || parsed.address.tls }),
      ];
    },

    async send(endpoint, message, options): Promise<AttemptResult> {
      let shown = endpoint.uri;
      try {
        const address = addressOf(endpoint);
        shown = address.shown;
        const settings = settingsOf(endpoint.settings);
        const operation = operationFor(endpoint, message.type, operationOf) ?? {};
        const way = {
          uri: endpoint.uri,
          address,
          identity: settings.tls === undefined ? undefined : await identities.of(settings.tls),
          manner: mannerOf(settings, operation),
          connections: settings.connections ?? tcpConnectionsDefault,
        };
        return await deliver(way, operation, { endpoint, message, options });
      } catch (thrown) {
        return unsentResult(thrown, shown);
      }
    },

    async probe(endpoint, options): Promise<ProbeResult> {
      if (endpoint.healthCheck.kind !== 'AUTO') return prober(endpoint, options);
      const startMs = clock.monotonic();
      const found = (alive: boolean, detail: string): ProbeResult => ({
        alive,
        detail,
        latencyMs: clock.monotonic() - startMs,
      });
      let shown = endpoint.uri;
      try {
        const address = addressOf(endpoint);
        shown = address.shown;
        const settings: TcpSettings = settingsOf(endpoint.settings);
        const socket = await egress.connect(connectTarget(address, await identities.of(settings.tls)), {
          timeoutMs: Math.max(1, options.deadlineMs - clock.now()),
          signal: options.signal,
        });
        socket.on('error', () => undefined);
        socket.destroy();
        return found(true, address.tls ? 'TCP connection opened, TLS agreed' : 'TCP connection opened');
      } catch (thrown) {
        return found(false, `${shown}: ${messageOf(thrown)}`);
      }
    },

    forget: (uri) => pools.forget(uri),
    close: () => pools.close(),
  };
}

interface Delivery {
  readonly endpoint: Endpoint;
  readonly message: Message;
  readonly options: SendOptions;
}

function addressOf({ uri }: Endpoint): TargetAddress {
  const parsed = parseTcpUri(uri);
  if (!parsed.ok) throw new UnsentFault('connect_failed', `the URI is not usable: ${parsed.problem}`);
  return parsed.address;
}

function connectTarget({ host, port, tls }: TargetAddress, identity: TlsIdentity | undefined) {
  return { host, port, ...(tls ? { alpn: [], identity } : {}) };
}
