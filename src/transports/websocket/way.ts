import { createHash } from 'node:crypto';
import type { Secrets } from '../../base/secrets.ts';
import type { Endpoint } from '../../base/transport.ts';
import { parsedOnce } from '../parsed-once.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { readHeaders } from '../header-settings.ts';
import { secretRefsIn } from '../secret-value.ts';
import { parseWebSocketUri } from '../target-address.ts';
import type { TlsIdentities, TlsIdentity } from '../tls-identity.ts';
import type { WebSocketWay } from './connections.ts';
import { pingInterval, type WebSocketSettings, websocketSettings } from './settings.ts';

/** The way to an endpoint, and what goes with it. */
export interface EndpointWay extends WebSocketWay {
  /** How the target is called in details: `ws://host:port`. */
  readonly shown: string;
  readonly settings: WebSocketSettings;
}

/** Finds the way to an endpoint as its settings mean it now. */
export interface EndpointWays {
  /**
   * At once where nothing has to be read. A renewed token or certificate makes another way, and so another connection.
   * Throws or rejects with UnsentFault, SecretUnavailable or TlsIdentityFault.
   */
  to(endpoint: Endpoint): EndpointWay | Promise<EndpointWay>;
}

export function createEndpointWays({
  secrets,
  identities,
}: {
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}): EndpointWays {
  const settingsOf = parsedOnce('settings', () => websocketSettings);
  /** Ways that hold no secret and no certificate: they stay as they are. */
  const fixed = new WeakMap<Endpoint, EndpointWay>();

  const read = async (endpoint: Endpoint, settings: WebSocketSettings): Promise<EndpointWay> => {
    const headers = await readHeaders(settings.headers ?? {}, secrets);
    return wayOf(endpoint, { settings, headers, identity: await identities.of(settings.tls) });
  };

  return {
    to(endpoint) {
      const known = fixed.get(endpoint);
      if (known !== undefined) return known;
      const settings = settingsOf(endpoint.settings);
      const { headers = {}, tls } = settings;
      if (tls !== undefined || secretRefsIn(headers).length > 0) return read(endpoint, settings);
      const texts: Record<string, string> = {};
      for (const [name, value] of Object.entries(headers))
        if (typeof value === 'string') texts[name.toLowerCase()] = value;
      const way = wayOf(endpoint, { settings, headers: texts, identity: undefined });
      fixed.set(endpoint, way);
      return way;
    },
  };
}

function wayOf(
  endpoint: Endpoint,
  {
    settings,
    headers,
    identity,
  }: {
    readonly settings: WebSocketSettings;
    readonly headers: Readonly<Record<string, string>>;
    readonly identity: TlsIdentity | undefined;
  },
): EndpointWay {
  const { systemId, uri } = endpoint;
  const parsed = parseWebSocketUri(uri);
  if (!parsed.ok) throw new UnsentFault('connect_failed', `the URI is not usable: ${parsed.problem}`);
  const { address } = parsed;
  const { subprotocol, ping_interval: pingIntervalMs = pingInterval.defaultMs } = settings;
  const sameness = [systemId, endpoint.interface, uri, headers, identity?.id, subprotocol, pingIntervalMs];
  return {
    // A digest: what tells connections apart may hold secrets.
    key: createHash('sha256').update(JSON.stringify(sameness)).digest('base64url'),
    uri,
    target: { address, headers, identity, subprotocol, pingIntervalMs },
    shown: address.shown,
    settings,
  };
}
