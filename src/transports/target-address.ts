/** The network side of an interface's URI. */
export interface TargetAddress {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** `host:port` as in a Host header, IPv6 in brackets. */
  readonly authority: string;
  /** `http://host:port` or `https://host:port`, without a default port. Connections are shared by it. */
  readonly origin: string;
  /** Path before the operation's own, without a trailing slash; empty for none. */
  readonly basePath: string;
  /** The URI as people wrote it, without its path: for details of results. */
  readonly shown: string;
}

export type ParsedUri =
  | { readonly ok: true; readonly address: TargetAddress }
  /** What is wrong, and what is allowed. */
  | { readonly ok: false; readonly problem: string };

/** Longest URI in characters. */
const uriLengthMax = 2048;
const schemePattern = /^([a-z][a-z0-9+.-]*):\/\//i;
const portPattern = /^(?:\[[^\]]*\]|[^:/?#]*):([0-9]{1,5})$/;

/** Parses the URI of an HTTP interface: `http://host[:port][/base]` or `https://…`. */
export function parseHttpUri(uri: string): ParsedUri {
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https')
    return refused(uri, 'an HTTP interface needs http://host:port/base or https://host:port/base');
  return parse(uri, uri.slice(scheme.length + 3), scheme === 'https', scheme);
}

/** Parses the URI of a gRPC interface: `grpc://host:port`, `grpcs://host:port`, or a bare `host:port`. */
export function parseGrpcUri(uri: string): ParsedUri {
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase() ?? '';
  if (scheme !== '' && scheme !== 'grpc' && scheme !== 'grpcs')
    return refused(uri, 'a gRPC interface needs grpc://host:port, grpcs://host:port or a bare host:port');
  const rest = (scheme === '' ? uri : uri.slice(scheme.length + 3)).replace(/\/$/, '');
  if (rest.includes('/')) return refused(uri, 'a gRPC interface has no path');
  if (!portPattern.test(rest)) return refused(uri, 'a gRPC interface needs a port: grpc://host:port');
  return parse(uri, rest, scheme === 'grpcs', scheme === '' ? 'grpc' : scheme);
}

/** Parses the URI of a WebSocket interface: `ws://host[:port][/path]` or `wss://…`. */
export function parseWebSocketUri(uri: string): ParsedUri {
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== 'ws' && scheme !== 'wss')
    return refused(uri, 'a WebSocket interface needs ws://host:port/path or wss://host:port/path');
  return parse(uri, uri.slice(scheme.length + 3), scheme === 'wss', scheme);
}

/** Parses the URI of a TCP interface: `tcp://host:port`, or `tls://host:port` with TLS. */
export function parseTcpUri(uri: string): ParsedUri {
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== 'tcp' && scheme !== 'tls')
    return refused(uri, 'a TCP interface needs tcp://host:port or tls://host:port');
  return parseAddress(uri, scheme, 'TCP');
}

/** Parses the URI of a UDP interface: `udp://host:port`. */
export function parseUdpUri(uri: string): ParsedUri {
  const scheme = schemePattern.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== 'udp') return refused(uri, 'a UDP interface needs udp://host:port');
  return parseAddress(uri, scheme, 'UDP');
}

/** A URI that is an address and nothing else. */
function parseAddress(uri: string, scheme: string, protocol: string): ParsedUri {
  const rest = uri.slice(scheme.length + 3).replace(/\/$/, '');
  if (rest.includes('/')) return refused(uri, `a ${protocol} interface has no path`);
  if (!portPattern.test(rest))
    return refused(uri, `a ${protocol} interface needs a port: ${scheme}://host:port`);
  return parse(uri, rest, scheme === 'tls', scheme);
}

/** Parses the URI of any interface by its scheme: for probes of another protocol than the interface's own. */
export function parseAnyUri(uri: string): ParsedUri {
  if (/^wss?:\/\//i.test(uri)) return parseWebSocketUri(uri);
  if (/^(?:tcp|tls):\/\//i.test(uri)) return parseTcpUri(uri);
  if (/^udp:\/\//i.test(uri)) return parseUdpUri(uri);
  return /^https?:\/\//i.test(uri) ? parseHttpUri(uri) : parseGrpcUri(uri);
}

function parse(uri: string, rest: string, tls: boolean, shownScheme: string): ParsedUri {
  if (uri.length > uriLengthMax)
    return refused(uri.slice(0, 40), `at most ${uriLengthMax} characters are allowed`);
  if (!/^[\x21-\x7e]+$/.test(rest)) return refused(uri, 'only visible ASCII characters are allowed');
  if (rest.includes('@')) return refused(hideUser(uri), 'user and password are not allowed in it');
  if (/[?#\\]/.test(rest)) return refused(uri, 'a query or fragment is not allowed in it');
  const parsed = URL.parse(`${tls ? 'https' : 'http'}://${rest}`);
  if (parsed === null || parsed.hostname === '') return refused(uri, 'it is not a valid host and port');
  const port = parsed.port === '' ? (tls ? 443 : 80) : Number(parsed.port);
  if (port === 0) return refused(uri, 'port 0 cannot be connected to');
  const host = parsed.hostname.startsWith('[') ? parsed.hostname.slice(1, -1) : parsed.hostname;
  return {
    ok: true,
    address: {
      host,
      port,
      tls,
      authority: parsed.host,
      origin: parsed.origin,
      basePath: parsed.pathname.replace(/\/+$/, ''),
      shown: `${shownScheme}://${parsed.hostname}:${port}`,
    },
  };
}

function refused(uri: string, allowed: string): ParsedUri {
  return { ok: false, problem: `found ${JSON.stringify(uri)}; ${allowed}` };
}

/** A password must not come back in an error text. */
function hideUser(uri: string): string {
  return uri.replace(/[^/]*@/, '…@');
}
