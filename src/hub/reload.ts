import { messageOf } from '../base/error.ts';
import type { Logger } from '../telemetry/log.ts';
import { configChanges, needsRestart } from './config-change.ts';
import type { Config } from './config-schema.ts';
import { ConfigError } from './config.ts';

/** Something that takes new settings while the hub runs. */
export interface Reloadable {
  /**
   * Finds out whether it could work with these settings, without changing anything. Rejects with what is wrong;
   * resolves to what puts them in force, which should not fail.
   */
  prepare(config: Config): Promise<() => Promise<void> | void>;
}

export interface ReloaderOptions {
  /** The settings in force at start. */
  readonly config: Config;
  /** Reads the settings anew, and checks them. Throws ConfigError. */
  readonly load: () => Config;
  readonly logger: Logger;
}

/**
 * Puts changed settings in force without a restart: all of them or, when any is wrong, none. Reloads run one after the
 * other; those that are asked for while another runs are one, which follows it.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #parts: Reloadable[] = [];
  #current: Config;
  #preparing: Config | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#current = options.config;
  }

  /** The settings in force. */
  get current(): Config {
    return this.#current;
  }

  /**
   * The settings that are being put in force, while they are, else those in force: what one part's settings are checked
   * against when they need another part's.
   */
  get considered(): Config {
    return this.#preparing ?? this.#current;
  }

  /** Lets a part take new settings. Parts are prepared and changed in the order in which they were added. */
  add(part: Reloadable): void {
    this.#parts.push(part);
  }

  /** Adds a part that takes any valid settings. */
  onChange(apply: (config: Config) => void): void {
    this.add({ prepare: (config) => Promise.resolve(() => apply(config)) });
  }

  /** Reads the settings and puts them in force. `why` is for the log. Never rejects: what is wrong is logged. */
  reload(why: string): Promise<void> {
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#reload(why);
    });
    this.#running = this.#waiting;
    return this.#waiting;
  }

  async #reload(why: string): Promise<void> {
    const { load, logger } = this.#options;
    try {
      const config = load();
      const changes = configChanges(this.#current, config);
      const fixed = changes.filter(needsRestart);
      if (fixed.length > 0) {
        throw new ConfigError(
          fixed.map(
            ({ path, from, to }) =>
              `${path}: found ${shown(to)}, but it is ${shown(from)} until a restart; restart the hub, or set it back`,
          ),
        );
      }
      this.#preparing = config;
      const applies = [];
      for (const part of this.#parts) applies.push(await part.prepare(config));
      for (const apply of applies) await apply();
      this.#current = config;
      logger.info('configuration reloaded', {
        why,
        changed: changes.map(({ path, from, to }) => `${path}: ${shown(from)} -> ${shown(to)}`),
      });
    } catch (error) {
      logger.error('configuration not reloaded; the hub goes on with what it had', {
        why,
        problems: error instanceof ConfigError ? error.violations : [messageOf(error)],
      });
    } finally {
      this.#preparing = undefined;
    }
  }
}

/** A value for one line of the log. Settings hold no secrets, only references to them. */
function shown(value: unknown): string {
  const text = value === undefined ? 'unset' : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
