import type { Protocol } from '../base/transport.ts';

/** Longest URI of an interface, in bytes. */
export const uriBytesMax = 2048;

/** Which scheme (lower case, without `:`) speaks which protocol. */
export type SchemeTable = Readonly<Record<string, Protocol>>;

/** The schemes of the protocols that work. */
export const interfaceSchemes: SchemeTable = { http: 'HTTP', https: 'HTTP', grpc: 'GRPC', grpcs: 'GRPC' };

/** What a bare `host:port` means. */
const bareScheme = 'grpc';

export type InterfaceUri =
  | {
      readonly ok: true;
      readonly protocol: Protocol;
      /** With a scheme, and scheme and host in lower case: what transports are given. */
      readonly canonical: string;
    }
  | {
      readonly ok: false;
      /** What was found and what is allowed. */
      readonly message: string;
    };

/**
 * Reads an interface's URI: `scheme://host[:port][/base]` of a scheme in `schemes`, or a bare `host:port` for gRPC.
 * Refused: other schemes, a user or password, query and fragment (requests append to the URI), white space,
 * port 0; for gRPC also a missing port and a path.
 */
export function parseInterfaceUri(uri: string, schemes: SchemeTable = interfaceSchemes): InterfaceUri {
  if (uri === '') return refuse('is empty', schemes);
  if (Buffer.byteLength(uri) > uriBytesMax) {
    return { ok: false, message: `has ${Buffer.byteLength(uri)} bytes; at most ${uriBytesMax} are allowed` };
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\\\u0000-\u0020\u007f]/.test(uri)) {
    return {
      ok: false,
      message: 'holds white space, a control character or a backslash; encode or remove it',
    };
  }
  const parts = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(uri);
  if (parts === null) return refuse(`is ${JSON.stringify(uri)}`, schemes);
  const [, scheme, authority = '', path = '', query, fragment] = parts;
  if (authority.includes('@')) {
    return {
      ok: false,
      message:
        'holds a user or password; records are shown to watchers, so credentials have no place in them',
    };
  }
  const bare = scheme === undefined;
  const schemeName = bare ? bareScheme : scheme.toLowerCase();
  const protocol = Object.hasOwn(schemes, schemeName) ? schemes[schemeName] : undefined;
  if (protocol === undefined) return refuse(`has the scheme ${JSON.stringify(schemeName)}`, schemes);
  if (bare && (!authority.includes(':') || path !== '')) return refuse(`is ${JSON.stringify(uri)}`, schemes);

  if (query !== undefined || fragment !== undefined) {
    return {
      ok: false,
      message: 'has a query or fragment; paths are appended to the URI, so leave them out',
    };
  }
  const host = parseAuthority(authority);
  if (typeof host === 'string') return { ok: false, message: host };
  if (protocol === 'GRPC') {
    if (host.port === undefined)
      return { ok: false, message: 'has no port; write host:port or grpc://host:port' };
    if (path !== '' && path !== '/') {
      return { ok: false, message: `has the path ${JSON.stringify(path)}; a gRPC URI has none` };
    }
  }
  const port = host.port === undefined ? '' : `:${host.port}`;
  return {
    ok: true,
    protocol,
    canonical: `${schemeName}://${host.name}${port}${protocol === 'GRPC' ? '' : path}`,
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

function refuse(found: string, schemes: SchemeTable): InterfaceUri {
  const allowed = Object.keys(schemes).map((scheme) => `${scheme}://`);
  return { ok: false, message: `${found}; allowed are ${allowed.join(', ')} or a bare host:port for gRPC` };
}
