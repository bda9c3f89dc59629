import { HubError, messageOf } from '../base/error.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { ConfigError, configFile, type ConfigFlags, loadConfig, type LoadedConfig } from './config.ts';
import { type Hub, startHub } from './hub.ts';

/** Exit codes of `switchyard serve`. */
const exits = { ok: 0, failed: 1, badSettings: 2 } as const;

/**
 * Runs a hub until SIGTERM or SIGINT, then drains it: readiness fails first, calls in flight finish. A second signal
 * ends it at once. Resolves to the exit code: 0 after a drain, 1 when the hub could not start, 2 for bad settings.
 */
export async function serve(flags: ConfigFlags): Promise<number> {
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(flags, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return exits.badSettings;
  }
  const { config, unknownVariables } = loaded;
  const logger = createLogger({ level: config.log.level });
  for (const name of unknownVariables) logger.warn('environment variable is no setting of the hub', { name });

  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(exits.failed);
    logger.info('shutting down', { signal });
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  logCrashes(logger);
  let hub: Hub | undefined;
  let hangUps = 0;
  // From the start on: without a listener the signal ends the process.
  process.on('SIGHUP', () => {
    hangUps += 1;
    void hub?.reload('SIGHUP');
  });

  try {
    hub = await startHub({
      config,
      load: () => loadConfig(flags, process.env).config,
      configFile: configFile(flags, process.env),
      environment: process.env,
      logger,
    });
  } catch (error) {
    // What the person at the terminal can mend needs no stack; anything else is a defect and does.
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      return exits.badSettings;
    }
    if (!(error instanceof HubError)) logger.error('the hub could not start', { stack: stackOf(error) });
    process.stderr.write(`switchyard: ${messageOf(error)}\n`);
    return exits.failed;
  }
  // What it would have read is older than the signal.
  if (hangUps > 0) void hub.reload('SIGHUP');
  process.stdout.write(`switchyard listening on ${hub.url}\n`);
  if (!stop.signal.aborted) {
    await new Promise<void>((resolve) =>
      stop.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }
  await hub.close();
  return exits.ok;
}

/** A defect must not leave half a hub running: it is logged, and the process ends. What was acknowledged is durable. */
function logCrashes(logger: Logger): void {
  const crash = (error: unknown): void => {
    logger.error('the hub has a defect and ends', { stack: stackOf(error) });
    process.exit(exits.failed);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
