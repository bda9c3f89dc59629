import { readFileSync } from 'node:fs';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

/**
 * gRPC to the hub, from three environment variables: SWITCHYARD_HUB (default `http://127.0.0.1:7700`; `https:` for TLS),
 * SWITCHYARD_CA (PEM file with whom to trust; default: what Node.js trusts) and SWITCHYARD_TOKEN (an API key).
 * Connects with the first call. Throws when the CA file cannot be read.
 */
export function connectToHub(): Transport {
  const { SWITCHYARD_HUB: baseUrl = 'http://127.0.0.1:7700', SWITCHYARD_CA, SWITCHYARD_TOKEN } = process.env;
  return createGrpcTransport({
    baseUrl,
    interceptors: !SWITCHYARD_TOKEN ? [] : [withToken(SWITCHYARD_TOKEN)],
    nodeOptions: !SWITCHYARD_CA ? {} : { ca: readFileSync(SWITCHYARD_CA) },
    // A watch may be silent for 10 s. This finds out when the network has gone.
    pingIntervalMs: 30_000,
  });
}

function withToken(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}
