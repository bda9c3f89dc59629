import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../base/clock.ts';
import { ConnectFault, connectFaultFrom } from './connect-fault.ts';

/** Where datagrams go. */
export interface DatagramTarget {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the address may be a broadcast address; default false: the kernel refuses one. */
  readonly broadcast?: boolean;
}

/**
 * Opens a UDP socket that is connected to one address: it sends there only, hears from there only, and learns when
 * nobody listens. Nothing is sent. Rejects with {@link ConnectFault} and nothing else.
 */
export async function openDatagram(
  { host, port, broadcast = false }: DatagramTarget,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  clock: Clock,
): Promise<DatagramSocket> {
  if (signal?.aborted === true) throw new ConnectFault('cancelled', 'given up before connecting');
  const { promise, resolve, reject } = Promise.withResolvers<DatagramSocket>();
  let ended = false;
  const isEnded = (): boolean => ended;
  const end = (settle: () => void): void => {
    if (ended) return;
    ended = true;
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
    settle();
  };
  const timer = clock.after(timeoutMs, () =>
    end(() => reject(new ConnectFault('connect_timeout', `no socket within ${Math.round(timeoutMs)} ms`))),
  );
  const onAbort = (): void =>
    end(() => reject(new ConnectFault('cancelled', 'given up while resolving the name')));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const { address, family } = await lookup(host);
    if (isEnded()) return await promise;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      await connect(socket, { address, port, broadcast });
    } catch (thrown) {
      socket.close();
      throw thrown;
    }
    if (isEnded()) socket.close();
    end(() => resolve(socket));
  } catch (thrown) {
    end(() => reject(connectFaultFrom(thrown, 'tcp')));
  }
  return await promise;
}

function connect(
  socket: DatagramSocket,
  { address, port, broadcast }: { address: string; port: number; broadcast: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    socket.once('error', onError);
    // The kernel refuses to connect to a broadcast address before it is allowed, and allows it on bound sockets only.
    socket.bind(0, () => {
      try {
        if (broadcast) socket.setBroadcast(true);
        socket.connect(port, address, (error?: Error) => {
          socket.off('error', onError);
          if (error === undefined) resolve();
          else reject(error);
        });
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  });
}
