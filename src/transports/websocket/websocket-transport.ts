import type { Clock } from '../../base/clock.ts';
import type { Message } from '../../base/message.ts';
import { findRoute } from '../../base/route.ts';
import { type Secrets, SecretUnavailable } from '../../base/secrets.ts';
import type {
  AttemptResult,
  Endpoint,
  ProbeResult,
  SettingViolation,
  Transport,
} from '../../base/transport.ts';
import { ConnectFault } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { routeViolations, secretViolations } from '../endpoint-violations.ts';
import { parsedOnce } from '../parsed-once.ts';
import { UnsentFault } from '../unsent-fault.ts';
import type { Prober } from '../probes/prober.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseWebSocketUri } from '../target-address.ts';
import { type TlsIdentities, TlsIdentityFault } from '../tls-identity.ts';
import { WebSocketConnections } from './connections.ts';
import { requestFrame } from '../frame/frame.ts';
import { type WebSocketOperation, websocketOperation, websocketSettings } from './settings.ts';
import { verdictOf } from '../frame/verdict.ts';
import { unsentVerdict } from './unsent-verdict.ts';
import { createEndpointWays } from './way.ts';

export interface WebSocketTransportOptions {
  readonly clock: Clock;
  readonly egress: Egress;
  /** Probes of other kinds than the protocol's own. */
  readonly prober: Prober;
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/**
 * Delivers over WebSocket: one connection per interface, many calls on it at once, told apart by ids
 * (docs/interfaces.md, "WebSocket"). Nothing is sent twice. Limits: see limits.ts.
 */
export function createWebSocketTransport({
  clock,
  egress,
  prober,
  secrets,
  identities,
}: WebSocketTransportOptions): Transport {
  const connections = new WebSocketConnections(egress, clock);
  const ways = createEndpointWays({ secrets, identities });
  const operationOf = parsedOnce('operation', () => websocketOperation);
  /** Ids of this hub's requests: never used twice, so that a late answer cannot be taken for another's. */
  let requests = 0;

  const operationFor = ({ routes }: Endpoint, message: Message): WebSocketOperation => {
    const route = findRoute(routes, message.type);
    if (route !== undefined) return operationOf(route.operation);
    if (routes.length === 0) return {};
    throw new UnsentFault(
      'mapping_failed',
      `no route of the interface fits the message type ${message.type}`,
    );
  };

  return {
    protocol: 'WEBSOCKET',
    schemes: ['ws', 'wss'],

    checkEndpoint({ uri, settings, routes }): readonly SettingViolation[] {
      const parsed = parseWebSocketUri(uri);
      return [
        ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
        ...settingViolations(websocketSettings, settings),
        ...(parsed.ok && !parsed.address.tls && settings['tls'] !== undefined
          ? [{ path: 'settings.tls', message: 'is for wss:// only; leave it out, or use a wss:// URI' }]
          : []),
        ...secretViolations(settings, secrets, 'settings'),
        ...routeViolations(websocketOperation, routes),
      ];
    },

    async send(endpoint, message, options): Promise<AttemptResult> {
      let shown = endpoint.uri;
      try {
        const operation = operationFor(endpoint, message);
        const found = ways.to(endpoint);
        const way = found instanceof Promise ? await found : found;
        shown = way.shown;
        const oneWay = (operation.mode ?? way.settings.mode) === 'one_way';
        const wait = { deadlineMs: options.attemptDeadlineMs, signal: options.signal };
        const end = await connections.use(way, { ...wait, needsRoom: true }, (connection) => {
          const id = oneWay ? undefined : String((requests += 1));
          const frame = requestFrame({ id, type: operation.type, endpoint, message, options });
          return connection.call(frame, id, wait);
        });
        return verdictOf(end, shown);
      } catch (thrown) {
        return unsent(thrown, shown);
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
        const way = await ways.to(endpoint);
        shown = way.shown;
        await connections.use(way, { ...options, needsRoom: false }, (connection) =>
          connection.ping(options),
        );
        return found(true, 'answered a ping');
      } catch (thrown) {
        return found(false, unsent(thrown, shown).detail);
      }
    },

    forget: (uri) => connections.forget(uri),
    close: () => connections.close(),
  };
}

/** The result of an attempt that ended before its frame was given to a socket. */
function unsent(thrown: unknown, shown: string): AttemptResult {
  if (thrown instanceof ConnectFault) return unsentVerdict(thrown, shown);
  const reason =
    thrown instanceof TlsIdentityFault || thrown instanceof SecretUnavailable
      ? 'misconfigured'
      : thrown instanceof UnsentFault
        ? thrown.reason
        : undefined;
  // Anything else is a bug of ours: it may have come after the frame was sent.
  if (reason === undefined) throw thrown;
  return {
    verdict: 'NOT_REACHED',
    reason,
    status: '',
    detail: `${shown}: ${(thrown as Error).message}`,
  };
}
