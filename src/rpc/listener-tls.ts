import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import { refuseConnection } from './listener-refusal.ts';

/** Whether clients are asked for a certificate: not, asked, or refused without one of a trusted CA. */
export type ClientAuth = 'none' | 'request' | 'require';

/** Certificates as the listener takes them. */
export type TlsContext = Required<Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'>> & {
  /** CAs of client certificates. */
  readonly ca: string | undefined;
};

export interface ListenerTls {
  readonly context: TlsContext;
  readonly clientAuth: ClientAuth;
  /** Told of connections that were refused because of the client's certificate. */
  readonly onCertificateRefused?: (address: string, why: string) => void;
}

/** Makes TLS of connections that somebody else accepted. */
export interface TlsGate {
  /**
   * Begins the handshake on a connection whose first bytes are readable still; destroys it when it is not done within
   * `timeoutMs`. The HTTP version is the client's choice by ALPN: HTTP/1.1 when it offers none.
   */
  open(socket: Socket, onSecure: (secured: TLSSocket, protocol: 'h1' | 'h2') => void): void;
  /** From now on new connections get these certificates; those that are open keep theirs. */
  setContext(context: TlsContext): void;
}

/** Creates the gate; it never listens itself. */
export function createTlsGate(
  tls: ListenerTls,
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly onFault: (why: string) => void },
): TlsGate {
  const { clock, timeoutMs, onFault } = options;
  /** What to do with connections in their handshake, by their addresses; each is here for at most `timeoutMs`. */
  const waiting = new Map<string, (secured: TLSSocket) => void>();
  const server = createServer({
    ...secureOptions(tls.context),
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: tls.clientAuth !== 'none',
    // Required ones are asked for below: a reset in the handshake would not say why.
    rejectUnauthorized: false,
    // The clock's timer below is the one that counts.
    handshakeTimeout: timeoutMs + 60_000,
  });
  server.on('secureConnection', (secured) => {
    secured.on('error', (error) => onFault(messageOf(error)));
    const onSecure = waiting.get(addressesOf(secured));
    const objection = tls.clientAuth === 'require' ? certificateFault(secured) : undefined;
    // Its peer is gone already, and with it the address.
    if (onSecure === undefined) secured.destroy();
    else if (objection === undefined) onSecure(secured);
    else {
      tls.onCertificateRefused?.(secured.remoteAddress ?? '', objection);
      refuseConnection(secured, versionOf(secured), {
        clock,
        text: `This hub takes only clients with a certificate of a CA that it trusts (tls.client_auth: require): ${objection}.`,
      });
    }
  });
  server.on('tlsClientError', (error, secured) => {
    onFault(messageOf(error));
    secured.destroy();
  });

  return {
    open(socket, onSecure) {
      const addresses = addressesOf(socket);
      const timer = clock.after(timeoutMs, () => socket.destroy());
      const forget = (): void => {
        timer.cancel();
        socket.removeListener('close', forget);
        waiting.delete(addresses);
      };
      socket.once('close', forget);
      waiting.set(addresses, (secured) => {
        forget();
        onSecure(secured, versionOf(secured));
      });
      server.emit('connection', socket);
    },
    setContext: (context) => server.setSecureContext(secureOptions(context)),
  };
}

function secureOptions({ cert, key, minVersion, ca }: TlsContext): SecureContextOptions {
  return { cert, key, minVersion, ...(ca === undefined ? {} : { ca }) };
}

/** Names a connection: a TLS socket does not tell which socket it is made of, but has the same addresses. */
function addressesOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress ?? ''} ${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

/** Why a client's certificate does not count; undefined when it does. */
function certificateFault(secured: TLSSocket): string | undefined {
  // Asked first, whatever OpenSSL says of a resumed session: without a certificate nothing was shown.
  if (secured.getPeerX509Certificate() === undefined) return 'none was shown';
  if (secured.authorized) return undefined;
  // A code such as UNABLE_TO_VERIFY_LEAF_SIGNATURE; its type says Error.
  return `the one shown is not trusted, ${String(secured.authorizationError)}`;
}

function versionOf(secured: TLSSocket): 'h1' | 'h2' {
  return secured.alpnProtocol === 'h2' ? 'h2' : 'h1';
}
