import type { Protocol } from '../base/transport.ts';

/** Longest URI of an interface, in bytes. */
export const uriBytesMax = 2048;

/** The schemes (lower case, without `:`) and which protocols are spoken over each, the default first. */
const protocolsOfScheme: Readonly<Record<string, readonly [Protocol, ...Protocol[]]>> = {
  http: ['HTTP', 'GRAPHQL'],
  https: ['HTTP', 'GRAPHQL'],
  grpc: ['GRPC'],
  grpcs: ['GRPC'],
  ws: ['WEBSOCKET'],
  wss: ['WEBSOCKET'],
  tcp: ['TCP'],
  tls: ['TCP'],
  udp: ['UDP'],
};

/** What a bare `host:port` means. */
const bareScheme = 'grpc';

/** Protocols whose URI is an address alone: a port is needed and a path is refused. */
const addressOnly: ReadonlySet<Protocol> = new Set(['GRPC', 'TCP', 'UDP']);

export type InterfaceUri =
  | {
      readonly ok: true;
      readonly protocol: Protocol;
      /** With a scheme, and scheme and host in lower case: what transports are given. */
      readonly canonical: string;
    }
  | {
      readonly ok: false;
      /** The field to blame. */
      readonly path: 'uri' | 'protocol';
      /** What was found and what is allowed. */
      readonly message: string;
    };

/**
 * Reads an interface's URI: `scheme://host[:port][/base]`, or a bare `host:port` for gRPC. The declared protocol
 * must be one that the scheme speaks; undefined takes the scheme's default. PLUGIN takes any other scheme, whose
 * plug-in judges it. Refused: other schemes, a user or password, query and fragment (requests append to the URI),
 * white space, port 0; for gRPC, TCP and UDP also a missing port and a path.
 */
export function parseInterfaceUri(uri: string, declared?: Protocol): InterfaceUri {
  if (uri === '') return refuseForm('is empty');
  if (Buffer.byteLength(uri) > uriBytesMax)
    return refuse(`has ${Buffer.byteLength(uri)} bytes; at most ${uriBytesMax} are allowed`);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\\\u0000-\u0020\u007f]/.test(uri))
    return refuse('holds white space, a control character or a backslash; encode or remove it');
  const parts = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(uri);
  if (parts === null) return refuseForm(`is ${JSON.stringify(uri)}`);
  const [, scheme, authority = '', path = '', query, fragment] = parts;
  if (authority.includes('@')) {
    return refuse(
      'holds a user or password; records are shown to watchers, so credentials have no place in them',
    );
  }
  const bare = scheme === undefined;
  const schemeName = bare ? bareScheme : scheme.toLowerCase();
  const spoken = Object.hasOwn(protocolsOfScheme, schemeName) ? protocolsOfScheme[schemeName] : undefined;
  if (spoken === undefined && declared !== 'PLUGIN')
    return refuseForm(`has the scheme ${JSON.stringify(schemeName)}`);
  if (bare && (!authority.includes(':') || path !== '')) return refuseForm(`is ${JSON.stringify(uri)}`);
  const protocol = declared ?? spoken?.[0] ?? 'PLUGIN';
  if (spoken !== undefined && !spoken.includes(protocol)) return disagree(protocol, spoken);

  if (query !== undefined || fragment !== undefined)
    return refuse('has a query or fragment; paths are appended to the URI, so leave them out');
  const host = parseAuthority(authority);
  if (typeof host === 'string') return refuse(host);
  if (addressOnly.has(protocol)) {
    if (host.port === undefined)
      return refuse(`has no port; write ${bare ? '' : `${schemeName}://`}host:port`);
    if (path !== '' && path !== '/')
      return refuse(`has the path ${JSON.stringify(path)}; a ${schemeName}:// URI has none`);
  }
  const port = host.port === undefined ? '' : `:${host.port}`;
  return {
    ok: true,
    protocol,
    canonical: `${schemeName}://${host.name}${port}${addressOnly.has(protocol) ? '' : path}`,
  };
}

/** Host and port, or what is wrong with them. */
function parseAuthority(authority: string): { name: string; port: number | undefined } | string {
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/.exec(authority);
  if (parts === null)
    return `has the address ${JSON.stringify(authority)}; write host, host:port or [ipv6]:port`;
  const [, name = '', portText] = parts;
  if (name === '') return 'has no host';
  const port = portText === undefined ? undefined : Number(portText);
  if (portText === '' || (port !== undefined && (port < 1 || port > 65_535))) {
    return `has the port ${JSON.stringify(portText)}; allowed are 1 to 65535`;
  }
  // The host rules of the URL standard, with a scheme to which they apply.
  if (!URL.canParse(`http://${name}/`)) return `has the host ${JSON.stringify(name)}, which is not valid`;
  return { name: new URL(`http://${name}/`).hostname, port };
}

function refuse(message: string): InterfaceUri {
  return { ok: false, path: 'uri', message };
}

function refuseForm(found: string): InterfaceUri {
  const allowed = Object.keys(protocolsOfScheme).map((scheme) => `${scheme}://`);
  return refuse(
    `${found}; allowed are ${allowed.join(', ')}, a bare host:port for gRPC, or the scheme of a plug-in with PROTOCOL_PLUGIN`,
  );
}

function disagree(declared: Protocol, spoken: readonly Protocol[]): InterfaceUri {
  const fitting = Object.entries(protocolsOfScheme).filter(([, protocols]) => protocols.includes(declared));
  const way =
    fitting.length === 0
      ? 'use the scheme of a plug-in'
      : `use a URI with ${fitting.map(([scheme]) => `${scheme}://`).join(' or ')}`;
  return {
    ok: false,
    path: 'protocol',
    message: `is ${declared}, but the URI speaks ${spoken.join(' or ')}; leave the protocol unset, or ${way}`,
  };
}
