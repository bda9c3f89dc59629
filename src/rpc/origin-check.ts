import { isIP } from 'node:net';
import { cors } from '@connectrpc/connect';
import { HubError } from '../base/error.ts';
import { authorityOf, headerOf, type NodeRequest } from './node-http.ts';

export interface OriginRules {
  /** Host names, beside loopback names, IP literals and the listen host, under which callers may reach the hub. Without port. */
  readonly allowedHosts: readonly string[];
  /** Origins (`https://app.example.com`) whose web pages may call the hub. */
  readonly allowedOrigins: readonly string[];
  /** Whether the port speaks TLS: a page of the hub's own name without it is then somebody else's. */
  readonly tls: boolean;
}

/**
 * Why a request may not come in, or undefined. Keeps web pages elsewhere from reaching a hub on loopback: a page
 * that rebinds its own name to 127.0.0.1 shows in `Host`, any other page in `Origin`.
 */
export function whyForeign(request: NodeRequest, rules: OriginRules): HubError | undefined {
  const authority = authorityOf(request);
  const host = hostOf(authority);
  if (host === undefined || !isAllowedHost(host, rules.allowedHosts)) {
    return denied(
      `The host "${shown(authority)}" is not one of this hub's; use its address, or add the name to server.allowed_hosts.`,
      { rule: 'server.allowed_hosts', host: shown(authority) },
    );
  }
  const origin = headerOf(request, 'origin');
  if (origin === undefined || isSameOrigin(origin, authority, rules) || rules.allowedOrigins.includes(origin))
    return undefined;
  return denied(
    `Web pages of "${shown(origin)}" may not call this hub; add the origin to server.allowed_origins to let them.`,
    { rule: 'server.allowed_origins', origin: shown(origin) },
  );
}

/** CORS headers of an answer to a page of another, allowed origin; empty for all others. Call after {@link whyForeign}. */
export function corsHeaders(
  request: NodeRequest,
  rules: Pick<OriginRules, 'tls'>,
): Readonly<Record<string, string>> {
  const origin = headerOf(request, 'origin');
  if (origin === undefined || isSameOrigin(origin, authorityOf(request), rules)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': cors.exposedHeaders.join(', '),
    vary: 'Origin',
  };
}

/** Whether this asks for permission before a call. */
export function isPreflight(request: NodeRequest): boolean {
  return request.method === 'OPTIONS' && headerOf(request, 'access-control-request-method') !== undefined;
}

/** The answer to a preflight, beside {@link corsHeaders}: what Connect and gRPC-Web clients in browsers need, for 2 h. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-methods': cors.allowedMethods.join(', '),
  'access-control-allow-headers': [
    ...cors.allowedHeaders,
    'Authorization',
    'X-Api-Key',
    'traceparent',
    'tracestate',
  ].join(', '),
  'access-control-max-age': '7200',
};

/** The lower-case host of `host:port` or `[v6]:port`, without a trailing dot. */
function hostOf(authority: string | undefined): string | undefined {
  // Also keeps out what URL, which connect builds from it, would throw at.
  if (authority === undefined || !URL.canParse(`http://${authority}`)) return undefined;
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:@/\s]+))(?::\d{1,5})?$/i.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

function isAllowedHost(host: string, allowedHosts: readonly string[]): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    // A literal address cannot be rebound.
    isIP(host) !== 0 ||
    allowedHosts.some((allowed) => allowed.toLowerCase() === host)
  );
}

/** A hub without TLS may stand behind a proxy that has it. */
function isSameOrigin(
  origin: string,
  authority: string | undefined,
  { tls }: Pick<OriginRules, 'tls'>,
): boolean {
  if (authority === undefined) return false;
  return origin === `https://${authority}` || (!tls && origin === `http://${authority}`);
}

function denied(message: string, metadata: Record<string, string>): HubError {
  return new HubError({ reason: 'PERMISSION_DENIED', message, metadata, executed: 'no' });
}

function shown(value: string | undefined): string {
  return (value ?? '').slice(0, 100);
}
