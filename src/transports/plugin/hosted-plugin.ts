import type { Clock } from '../../base/clock.ts';
import type { Endpoint } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import type { Secrets } from '../../base/secrets.ts';
import { pluginCallsMax } from '../limits.ts';
import type { TlsIdentities } from '../tls-identity.ts';
import { guarded, type GuardedEnd, type GuardedOptions, type Within } from './guarded.ts';
import type { Plugin, PluginContact } from './plugin.ts';
import { PluginSockets } from './plugin-sockets.ts';

/** Time that a plug-in gets to close, ms. */
const closeTimeoutMs = 5000;

export interface HostedPluginDeps {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly secrets: Secrets;
  readonly identities: TlsIdentities;
}

/** One plug-in in the hub: how much of it runs, and which sockets it holds. */
export class HostedPlugin {
  readonly plugin: Plugin;
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  readonly #sockets: PluginSockets;
  readonly #closing = new AbortController();
  /** Promises of the plug-in that have not settled, given up or not. */
  #running = 0;

  constructor(plugin: Plugin, deps: HostedPluginDeps) {
    this.plugin = plugin;
    this.#clock = deps.clock;
    this.#secrets = deps.secrets;
    this.#sockets = new PluginSockets(deps);
  }

  /** True when as many calls run as may. */
  get full(): boolean {
    return this.#running >= pluginCallsMax;
  }

  /** Runs code of the plug-in, guarded (guarded.ts). */
  run<T>(
    options: Pick<GuardedOptions, 'deadlineMs' | 'caller'>,
    code: (within: Within) => Promise<T>,
  ): Promise<GuardedEnd<T>> {
    return guarded({ ...options, clock: this.#clock, closing: this.#closing.signal }, async (within) => {
      this.#running += 1;
      try {
        return await code(within);
      } finally {
        this.#running -= 1;
      }
    });
  }

  /** What the plug-in is told about an interface, and may ask of the hub. */
  contactOf(endpoint: Endpoint, within: Within): PluginContact {
    return {
      systemId: endpoint.systemId,
      uri: endpoint.uri,
      settings: endpoint.settings,
      ...within,
      connect: (target) => this.#sockets.connect(target, within),
      secret: (ref) => this.#secrets.read(ref),
    };
  }

  /** Ends what runs, lets the plug-in close, and destroys the sockets that are left. */
  async close(): Promise<void> {
    this.#closing.abort();
    const deadlineMs = this.#clock.now() + closeTimeoutMs;
    // A plug-in that cannot close is left behind: the hub goes down anyway.
    await guarded({ clock: this.#clock, deadlineMs }, async () => this.plugin.close?.());
    this.#sockets.destroy();
  }
}
