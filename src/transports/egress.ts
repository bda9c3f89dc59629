import type { Socket as DatagramSocket } from 'node:dgram';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { ConnectFault, connectFaultFrom, type ConnectStage } from './connect-fault.ts';
import { type DatagramTarget, openDatagram } from './datagram-egress.ts';
import { LruMap } from './lru-map.ts';
import type { TlsIdentity } from './tls-identity.ts';

/** TLS contexts that are kept, one for each identity. */
const secureContextsMax = 64;

/** Where to connect to. */
export interface EgressTarget {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** With TLS when set: the protocols offered by ALPN, best first. */
  readonly alpn?: readonly string[];
  /** With `alpn`: whom to trust and which certificate to show; undefined: the hub's own trust, no certificate. */
  readonly identity?: TlsIdentity | undefined;
}

export type { DatagramTarget } from './datagram-egress.ts';

export interface EgressOptions {
  /** Longest time until the socket is ready (TLS included), ms. */
  readonly timeoutMs: number;
  /** Gives the attempt up; it then rejects with reason `cancelled`. */
  readonly signal?: AbortSignal;
}

/**
 * The one door through which every outbound connection of the hub leaves: HTTP, gRPC, TCP and UDP alike. A guard
 * against forged addresses wraps it. Rejects with {@link ConnectFault} and nothing else.
 */
export interface Egress {
  connect(target: EgressTarget, options: EgressOptions): Promise<Socket>;
  /** A UDP socket that is connected to the target (datagram-egress.ts); nothing is sent yet. */
  datagram(target: DatagramTarget, options: EgressOptions): Promise<DatagramSocket>;
}

/**
 * Opens sockets directly. TLS trusts Node's certificates, the machine's store, and `extraCa` (PEM) when given.
 */
export function createEgress(options: {
  readonly clock: Clock;
  readonly extraCa?: readonly string[];
}): Egress {
  const contexts = new LruMap<SecureContext>(secureContextsMax);
  let publicCa: readonly string[] | undefined;
  const trusted = (): readonly string[] =>
    (publicCa ??= [
      ...new Set([
        ...getCACertificates('default'),
        ...getCACertificates('system'),
        ...(options.extraCa ?? []),
      ]),
    ]);
  // One context for all connections of an identity: parsing the store takes tens of milliseconds.
  const contextOf = (identity: TlsIdentity | undefined): SecureContext => {
    const id = identity?.id ?? '';
    const known = contexts.get(id);
    if (known !== undefined) return known;
    const context = createSecureContext({
      ca: identity?.ca === undefined ? [...trusted()] : identity.ca,
      ...(identity?.cert === undefined ? {} : { cert: identity.cert, key: identity.key }),
    });
    contexts.set(id, context);
    return context;
  };

  return {
    datagram: (target, datagramOptions) => openDatagram(target, datagramOptions, options.clock),

    connect: (target, { timeoutMs, signal }) =>
      new Promise<Socket>((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(new ConnectFault('cancelled', 'given up before connecting'));
          return;
        }
        let stage: ConnectStage = 'tcp';
        let socket: Socket;
        try {
          socket = open(target, contextOf);
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

function open(
  { host, port, alpn, identity }: EgressTarget,
  contextOf: (identity: TlsIdentity | undefined) => SecureContext,
): Socket {
  if (alpn === undefined) return connectTcp({ host, port });
  const name = identity?.serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    host,
    port,
    ALPNProtocols: [...alpn],
    secureContext: contextOf(identity),
    // SNI holds names only, RFC 6066 section 3. It is also the name that the certificate is checked against.
    ...(name === undefined ? {} : { servername: name }),
  });
}
