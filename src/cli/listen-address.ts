import type { AddressInfo, Server } from 'node:net';
import { UsageError } from './usage-error.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `[::1]:PORT`; port 0 picks a free one. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new UsageError(`"${text}" is not an address to listen on: write HOST:PORT, such as 127.0.0.1:7801`);
  }
  return { host, port };
}

/** The address in the form of a URL's host: IPv6 in brackets. */
export function addressText({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Listens, and returns the address with the port in use. Throws UsageError when it cannot. With `orFree` a port that
 * is taken is replaced by a free one.
 */
export async function listenOn(
  server: Server,
  address: ListenAddress,
  options: { readonly orFree: boolean },
): Promise<ListenAddress> {
  try {
    return await listenOnce(server, address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE' && options.orFree) return listenOnce(server, { ...address, port: 0 });
    const why =
      code === 'EADDRINUSE' ? 'the port is in use' : code === 'EACCES' ? 'that needs more rights' : code;
    throw new Error(`cannot listen on ${addressText(address)}: ${why}`, { cause: error });
  }
}

function listenOnce(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}
