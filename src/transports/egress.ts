import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { ConnectFault, connectFaultFrom, type ConnectStage } from './connect-fault.ts';

/** Where to connect to. */
export interface EgressTarget {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With TLS when set: the protocols offered by ALPN, best first. */
  readonly alpn?: readonly string[];
}

export interface EgressOptions {
  /** Longest time until the socket is ready (TLS included), ms. */
  readonly timeoutMs: number;
  /** Gives the attempt up; it then rejects with reason `cancelled`. */
  readonly signal?: AbortSignal;
}

/**
 * The one door through which every outbound connection of the hub leaves: HTTP, gRPC and TCP alike. A guard against
 * forged addresses wraps it. Rejects with {@link ConnectFault} and nothing else.
 */
export interface Egress {
  connect(target: EgressTarget, options: EgressOptions): Promise<Socket>;
}

/**
 * Opens sockets directly. TLS trusts Node's certificates, the machine's store, and `extraCa` (PEM) when given.
 */
export function createEgress(options: {
  readonly clock: Clock;
  readonly extraCa?: readonly string[];
}): Egress {
  let secureContext: SecureContext | undefined;
  // One context for all connections: parsing the store takes tens of milliseconds.
  const trust = (): SecureContext =>
    (secureContext ??= createSecureContext({
      ca: [
        ...new Set([
          ...getCACertificates('default'),
          ...getCACertificates('system'),
          ...(options.extraCa ?? []),
        ]),
      ],
    }));

  return {
    connect: (target, { timeoutMs, signal }) =>
      new Promise<Socket>((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(new ConnectFault('cancelled', 'given up before connecting'));
          return;
        }
        let stage: ConnectStage = 'tcp';
        let socket: Socket;
        try {
          socket = open(target, trust);
        } catch (thrown) {
          // A certificate of the trust store that does not parse, or a port that cannot be.
          reject(connectFaultFrom(thrown, target.alpn === undefined ? 'tcp' : 'tls'));
          return;
        }
        const timer = options.clock.after(timeoutMs, () => {
          const during = stage === 'tls' ? 'the TLS handshake did not finish' : 'no connection';
          fail(new ConnectFault('connect_timeout', `${during} within ${Math.round(timeoutMs)} ms`));
        });
        const onAbort = (): void => fail(new ConnectFault('cancelled', 'given up while connecting'));
        const onConnect = (): void => {
          stage = 'tls';
        };
        const onError = (error: Error): void => fail(connectFaultFrom(error, stage));
        const onClose = (): void => fail(connectFaultFrom(new Error('closed by the other side'), stage));
        const settle = (): void => {
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          socket.off('error', onError).off('close', onClose).off('connect', onConnect);
        };
        const fail = (fault: ConnectFault): void => {
          settle();
          // A late error of a socket that nobody waits for any more says nothing new.
          socket.on('error', () => undefined);
          socket.destroy();
          reject(fault);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        socket.on('error', onError).on('close', onClose);
        if (target.alpn !== undefined) socket.once('connect', onConnect);
        socket.once(target.alpn === undefined ? 'connect' : 'secureConnect', () => {
          settle();
          socket.setNoDelay(true);
          socket.setKeepAlive(true, 60_000);
          resolve(socket);
        });
      }),
  };
}

function open({ host, port, alpn }: EgressTarget, trust: () => SecureContext): Socket {
  if (alpn === undefined) return connectTcp({ host, port });
  return connectTls({
    host,
    port,
    ALPNProtocols: [...alpn],
    secureContext: trust(),
    // SNI holds names only, RFC 6066 section 3.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
}
