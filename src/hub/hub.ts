import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { ClosingStack } from './closing-stack.ts';
import { type Config, listenAddress } from './config-schema.ts';
import { policyFromSettings } from './policy-settings.ts';
import { readVersion } from './version.ts';
import type { HubBase } from './hub-base.ts';
import { openTransports } from './open-transports.ts';
import { openRegistryAndHealth } from './open-registry.ts';
import { openBreakers } from './open-breakers.ts';
import { openEdge } from './open-edge.ts';

/** A hub that takes calls. */
export interface Hub {
  /** Where it listens: `http://HOST:PORT`. */
  readonly url: string;
  /** Drains it: readiness fails, calls in flight finish within the drain timeout, everything is closed. */
  close(): Promise<void>;
}

/** Opens everything in order, lowest first; when one thing fails, what was opened before is closed again. */
export async function startHub(config: Config, logger: Logger): Promise<Hub> {
  const opened = new ClosingStack();
  const policies = config.policies.map(policyFromSettings);
  const close = (): Promise<void> =>
    opened.close((name, error) => logger.error('closing failed', { what: name, error: String(error) }));
  try {
    const url = await open({ config, policies, logger, opened, clock: systemClock, random: systemRandom });
    logger.info('listening', { url, data_dir: config.data_dir, version: readVersion() });
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(base: HubBase): Promise<string> {
  const { config, opened, clock } = base;
  const metrics = createMetrics();
  const store = await openSqliteStore({ dataDir: config.data_dir, clock });
  opened.defer('store', () => store.close());
  const transports = openTransports(base);
  const { catalog, monitor } = await openRegistryAndHealth(base, store, transports);
  const breakers = await openBreakers(base, store, catalog.directory);
  const edge = openEdge(base, { metrics, store, transports, catalog, monitor, breakers });

  const { host, port } = listenAddress(config.listen);
  opened.defer('edge', async () => {
    await edge.drain(config.server.drain_timeout);
  });
  const address = await edge.listen(host, port);
  edge.setReady(true);
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
