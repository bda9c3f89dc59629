import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { RootLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { policyFromSettings } from '../catalog/policy-settings.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import { catalogPorts } from './catalog-ports.ts';
import { ClosingStack } from './closing-stack.ts';
import { type Config, listenAddress } from './config-schema.ts';
import { DescriptorShelf } from './descriptor-shelf.ts';
import { readVersion } from './version.ts';
import type { HubBase } from './hub-base.ts';
import { createApplyCatalog } from '../rpc/catalog-apply.ts';
import { type CatalogFiles, openCatalogs } from './open-catalogs.ts';
import { openSecrets } from './open-secrets.ts';
import { openTransports } from './open-transports.ts';
import { watchFiles } from './file-watch.ts';
import { Reloader } from './reload.ts';
import { openRegistryAndHealth } from './open-registry.ts';
import { openDelivery } from './open-delivery.ts';
import { openEdge } from './open-edge.ts';
import { openPutPolicies } from './open-put-policies.ts';
import { openSecurity, type Security } from './open-security.ts';

/** A hub that takes calls. */
export interface Hub {
  /** Where it listens: `http://HOST:PORT`, `https://` with TLS. */
  readonly url: string;
  /**
   * Reads settings, catalogs and certificates anew and puts them in force, all of the settings or none; what is wrong
   * is logged, and the hub goes on with what it had. `why` is for the log.
   */
  reload(why: string): Promise<void>;
  /** Drains it: readiness fails, calls in flight finish within the drain timeout, everything is closed. */
  close(): Promise<void>;
}

export interface HubOptions {
  readonly config: Config;
  /** Reads the settings anew, for reloads. Throws ConfigError. */
  readonly load: () => Config;
  /** The file that the settings came from; undefined: none. */
  readonly configFile: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: RootLogger;
}

/** Opens everything in order, lowest first; when one thing fails, what was opened before is closed again. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const { config, configFile, environment, load, logger } = options;
  const opened = new ClosingStack();
  const reloader = new Reloader({ config, load, logger });
  reloader.onChange(({ log }) => logger.setLevel(log.level));
  const policies = new PolicyBook(config.policies.map(policyFromSettings));
  reloader.onChange((changed) => policies.setConfiguration(changed.policies.map(policyFromSettings)));
  const close = (): Promise<void> =>
    opened.close((name, error) => logger.error('closing failed', { what: name, error: String(error) }));
  try {
    const { url, security, catalogs } = await open({
      config,
      reloader,
      environment,
      policies,
      logger,
      opened,
      clock: systemClock,
      random: systemRandom,
    });
    const watching = await watchFiles({
      clock: systemClock,
      files: () => [...(configFile === undefined ? [] : [configFile]), ...catalogs.files()],
      onChange: () => reloader.reload('file changed'),
    });
    opened.defer('file watch', watching);
    logger.info('listening', { url, data_dir: config.data_dir, version: readVersion() });
    return {
      url,
      reload: async (why) => {
        await reloader.reload(why);
        await security.tls?.watch.reload();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(base: HubBase): Promise<{
  readonly url: string;
  readonly security: Security;
  readonly catalogs: CatalogFiles;
}> {
  const { config, opened, clock } = base;
  const metrics = createMetrics();
  const store = await openSqliteStore({ dataDir: config.data_dir, clock });
  opened.defer('store', () => store.close());
  const security = await openSecurity(base, store);
  const secrets = openSecrets(base);
  const descriptorSets = new DescriptorShelf();
  const transports = await openTransports(base, { secrets, descriptorSets });
  const { registry, monitor } = await openRegistryAndHealth(base, store, { transports, descriptorSets });
  const { directory } = registry;
  const putPolicies = await openPutPolicies(base, { store, directory });
  const delivery = await openDelivery(base, { store, directory, monitor, transports, metrics });
  const ports = catalogPorts({ registry, transports, descriptorSets });
  const catalogs = await openCatalogs(base, createApplyCatalog(ports));
  const edge = openEdge(base, {
    metrics,
    store,
    catalogs: ports,
    monitor,
    delivery,
    transports,
    security,
    putPolicies,
  });

  const { host, port } = listenAddress(config.listen);
  opened.defer('edge', async () => {
    await edge.drain(base.reloader.current.server.drain_timeout);
  });
  const address = await edge.listen(host, port);
  edge.setReady(true);
  const scheme = security.tls === undefined ? 'http' : 'https';
  const shownHost = address.host.includes(':') ? `[${address.host}]` : address.host;
  return { url: `${scheme}://${shownHost}:${address.port}`, security, catalogs };
}
