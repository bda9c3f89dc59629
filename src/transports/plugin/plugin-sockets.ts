import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { ConnectFault } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import { connectTimeoutMs, pluginSocketsMax } from '../limits.ts';
import { type TlsIdentities, tlsSettings } from '../tls-identity.ts';
import { GivenUp, type Within } from './guarded.ts';
import type { PluginConnectTarget } from './plugin.ts';

/** Opens the sockets of one plug-in, and knows which are open. */
export class PluginSockets {
  readonly #clock: Clock;
  readonly #egress: Egress;
  readonly #identities: TlsIdentities;
  readonly #open = new Set<Socket>();
  #opening = 0;

  constructor(deps: { readonly clock: Clock; readonly egress: Egress; readonly identities: TlsIdentities }) {
    this.#clock = deps.clock;
    this.#egress = deps.egress;
    this.#identities = deps.identities;
  }

  /** Rejects with ConnectFault, TlsIdentityFault or SecretUnavailable. */
  async connect(
    { host, port, tls = false, alpn = [] }: PluginConnectTarget,
    { deadlineMs, signal }: Within,
  ): Promise<Socket> {
    if (this.#open.size + this.#opening >= pluginSocketsMax)
      throw new ConnectFault(
        'concurrency_limited',
        `the plug-in holds ${pluginSocketsMax} sockets open already`,
      );
    this.#opening += 1;
    try {
      const identity =
        typeof tls === 'object' ? await this.#identities.of(tlsSettings.parse(tls)) : undefined;
      const socket = await this.#egress.connect(
        { host, port, ...(tls === false ? {} : { alpn, identity }) },
        { timeoutMs: Math.min(connectTimeoutMs, Math.max(1, deadlineMs - this.#clock.now())), signal },
      );
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      // A plug-in that does not listen for errors must not end the hub.
      socket.on('error', () => undefined);
      return socket;
    } catch (thrown) {
      throw signal.reason instanceof GivenUp ? connectFaultBy(signal.reason) : thrown;
    } finally {
      this.#opening -= 1;
    }
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** A connection that did not come about because the attempt ended. */
function connectFaultBy({ reason }: GivenUp): ConnectFault {
  switch (reason) {
    case 'timeout':
      return new ConnectFault('connect_timeout', 'no connection before the deadline of the attempt');
    case 'cancelled':
      return new ConnectFault('cancelled', 'cancelled while connecting');
    case 'reset':
      return new ConnectFault('connect_failed', 'the hub is shutting down');
  }
}
